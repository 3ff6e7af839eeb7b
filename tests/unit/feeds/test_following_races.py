"""Notification, token and time-out in every order: the execution always goes on, whoever is first or dies."""

from __future__ import annotations

from typing import Any

import pytest

from sellerbus.feeds.following import FeedFollower, Step
from sellerbus.feeds.processed import COLLECT, Finished, Noted, ProcessedFeeds, Report
from sellerbus.feeds.task_store import feed_key
from tests.unit.feeds.following_world import Scenario, explore
from tests.unit.feeds.tasks import SELLER


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(Scenario(submitted=False), id="bound meanwhile"),
        pytest.param(Scenario(timeouts=3), id="three time-outs"),
        pytest.param(Scenario(slow=True), id="a slow function"),
        pytest.param(Scenario(timeouts=0, crashes=2), id="two deaths"),
        pytest.param(Scenario(timeouts=1, crashes=1), id="a death and a time-out"),
        pytest.param(Scenario(statuses=("DONE", "DONE"), timeouts=0), id="twice"),
        pytest.param(Scenario(statuses=("DONE", "FATAL"), timeouts=0), id="two that differ"),
        pytest.param(Scenario(seen="FATAL", slow=True), id="getFeed differs"),
    ],
)
def test_every_order_leads_to_the_report(scenario: Scenario) -> None:
    search = explore(scenario)
    assert search.violation is None, search.violation
    assert search.states > 100


class LooksBeforeItWaits(FeedFollower):
    """What the order of the two is for: this one has it the wrong way round."""

    def await_end(self, task_id: str, token: str) -> Step:
        task = self._store.get(task_id)
        if self._has_ended(task):
            self._tokens.succeed(token, COLLECT)
        task = self._store.update(task_id, lambda task: {"token": token, "token_step": "await"})
        return Step(task, {})


class AsksBeforeItWrites(ProcessedFeeds):
    """The same on the other side."""

    def take(self, notification: Finished) -> Report:
        store: Any = self._store
        task = store.find("t1")
        store.note_processed(notification.seller_id, notification.feed_id, "DONE", None)
        if task.token:
            self._tokens.succeed(task.token, COLLECT)
        return Report(Noted.TOLD, notification)


class TakesAnyPlace(FeedFollower):
    """Keeps its token even where its wait is over and the next one has begun."""

    def await_end(self, task_id: str, token: str) -> Step:
        task = self._store.update(task_id, lambda task: {"token": token, "token_step": "await"})
        if self._has_ended(task):
            self._tokens.succeed(token, COLLECT)
        return Step(task, {})


class Overwrites(ProcessedFeeds):
    """Takes the last end for the feed's."""

    def take(self, notification: Finished) -> Report:
        store: Any = self._store
        store._table._client._inner.rows.pop(feed_key(SELLER, notification.feed_id), None)
        return super().take(notification)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (Scenario(timeouts=0, follower=LooksBeforeItWaits), "waits in await although"),
        (Scenario(slow=True, follower=TakesAnyPlace), "waits in await although"),
        (Scenario(timeouts=0, processed=AsksBeforeItWrites), "waits in await although"),
        (Scenario(statuses=("DONE", "FATAL"), timeouts=0, processed=Overwrites), "the feed's end was"),
    ],
)
def test_the_search_finds_what_breaks(scenario: Scenario, words: str) -> None:
    search = explore(scenario)
    assert words in str(search.violation)
