"""What a request to the Messaging API must look like. Pure: no state, no I/O.

Source: the definitions of the model messaging.json, whose maxLength and minLength of arrays are maxItems and
minItems. Fields that the model does not know are ignored. That an empty text, a date without an offset and a
coverage that ends before it begins are refused is assumed; the texts are ours, but for marketplaceIds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.errors import ApiError, invalid
from simulator.message_types import MessageType
from simulator.regions import MARKETPLACES

_ORDER_ID = re.compile(r"[0-9D]\d{2}-\d{7}-\d{7}")


@dataclass(frozen=True)
class Content:
    """`attachments` are (uploadDestinationId, fileName)."""

    text: str | None = None
    attachments: tuple[tuple[str, str], ...] = ()
    coverage: tuple[str | None, str | None] = (None, None)


def marketplace(query: Sequence[tuple[str, str]], region: str) -> str:
    """marketplaceIds, which takes exactly one today; the refusal's text is Amazon's."""
    given = [part for name, value in query if name == "marketplaceIds" for part in value.split(",")]
    if len(given) != 1 or given[0] not in MARKETPLACES[region]:
        raise ApiError(400, "InvalidInput", "marketplaceIds: Missing or invalid request parameter")
    return given[0]


def order_id(given: str) -> str:
    if not _ORDER_ID.fullmatch(given):
        raise invalid(f"amazonOrderId {given} is not in 3-7-7 format")
    return given


def content(body: object, kind: MessageType) -> Content:
    """The body of the operation that sends messages of a type."""
    if not isinstance(body, dict):
        raise invalid("body must be an object")
    return Content(
        _text(body, kind.text) if kind.text else None,
        _attachments(body.get("attachments"), *kind.attachments) if kind.attachments else (),
        _coverage(body) if kind.coverage else (None, None),
    )


def _text(body: Mapping[str, Any], longest: int) -> str:
    value = body.get("text")
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise invalid(f"text must be a string of 1 to {longest} characters")
    return value


def _attachments(value: object, fewest: int, most: int) -> tuple[tuple[str, str], ...]:
    items = [] if value is None else value
    if not isinstance(items, list) or not fewest <= len(items) <= most:
        raise invalid(f"attachments must be a list of {fewest} to {most} items")
    return tuple(_attachment(item, number) for number, item in enumerate(items))


def _attachment(item: object, number: int) -> tuple[str, str]:
    if not isinstance(item, dict):
        raise invalid(f"attachments[{number}] must be an object")
    destination_id, file_name = item.get("uploadDestinationId"), item.get("fileName")
    for name, value in (("uploadDestinationId", destination_id), ("fileName", file_name)):
        if not isinstance(value, str) or not value:
            raise invalid(f"attachments[{number}].{name} is required")
    return str(destination_id), str(file_name)


def _coverage(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    start, end = (_time(body, name) for name in ("coverageStartDate", "coverageEndDate"))
    if start and end and datetime.fromisoformat(end) < datetime.fromisoformat(start):
        raise invalid("coverageEndDate must not be before coverageStartDate")
    return start, end


def _time(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise invalid(f"{name} must be a date-time") from error
    if time.tzinfo is None:
        raise invalid(f"{name} must name its offset from UTC")
    return str(value)
