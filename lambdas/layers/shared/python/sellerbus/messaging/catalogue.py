"""The types of messages that Amazon carries, with what each takes, and the types that it has withdrawn. Pure.

Source: Amazon's model messaging.json (Messaging API v1): the paths, the request schemas, and in their
descriptions what links may be about. There, `maxLength` and `minLength` of attachment lists stand for
maxItems and minItems. The model requires no field by name; the Messaging API's use case guide calls the text
required where a type has one. What an order's own action list says goes before this table: see actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TextRule:
    """How long a text may be, in characters (code points). maximum None: nothing tells. required: the type
    can't be sent without. description: Amazon's own words, "" where there are none.
    """

    minimum: int
    maximum: int | None
    required: bool
    description: str = ""


@dataclass(frozen=True)
class AttachmentRule:
    """How many attachments are taken. maximum None: nothing tells. required: the request's body must have
    the list, which may be empty where minimum is 0. description: as in TextRule.
    """

    minimum: int
    maximum: int | None
    required: bool
    description: str = ""


@dataclass(frozen=True)
class MessageType:
    """One type. name: the last segment of its operation's path. aliases: the operation's id and the names
    by which action lists know it. text, attachments: None where the type takes none. coverage: whether it
    takes the two dates of a warranty. links: what links in its text may be about, "" where it has no text.
    """

    name: str
    operation: str
    title: str
    aliases: tuple[str, ...] = ()
    text: TextRule | None = None
    attachments: AttachmentRule | None = None
    coverage: bool = False
    links: str = ""


@dataclass(frozen=True)
class WithdrawnType:
    """A type that action lists still offer, and that no operation sends any more. reason: in words."""

    name: str
    aliases: tuple[str, ...]
    reason: str


class UnknownMessageTypeError(ValueError):
    """No type has the name. The text says which there are."""


class WithdrawnMessageTypeError(ValueError):
    """Amazon has withdrawn the type; the text says so."""

    def __init__(self, withdrawn: WithdrawnType) -> None:
        super().__init__(withdrawn.reason)
        self.withdrawn = withdrawn


def _text(maximum: int) -> TextRule:
    return TextRule(minimum=1, maximum=maximum, required=True)


def _attachments(minimum: int) -> AttachmentRule:
    return AttachmentRule(minimum=minimum, maximum=5, required=minimum > 0)


_TYPES: Final = (
    MessageType(
        "confirmCustomizationDetails",
        "confirmCustomizationDetails",
        "Confirm customization details",
        text=_text(800),
        attachments=_attachments(0),
        links="customization details",
    ),
    MessageType(
        "confirmDeliveryDetails",
        "createConfirmDeliveryDetails",
        "Confirm delivery details",
        text=_text(2000),
        links="order delivery",
    ),
    MessageType(
        "legalDisclosure", "createLegalDisclosure", "Send legal disclosure", attachments=_attachments(0)
    ),
    MessageType(
        "confirmOrderDetails",
        "createConfirmOrderDetails",
        "Confirm order details",
        text=_text(2000),
        links="order completion",
    ),
    MessageType(
        "confirmServiceDetails",
        "createConfirmServiceDetails",
        "Contact Home Service customer",
        text=_text(2000),
        links="Home Service calls",
    ),
    MessageType(
        "warranty", "CreateWarranty", "Send warranty information", attachments=_attachments(1), coverage=True
    ),
    MessageType(
        "digitalAccessKey",
        "createDigitalAccessKey",
        "Send digital access key",
        text=_text(400),
        attachments=_attachments(0),
        links="the digital access key",
    ),
    MessageType(
        "unexpectedProblem",
        "createUnexpectedProblem",
        "Notify of a problem with shipping your order",
        text=_text(2000),
        links="the unexpected problem",
    ),
    MessageType("invoice", "sendInvoice", "Send invoice", attachments=_attachments(1)),
)

MESSAGE_TYPES: Final[Mapping[str, MessageType]] = {row.name: row for row in _TYPES}

_WITHDRAWN: Final = (
    WithdrawnType(
        "negativeFeedbackRemoval",
        ("createNegativeFeedbackRemoval", "updateFeedback"),
        "Amazon has withdrawn the request to change negative feedback from the Messaging API, although "
        "orders still list it: no operation sends it any more. Seller Central's feedback manager is where "
        "feedback can be dealt with.",
    ),
    WithdrawnType(
        "amazonMotors",
        ("CreateAmazonMotors",),
        "Amazon has withdrawn the messages of Amazon Motors from the Messaging API, although orders still "
        "list them: no operation sends them any more. Contact the buyer through Seller Central.",
    ),
)

WITHDRAWN: Final[Mapping[str, WithdrawnType]] = {row.name: row for row in _WITHDRAWN}

_BY_NAME: Final[Mapping[str, MessageType | WithdrawnType]] = {
    name.lower(): row
    for row in _TYPES
    for name in (row.name, row.operation, f"create{row.name}", f"send{row.name}", *row.aliases)
} | {name.lower(): row for row in _WITHDRAWN for name in (row.name, *row.aliases)}


def known_type(name: str) -> MessageType | WithdrawnType | None:
    """Return the type with this name, operation id or name in action lists, in any letter case; or None."""
    return _BY_NAME.get(name.strip().lower())


def message_type(name: str) -> MessageType:
    """Return the type with this name, operation id or name in action lists, in any letter case.

    Raises WithdrawnMessageTypeError and UnknownMessageTypeError.
    """
    found = known_type(name)
    if isinstance(found, MessageType):
        return found
    if found is not None:
        raise WithdrawnMessageTypeError(found)
    raise UnknownMessageTypeError(f"{name[:80]!r} is no message type: there are {', '.join(MESSAGE_TYPES)}")
