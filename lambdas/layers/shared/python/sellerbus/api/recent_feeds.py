"""A seller's feeds created since a time, of several types at once, with when they ended.

Source: Amazon's models feeds_2021-06-30.json and feeds_2020-09-04.json, getFeeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api import operations
from sellerbus.api.answers import Answer
from sellerbus.api.caller import malformed
from sellerbus.api.feed_status import ENDS
from sellerbus.api.feeds import V2020
from sellerbus.api.operation import Operation, Query

MOST_TYPES: Final = 10
"""So many feed types a call."""
_PAGE_SIZE: Final = "100"


class Caller(Protocol):
    def call(self, operation: Operation, query: Query) -> Answer: ...


@dataclass(frozen=True)
class RecentFeed:
    """Times are ISO 8601 as Amazon wrote them; ended_at is that of creation where Amazon tells none."""

    feed_id: str
    feed_type: str
    processing_status: str
    created_at: str
    ended_at: str
    result_document_id: str

    @property
    def has_ended(self) -> bool:
        return self.processing_status in ENDS


@dataclass(frozen=True)
class RecentFeeds:
    """One page. next_token: "" on the last."""

    feeds: tuple[RecentFeed, ...]
    next_token: str


class RecentFeedsApi:
    """One seller's feeds. version: as sellerbus.api.feeds has them."""

    def __init__(self, caller: Caller, version: str) -> None:
        self._caller = caller
        is_2020 = version == V2020
        self._operation = operations.GET_FEEDS_2020_09_04 if is_2020 else operations.GET_FEEDS
        self._list = "payload" if is_2020 else "feeds"

    def page(self, feed_types: Sequence[str], created_since: str, token: str = "") -> RecentFeeds:
        """Return a page of the feeds of these types (at most MOST_TYPES) created since a time (ISO 8601).

        Raises what the caller raises.
        """
        # Amazon takes the token alone: it holds the other parameters.
        query: Query = (
            {"nextToken": token}
            if token
            else {"feedTypes": list(feed_types), "createdSince": created_since, "pageSize": _PAGE_SIZE}
        )
        answer = self._caller.call(self._operation, query)
        rows = answer.body.get(self._list)
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise malformed(self._operation, answer, "the list of feeds is missing")
        next_token = answer.body.get("nextToken")
        return RecentFeeds(
            tuple(self._feed(answer, row) for row in rows),
            next_token if isinstance(next_token, str) else "",
        )

    def _feed(self, answer: Answer, row: Mapping[str, object]) -> RecentFeed:
        named = {name: _told(row, name) for name in ("feedId", "feedType", "processingStatus", "createdTime")}
        lacking = [name for name, value in named.items() if not value]
        if lacking:
            raise malformed(self._operation, answer, f"a feed lacks {lacking[0]}")
        return RecentFeed(
            feed_id=named["feedId"],
            feed_type=named["feedType"],
            processing_status=named["processingStatus"],
            created_at=named["createdTime"],
            ended_at=_told(row, "processingEndTime") or named["createdTime"],
            result_document_id=_told(row, "resultFeedDocumentId"),
        )


def _told(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
