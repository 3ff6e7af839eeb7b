"""The actions of messages to buyers: what each carries, and how Amazon's list words it.

Source: the model messaging.json (limits, and what each is for) and answers of getMessagingActionsForOrder
that Amazon gave (the guide's and that of its samples), whose titles and descriptions those named here have;
those of confirmDeliveryDetails, legalDisclosure, confirmServiceDetails, warranty and digitalAccessKey, which
no published answer shows, are worded after the model. The list calls an action by its template, sendInvoice;
the operation's path ends with the message type, invoice. Two templates have no operation: updateFeedback and
the negativeFeedbackRemoval before it. Amazon has withdrawn the operations, and amazonMotors with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAXIMUM_ATTACHMENTS: Final = 5


@dataclass(frozen=True)
class MessageType:
    """`action` is the name in Amazon's list, `segment` the end of the operation's path, None without one.

    `text` is the longest text in characters, None where none is taken; `attachments` are the smallest and the
    largest number. `once` is what the list says may be sent once only; `links` are those the text may have.
    """

    action: str
    segment: str | None
    title: str
    description: str
    text: int | None = None
    attachments: tuple[int, int] | None = None
    coverage: bool = False
    once: bool = False
    hidden: bool = False
    links: str = "order completion"


_ANY = (0, MAXIMUM_ATTACHMENTS)
_SOME = (1, MAXIMUM_ATTACHMENTS)
_ONCE = "You may only send this once per order."

MESSAGE_TYPES: Final = {
    kind.action: kind
    for kind in (
        MessageType(
            "confirmCustomizationDetails",
            "confirmCustomizationDetails",
            "Confirm customization details",
            "Ask your customer to provide details or verify the customization input provided (name spelling, "
            "imagery, initials).",
            text=800,
            attachments=_ANY,
        ),
        MessageType(
            "confirmDeliveryDetails",
            "confirmDeliveryDetails",
            "Confirm delivery details",
            "Ask your customer to arrange a delivery or to confirm contact information for a delivery.",
            text=2000,
            links="order delivery",
        ),
        MessageType(
            "legalDisclosure",
            "legalDisclosure",
            "Send a legal disclosure",
            "Send your customer documents that you are legally obligated to provide.",
            attachments=_ANY,
        ),
        MessageType(
            "confirmOrderDetails",
            "confirmOrderDetails",
            "Confirm order details",
            "Ask your customer a specific order-related question prior to shipping their order.",
            text=2000,
        ),
        MessageType(
            "confirmServiceDetails",
            "confirmServiceDetails",
            "Contact your Home Services customer",
            "Contact your customer to arrange a service call or to gather information before one.",
            text=2000,
            links="Home Service calls",
        ),
        MessageType(
            "warranty",
            "warranty",
            "Send warranty information",
            "Send your customer warranty information about a purchase in their order.",
            attachments=_SOME,
            coverage=True,
        ),
        MessageType(
            "digitalAccessKey",
            "digitalAccessKey",
            "Send a digital access key",
            "Send your customer the digital access key that the digital content of their order needs.",
            text=400,
            attachments=_ANY,
            links="the digital access key",
        ),
        MessageType(
            "unexpectedProblem",
            "unexpectedProblem",
            "Notify of a problem with shipping your order",
            "Notify your customer there was an unexpected problem with shipping their order.",
            text=2000,
        ),
        MessageType(
            "sendInvoice",
            "invoice",
            "Send Invoice Message Template",
            "Send the customer an invoice for the order.",
            attachments=_SOME,
        ),
        MessageType(
            "updateFeedback",
            None,
            "Request to update negative feedback",
            f"Ask your customer to consider updating their seller feedback rating. {_ONCE}",
            once=True,
            hidden=True,
        ),
        MessageType(
            "negativeFeedbackRemoval",
            None,
            "Request to update negative feedback",
            f"Ask your customer to consider updating their seller feedback rating. {_ONCE}",
            once=True,
            hidden=True,
        ),
        MessageType(
            "amazonMotors",
            None,
            "Confirm a vehicle",
            "Ask your customer of Amazon Motors to confirm the vehicle that a part is for.",
            attachments=_SOME,
        ),
    )
}
# What a message type is sent to, by the end of the operation's path.
BY_SEGMENT: Final = {kind.segment: kind for kind in MESSAGE_TYPES.values() if kind.segment}


def described(kind: MessageType, *, once: bool) -> str:
    """Its description, with Amazon's sentence where it may be sent once only."""
    return kind.description if not once or kind.once else f"{kind.description} {_ONCE}"


def unknown_type(action: str) -> MessageType:
    """An action that Amazon lists and of which nobody knows more."""
    return MessageType(action, None, action, "")
