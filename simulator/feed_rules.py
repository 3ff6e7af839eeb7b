"""What a request to the Feeds API must look like. Pure: no state, no I/O.

Each function takes what a client sent and returns it typed, or raises ApiError 400 whose details name the
field. Source: the models feeds_2021-06-30.json and feeds_2020-09-04.json, which agree in this. The texts are
ours; that feedTypes of getFeeds must be known, and times must name their offset, is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.errors import invalid
from simulator.fates import Status
from simulator.feed_types import FEED_TYPES, FeedType
from simulator.regions import MARKETPLACES

MAXIMUM_MARKETPLACES = 25
MAXIMUM_FILTERS = 10
PAGE_SIZE_RANGE = (1, 100)
USUAL_PAGE_SIZE = 10

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+\s*(;.*)?", re.ASCII)
_FILTERS = (
    "feedTypes",
    "marketplaceIds",
    "pageSize",
    "processingStatuses",
    "createdSince",
    "createdUntil",
)


@dataclass(frozen=True)
class FeedRequest:
    feed_type: FeedType
    marketplace_ids: tuple[str, ...]
    input_document_id: str
    options: dict[str, str]


@dataclass(frozen=True)
class FeedFilter:
    """What getFeeds asks for; empty means everything. Times are seconds since the epoch, both inclusive."""

    feed_types: tuple[str, ...]
    marketplace_ids: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    created_since: float | None = None
    created_until: float | None = None
    page_size: int = USUAL_PAGE_SIZE


def content_type(body: object) -> str:
    """The contentType of createFeedDocument."""
    value = _text(_object(body), "contentType")
    if not _MEDIA_TYPE.fullmatch(value):
        raise invalid(f"contentType {value} is no media type")
    return value


def feed_request(body: object, region: str) -> FeedRequest:
    """The body of createFeed."""
    fields = _object(body)
    name = _text(fields, "feedType")
    if name not in FEED_TYPES:
        raise invalid(f"Invalid feedType {name}")
    return FeedRequest(
        FEED_TYPES[name],
        _marketplaces(fields.get("marketplaceIds"), region),
        _text(fields, "inputFeedDocumentId"),
        _options(fields.get("feedOptions")),
    )


def _marketplaces(value: object, region: str) -> tuple[str, ...]:
    if value is None:
        raise invalid("marketplaceIds is required")
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid("marketplaceIds must be a list of strings")
    if not 1 <= len(value) <= MAXIMUM_MARKETPLACES:
        raise invalid(f"marketplaceIds must have from 1 to {MAXIMUM_MARKETPLACES} items")
    for marketplace_id in value:
        if marketplace_id not in MARKETPLACES[region]:
            raise invalid(f"marketplaceIds: {marketplace_id} is not a marketplace of this endpoint")
    return tuple(value)


def _options(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(held, str) for held in value.values()):
        raise invalid("feedOptions must be an object of strings")
    return value


def listing_request(query: Sequence[tuple[str, str]]) -> FeedFilter | str:
    """The query of getFeeds: filters with feedTypes, or the nextToken, which stands alone."""
    values = {name: [value for key, value in query if key == name] for name, _ in query}
    if "nextToken" in values:
        if any(name in values for name in _FILTERS):
            raise invalid("nextToken must be the only parameter")
        return values["nextToken"][-1]
    feed_types = _list(values.get("feedTypes"), "feedTypes", MAXIMUM_FILTERS)
    if not feed_types:
        raise invalid("Either feedTypes or nextToken is required")
    for name in feed_types:
        if name not in FEED_TYPES:
            raise invalid(f"Invalid feedType {name}")
    statuses = _list(values.get("processingStatuses"), "processingStatuses", len(Status))
    for status in statuses:
        if status not in Status.__members__:
            raise invalid(f"processingStatuses must be of {', '.join(sorted(Status.__members__))}")
    return FeedFilter(
        feed_types,
        _list(values.get("marketplaceIds"), "marketplaceIds", MAXIMUM_FILTERS),
        statuses,
        _time(values.get("createdSince"), "createdSince"),
        _time(values.get("createdUntil"), "createdUntil"),
        _page_size(values.get("pageSize")),
    )


def content_encoding_wanted(query: Sequence[tuple[str, str]]) -> bool:
    """enableContentEncodingUrlHeader of getFeedDocument."""
    value = dict(query).get("enableContentEncodingUrlHeader", "false")
    if value not in ("true", "false"):
        raise invalid("enableContentEncodingUrlHeader must be true or false")
    return value == "true"


def _list(values: list[str] | None, name: str, maximum: int) -> tuple[str, ...]:
    if values is None:
        return ()
    parts = tuple(part for value in values for part in value.split(","))
    if not all(parts) or len(parts) > maximum:
        raise invalid(f"{name} must have from 1 to {maximum} items, separated by commas")
    return parts


def _time(values: list[str] | None, name: str) -> float | None:
    if values is None:
        return None
    try:
        time = datetime.fromisoformat(values[-1])
    except ValueError as error:
        raise invalid(f"{name} must be a date and time in ISO 8601 format") from error
    if time.tzinfo is None:
        raise invalid(f"{name} must name its offset from UTC")
    return time.timestamp()


def _page_size(values: list[str] | None) -> int:
    if values is None:
        return USUAL_PAGE_SIZE
    smallest, largest = PAGE_SIZE_RANGE
    if not re.fullmatch(r"[0-9]{1,3}", values[-1]) or not smallest <= int(values[-1]) <= largest:
        raise invalid(f"pageSize must be an integer from {smallest} to {largest}")
    return int(values[-1])


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("body must be an object")
    return value


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None or value == "":
        raise invalid(f"{name} is required")
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    return value
