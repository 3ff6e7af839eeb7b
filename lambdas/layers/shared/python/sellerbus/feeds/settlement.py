"""What getFeeds shows of a createFeed whose answer was lost.

What it returns has no inputFeedDocumentId: a feed is told by its type, its marketplaces and its time alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True)
class ListedFeed:
    """A feed as getFeeds lists it. created_time: Amazon's ISO 8601 text. marketplace_ids None: not told."""

    feed_id: str
    feed_type: str
    created_time: str
    marketplace_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Window:
    """What an attempt's feed must be like: created from `start` to `end` (seconds since the epoch)."""

    feed_type: str
    marketplace_ids: tuple[str, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Adopt:
    """The one feed that can be the task's."""

    feed_id: str


@dataclass(frozen=True)
class Uncertain:
    """More than one answer is possible; a person decides. feed_ids: the feeds it may be."""

    reason: str
    feed_ids: tuple[str, ...] = ()


Verdict = Adopt | Uncertain | None

_MOST_NAMED: Final = 20


def judge(
    pages: Iterable[Iterable[ListedFeed]],
    bound: Collection[str],
    window: Window,
    *,
    complete: bool,
    foreign_possible: bool,
) -> Verdict:
    """What getFeeds shows of an attempt: nothing (None), its one feed, or no certainty.

    pages: all that getFeeds returned, the same feed on two pages counting once. bound: feeds that belong to
    tasks already. complete: whether the last page was read. foreign_possible: whether somebody else may
    create feeds of the type for the seller.
    """
    if not complete:
        return Uncertain("not every page of getFeeds was read")
    found = {
        feed.feed_id: feed
        for page in pages
        for feed in page
        if feed.feed_id not in bound and _fits(feed, window)
    }
    ids = tuple(sorted(found))
    if not ids:
        return None
    if len(ids) > 1:
        return Uncertain(f"{len(ids)} feeds can be the task's", ids[:_MOST_NAMED])
    if foreign_possible:
        return Uncertain("one feed can be the task's, or somebody else's", ids)
    return Adopt(ids[0])


def _fits(feed: ListedFeed, window: Window) -> bool:
    if feed.feed_type != window.feed_type:
        return False
    if feed.marketplace_ids is not None and set(feed.marketplace_ids) != set(window.marketplace_ids):
        return False
    created = _seconds(feed.created_time)
    # A time that can't be read rules nothing out.
    return created is None or window.start <= created <= window.end


def _seconds(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
