"""Amazon's notification envelope, in both of its casings and both of its wrappings, as one model.

Older notification types come in PascalCase (`NotificationType`, `Payload`), newer ones in camelCase
(`notificationType`, `payload`), and types of the EventBridge workflow as the `detail` of an event. Everything
after this module knows only `Envelope`, and nothing of the event: EventBridge may deliver one event twice,
and two events may carry one notification. What identifies and what is compared is the detail.

Source: SP-API Notifications, "Notification structure" and "Set up notifications using the Amazon EventBridge
workflow"; Amazon's schemas of the notification types.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from sellerbus.notifications.origin import Origin, origin_of
from sellerbus.notifications.partner_event import is_partner_event, notification_text

LONGEST_NOTIFICATION_ID: Final = 256
DEEPEST_NESTING: Final = 500
"""Levels that a body may nest. EventBridge takes about a thousand; Amazon's notifications nest under 15."""

_LONGEST_TEXT: Final = 256
_SMALLEST_INTEGER: Final = -(2**63)
_LARGEST_INTEGER: Final = 2**63 - 1
_LONGEST_INTEGER: Final = 20
# Up to 15 digits and two of exponent any number is exact. Looking is much cheaper than reading each number.
_DOUBTFUL_NUMBER: Final = re.compile(r"[\d.]{16}|\d[eE][+-]?\d{3}")
_TYPE_PATTERN: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class InvalidNotificationError(Exception):
    """A message body that is no notification, and never will be one however often it is retried.

    `reason` is a stable code for machines, `detail` a sentence for the operator. Neither holds any of
    the body's content: it may be a buyer's data.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Envelope:
    """One notification as Amazon sent it. Times are Amazon's own ISO 8601 strings, unchanged.

    `notification_id_is_derived` says that Amazon gave no usable notificationId, and that the id is a
    digest of `notification_text`: equal texts are then copies of one another.
    `content_hash` (hex SHA-256) covers type, version, event time and payload, not the metadata and not
    the spelling of the JSON: copies of one notification share it.
    `numbers_are_exact` is False where the body holds a number that Python or EventBridge would alter: an
    integer beyond 64 bits, or a fraction that no double stands for. It is then kept in `payload` as the text
    that Amazon wrote.
    `origin` says whose notification it is.
    """

    notification_id: str
    notification_id_is_derived: bool
    notification_type: str
    payload_version: str | None
    event_time: str | None
    publish_time: str | None
    payload: Any
    content_hash: str
    numbers_are_exact: bool
    origin: Origin


def parse_envelope(body: str) -> Envelope:
    """Read an SQS message body: a notification, or an event of Amazon's that has one as its detail.

    Unknown types, versions and fields pass. Raises InvalidNotificationError with reason `not-json`,
    `nested-too-deeply`, `not-an-object`, `missing-detail`, `detail-type-differs`,
    `missing-notification-type`, `invalid-notification-type` or `missing-payload`.
    """
    document, numbers_are_exact = _load(body)
    if not isinstance(document, dict):
        raise InvalidNotificationError(
            "not-an-object", f"the body is JSON, but {_json_kind(document)} where an object is expected"
        )
    if is_partner_event(document):
        document = _detail_of(document)
    notification_type = _field(document, "notificationType")
    if notification_type is None:
        raise InvalidNotificationError(
            "missing-notification-type", "the envelope has neither NotificationType nor notificationType"
        )
    if not isinstance(notification_type, str) or not _TYPE_PATTERN.fullmatch(notification_type):
        raise InvalidNotificationError(
            "invalid-notification-type",
            "notificationType must be 1 to 128 letters, digits or any of _ . : -",
        )
    payload = _field(document, "payload")
    if payload is None:
        raise InvalidNotificationError("missing-payload", "the envelope has neither Payload nor payload")

    metadata = _field(document, "notificationMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    notification_id = usable_identifier(_field(metadata, "notificationId"), LONGEST_NOTIFICATION_ID)
    payload_version = _text(document, "payloadVersion")
    event_time = _text(document, "eventTime")
    return Envelope(
        notification_id=notification_id or f"sha256-{_digest(notification_text(body))}",
        notification_id_is_derived=notification_id is None,
        notification_type=notification_type,
        payload_version=payload_version,
        event_time=event_time,
        publish_time=_text(metadata, "publishTime"),
        payload=payload,
        content_hash=_digest(
            json.dumps([notification_type, payload_version, event_time, payload], sort_keys=True)
        ),
        numbers_are_exact=numbers_are_exact,
        origin=origin_of(_field(metadata, "applicationId"), _field(metadata, "subscriptionId")),
    )


def _detail_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = event.get("detail")
    if not isinstance(detail, dict):
        found = f"is {_json_kind(detail)}" if "detail" in event else "is missing"
        raise InvalidNotificationError(
            "missing-detail", f"the body is an event of Amazon's whose detail, the notification, {found}"
        )
    announced, own = event.get("detail-type"), _field(detail, "notificationType")
    if announced is not None and own is not None and announced != own:
        raise InvalidNotificationError(
            "detail-type-differs",
            "the event's detail-type is not the notificationType of the notification in its detail",
        )
    return detail


def usable_identifier(value: object, longest: int) -> str | None:
    """`value` where it can serve as a key: printable ASCII of 1 to `longest` characters; else None."""
    if isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable():
        return value
    return None


def _load(body: str) -> tuple[Any, bool]:
    """The JSON document, and whether all its numbers are what Amazon wrote."""
    numbers = _Numbers()
    try:
        document = (
            json.loads(
                body,
                parse_constant=_refuse_constant,
                parse_int=numbers.integer,
                parse_float=numbers.fraction,
            )
            if _DOUBTFUL_NUMBER.search(body)
            else json.loads(body, parse_constant=_refuse_constant)
        )
    except RecursionError:
        raise _nested_too_deeply() from None
    except ValueError as error:
        position = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidNotificationError(
            "not-json", f"the body of {len(body)} characters is not JSON{position}"
        ) from None
    # Counting is cheap and settles nearly every body; only a suspicious one is walked.
    if body.count("[") + body.count("{") > DEEPEST_NESTING and _depth(document) > DEEPEST_NESTING:
        raise _nested_too_deeply()
    return document, numbers.are_exact


class _Numbers:
    """Reads numbers one by one, and keeps as text what would not come out as it went in."""

    def __init__(self) -> None:
        self.are_exact = True

    def integer(self, text: str) -> int | str:
        if len(text) <= _LONGEST_INTEGER and _SMALLEST_INTEGER <= int(text) <= _LARGEST_INTEGER:
            return int(text)
        self.are_exact = False
        return text

    def fraction(self, text: str) -> float | str:
        value = float(text)
        try:
            if math.isfinite(value) and Decimal(repr(value)) == Decimal(text):
                return value
        except InvalidOperation:
            # An exponent beyond what Decimal reads is beyond a double as well.
            pass
        self.are_exact = False
        return text


def _nested_too_deeply() -> InvalidNotificationError:
    return InvalidNotificationError("nested-too-deeply", f"the body nests more than {DEEPEST_NESTING} levels")


def _depth(document: Any) -> int:
    deepest = 0
    remaining = [(document, 1)]
    while remaining:
        value, level = remaining.pop()
        if isinstance(value, dict | list):
            deepest = max(deepest, level)
            remaining.extend((v, level + 1) for v in (value.values() if isinstance(value, dict) else value))
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _json_kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case _:
            return "an array"


def _field(mapping: Mapping[str, Any], camel_name: str) -> Any:
    """A field by its camelCase name, whichever of the two casings the envelope uses."""
    value = mapping.get(camel_name)
    return value if value is not None else mapping.get(camel_name[0].upper() + camel_name[1:])


def _text(mapping: Mapping[str, Any], camel_name: str) -> str | None:
    return usable_identifier(_field(mapping, camel_name), _LONGEST_TEXT)


def _digest(text: str) -> str:
    # surrogatepass: a JSON string may escape half of a surrogate pair, and is still to be told apart.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
