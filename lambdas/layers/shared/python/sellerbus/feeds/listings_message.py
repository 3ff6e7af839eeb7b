"""The rules of one message of a JSON_LISTINGS_FEED.

Source: Amazon's schema "Selling Partner Listings Feed (v2)". Beyond it: a SKU has at most 40 characters
(Amazon answers "Invalid 'sku' provided" to longer ones), and a field that the schema does not have is warned
of (Amazon's answer in amzn/selling-partner-api-docs, thread 2201: it is no valid property).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sellerbus.feeds.findings import ERROR, WARNING, Finding, quote

MOST_MESSAGES: Final = 25_000
LARGEST_MESSAGE_ID: Final = 2_147_483_647
LONGEST_SKU: Final = 40

OBJECT: Final = "an object"
LIST: Final = "a list"
TEXT: Final = "a text"
MOST_FAULTS: Final = 20

_REQUIREMENTS: Final = ("LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY")
_OPS: Final = ("add", "replace", "merge", "delete")
# What each operation must have, and what it must not have.
_OPERATIONS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "UPDATE": (("productType", "attributes"), ("patches",)),
    "PARTIAL_UPDATE": (("productType", "attributes"), ("requirements", "patches")),
    "PATCH": (("productType", "patches"), ("requirements", "attributes")),
    "DELETE": ((), ("requirements", "attributes", "productType", "patches")),
}
_FORMS: Final = {"productType": TEXT, "requirements": TEXT, "attributes": OBJECT, "patches": LIST}
FIELDS: Final = ("messageId", "sku", "operationType", *_FORMS)


@dataclass
class Message:
    """What is kept of a message while it is read: the kind of each field's value, and the short values.

    kinds: field -> what its value is. values: field -> its value, where it is a text or a number.
    patch_faults: (where, text) of each faulty patch, the first MOST_FAULTS.
    """

    index: int
    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    attributes: int = 0
    patches: int = 0
    patch_faults: list[tuple[str, str]] = field(default_factory=list)

    @property
    def message_id(self) -> int | None:
        """The id where it is a good one."""
        value = self.values.get("messageId")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        # 7.0 is a whole number to JSON Schema, and to Amazon's.
        return int(value) if 1 <= value <= LARGEST_MESSAGE_ID and value == int(value) else None

    @property
    def sku(self) -> str | None:
        value = self.values.get("sku")
        return value if isinstance(value, str) and value else None


def message_findings(message: Message) -> Iterator[Finding]:
    """Yield what is wrong with the message, but for ids that come twice."""
    place = f"messages[{message.index}]"
    for rule, where, text, limit, severity in _faults(message):
        yield Finding(
            rule,
            text,
            severity,
            f"{place}.{where}" if where else place,
            message.message_id,
            message.sku[: LONGEST_SKU * 2] if message.sku else None,
            limit=limit,
        )


_Fault = tuple[str, str, str, str | None, str]


def _faults(message: Message) -> Iterator[_Fault]:
    yield from _identity(message)
    operation = str(message.values.get("operationType"))
    known = ", ".join(_OPERATIONS)
    if "operationType" not in message.kinds:
        yield "operation-type", "", f"operationType is missing: give one of {known}", known, ERROR
    elif operation not in _OPERATIONS:
        text = f"operationType is {_shown(message, 'operationType')}: it must be one of {known}"
        yield "operation-type", "operationType", text, known, ERROR
    else:
        yield from _fields_of(operation, message)
    yield from _forms(message)
    for where, text in message.patch_faults:
        yield "patch", where, text, None, ERROR
    for name in message.unknown:
        yield "unknown-field", name, f"Amazon's schema has no field {quote(name)}", None, WARNING


def _identity(message: Message) -> Iterator[_Fault]:
    limit = f"1 to {LARGEST_MESSAGE_ID}"
    if "messageId" not in message.kinds:
        yield "message-id", "", "messageId is missing: number the messages from 1", limit, ERROR
    elif message.message_id is None:
        text = f"messageId is {_shown(message, 'messageId')}: it must be a whole number from {limit}"
        yield "message-id", "messageId", text, limit, ERROR
    limit = f"1 to {LONGEST_SKU} characters"
    if "sku" not in message.kinds:
        yield "sku", "", "sku is missing", limit, ERROR
    elif message.sku is None:
        yield "sku", "sku", f"sku is {_shown(message, 'sku')}: it must be a text with content", limit, ERROR
    elif len(message.sku) > LONGEST_SKU:
        text = f"the sku has {len(message.sku)} characters: Amazon takes {LONGEST_SKU} at most"
        yield "sku", "sku", text, limit, ERROR
    elif message.sku != message.sku.strip():
        yield "sku", "sku", "the sku begins or ends with a space: that makes it another sku", None, WARNING


def _fields_of(operation: str, message: Message) -> Iterator[_Fault]:
    needed, barred = _OPERATIONS[operation]
    for name in needed:
        if name not in message.kinds:
            yield "field-missing", "", f"{operation} needs {name}, which is missing", None, ERROR
    for name in barred:
        if name in message.kinds:
            text = f"{operation} takes no {name}: leave it out, or choose another operationType"
            yield "field-barred", name, text, None, ERROR


def _forms(message: Message) -> Iterator[_Fault]:
    for name, form in _FORMS.items():
        kind = message.kinds.get(name)
        if kind is not None and kind != form:
            yield "field-form", name, f"{name} is {_shown(message, name)}: it must be {form}", None, ERROR
        elif kind is not None and _is_empty(message, name):
            yield "field-form", name, f"{name} is empty", None, ERROR
    requirements = message.values.get("requirements")
    if isinstance(requirements, str) and requirements not in _REQUIREMENTS:
        known = ", ".join(_REQUIREMENTS)
        text = f"requirements is {quote(requirements)}: it must be one of {known}"
        yield "field-form", "requirements", text, known, ERROR


def _is_empty(message: Message, name: str) -> bool:
    counts = {"attributes": message.attributes, "patches": message.patches}
    return counts[name] == 0 if name in counts else message.values.get(name) == "" and name == "productType"


def patch_faults(
    number: int, kinds: Mapping[str, str], values: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield (where, text) for what is wrong with one patch."""
    place = f"patches[{number}]"
    if "op" not in kinds:
        yield place, f"a patch has no op: give one of {', '.join(_OPS)}"
    elif values.get("op") not in _OPS:
        yield (
            f"{place}.op",
            f"op is {quote(values.get('op', kinds['op']))}: it must be one of {', '.join(_OPS)}",
        )
    if "path" not in kinds:
        yield place, "a patch has no path, such as /attributes/fulfillment_availability"
    elif kinds["path"] != TEXT:
        yield f"{place}.path", f"path is {kinds['path']}: it must be a text"
    if kinds.get("value", LIST) != LIST:
        yield f"{place}.value", f"value is {kinds['value']}: it must be a list of objects"


def _shown(message: Message, name: str) -> str:
    return quote(message.values[name]) if name in message.values else message.kinds[name]
