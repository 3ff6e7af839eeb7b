"""Looks with getFeeds what became of a createFeed whose answer was lost, once the settle time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sellerbus.api.errors import SellingPartnerError, ThrottledError
from sellerbus.api.feeds import FeedsApi, Listing
from sellerbus.feeds import feed_events
from sellerbus.feeds.answers import ADOPTED, AnswerKeeper
from sellerbus.feeds.ending import Count
from sellerbus.feeds.settlement import Adopt, ListedFeed, Uncertain, Verdict, Window, judge
from sellerbus.feeds.submission import settled, window
from sellerbus.feeds.submission_steps import (
    LONGEST_MENDING_SECONDS,
    EndsError,
    TryLaterError,
    answered_before,
    waiting,
)
from sellerbus.feeds.task import FeedTask, iso
from sellerbus.feeds.task_store import TaskStore
from sellerbus.feeds.turns import attempt_closed

LONGEST_LOOKING_SECONDS: Final = 86_400.0
"""How long it is tried to read all of getFeeds, before a person is asked to look."""


class Settler:
    """other_creators: whether others create feeds for this stage's sellers. now: seconds since 1970."""

    def __init__(
        self,
        *,
        store: TaskStore,
        answers: AnswerKeeper,
        other_creators: bool,
        count: Count,
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._answers = answers
        self._other_creators = other_creators
        self._count = count
        self._now = now

    def settle(self, task: FeedTask, api: Callable[[], FeedsApi]) -> Mapping[str, object] | None:
        """Look, and act on it; None where the task is to be gone on with at once.

        api: raises TryLaterError and EndsError where the seller can't be called for. Raises TryLaterError,
        TaskChangedError, StoreUnavailableError.
        """
        until = task.submission.settle_until or 0.0
        if self._now() < until:
            return waiting(until - self._now())
        verdict = self._verdict(task, api, self._now() - until)
        if verdict is None:
            self._store.change(task, attempt_closed(task), submission=settled(task.submission, None))
        elif isinstance(verdict, Adopt):
            self._answers.submitted(task, settled(task.submission, verdict), ADOPTED)
        else:
            self._answers.judged(task, verdict)
        return None

    def _verdict(self, task: FeedTask, api: Callable[[], FeedsApi], looking_for: float) -> Verdict:
        shown = window(task.submission, task.feed_type, task.marketplace_ids, self._now())
        try:
            listing = api().feeds(task.feed_type, task.marketplace_ids, iso(shown.start))
        except EndsError as ends:
            # The seller is gone. The task can't end while its call is open.
            return _not_asked(ends)
        except TryLaterError as later:
            if looking_for > LONGEST_MENDING_SECONDS:
                return _not_asked(later)
            raise
        except SellingPartnerError as error:
            if isinstance(error, ThrottledError):
                self._count("FeedsThrottled", 1)
            meaning = answered_before(error)
            endless = isinstance(meaning, TryLaterError) and meaning.endless
            longest = LONGEST_MENDING_SECONDS if endless else LONGEST_LOOKING_SECONDS
            if isinstance(meaning, EndsError) or looking_for > longest:
                return _not_asked(error)
            raise meaning from None
        return self._judged(task, shown, listing)

    def _judged(self, task: FeedTask, shown: Window, listing: Listing) -> Verdict:
        page = [
            ListedFeed(feed.feed_id, feed.feed_type, feed.created_time, feed.marketplace_ids)
            for feed in listing.feeds
        ]
        bound = {feed.feed_id for feed in page if self._is_bound(task.seller_id, feed.feed_id)}
        return judge([page], bound, shown, complete=listing.complete, foreign_possible=self._other_creators)

    def _is_bound(self, seller_id: str, feed_id: str) -> bool:
        row = self._store.feed_row(seller_id, feed_id)
        return row is not None and row.task_id is not None


def _not_asked(error: Exception) -> Uncertain:
    return Uncertain(feed_events.told(f"getFeeds can't be asked: {error}"))
