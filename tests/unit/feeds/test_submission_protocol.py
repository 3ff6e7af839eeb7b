"""The second protocol, breadth first: the real submission code through every interleaving.

A step begun twice, a fault at any call, answers that are lost while Amazon carries the call out at once, late
or not at all, feeds that are listed late, tasks that share a lane, a person who cancels, a step that is given
up while its function runs. Then conditions and rules are taken away in turn, and the search must find what
breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sellerbus.feeds import answers, submitting, task_store
from sellerbus.feeds.answers import AnswerKeeper
from sellerbus.feeds.lanes import Lanes
from sellerbus.feeds.settling import Settler
from sellerbus.feeds.submission import Submission, opened
from sellerbus.feeds.task import FeedTask
from sellerbus.feeds.turns import Turn, attempt_closed
from tests.schedules import explore
from tests.unit.feeds.submission_world import Scenario, World

SCENARIOS = {
    "a step begun twice": Scenario(faults=0, copies=1, time_steps=3),
    "a fault anywhere": Scenario(faults=1, time_steps=2),
    "a fault from the document on": Scenario(faults=1, prepared=False, time_steps=1),
    "a fault and a copy": Scenario(faults=1, copies=1),
    "two faults": Scenario(faults=2),
    "two tasks of a lane": Scenario(tasks=2),
    "two tasks, a step begun twice": Scenario(tasks=2, faults=0, copies=1),
    "a person cancels": Scenario(cancels=1),
    "a person cancels one of two": Scenario(tasks=2, faults=0, cancels=1, time_steps=0),
    "a step given up while it runs": Scenario(give_ups=1),
    "an answer that comes late to a step begun twice": Scenario(
        copies=1, time_steps=2, fault_kinds={"createFeed": ("lost, listed late", "lost, done later")}
    ),
    "others create feeds too": Scenario(foreign=1, other_creators=True),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_interleaving_keeps_the_guarantee(name: str) -> None:
    search = explore(lambda: World(SCENARIOS[name]))
    assert search.violation is None, search.violation
    assert search.states > 100, "the search went through too little to mean anything"


def test_the_search_goes_where_it_hurts() -> None:
    """The worlds do contain what the guarantee is about."""
    witnessed: set[str] = set()

    class Watched(World):
        def take(self, option: tuple[str, ...]) -> None:
            super().take(option)
            for actor in [*self.actors, *self.ended]:
                witnessed.update(f"{name}: {decision}" for name, decision, _ in actor.history)
            witnessed.update(f"{count} calls" for count in self.calls.values())
            row = self.task("t1")
            witnessed.add(f"attempt {row.submission.attempt} {row.state}")

    explore(lambda: Watched(SCENARIOS["two faults"]))
    assert {
        "createFeed: lost, done",
        "createFeed: lost, listed late",
        "createFeed: crash after",
        "getFeeds: go on",
        "write: repeated",
        "write: error after",
        "opened: crash before",
        "1 calls",
        "2 calls",
        "attempt 2 PROCESSING",
    } <= witnessed
    assert "4 calls" not in witnessed


def test_what_is_not_guaranteed_does_happen() -> None:
    """Feeds of others that nobody told the stage of are taken for the task's: hence the setting."""
    assert explore(lambda: World(Scenario(foreign=1))).violation is not None


def test_a_settle_time_that_is_too_short_makes_two_feeds() -> None:
    search = explore(lambda: World(Scenario(settle_seconds=250.0)))
    assert search.violation is not None
    assert "2 feeds" in search.violation


Mutation = Callable[[pytest.MonkeyPatch], None]


def _rows_are_overwritten(patch: pytest.MonkeyPatch) -> None:
    difference = task_store._difference

    def unconditional(*arguments: Any) -> Any:
        write = difference(*arguments)
        write.request = {**write.request, "ConditionExpression": "attribute_exists(pk)"}
        write.request["ExpressionAttributeValues"].pop(":versionBefore")
        names = write.request["ExpressionAttributeNames"]
        if "#version" not in write.request["UpdateExpression"]:
            names.pop("#version")
        return write

    patch.setattr(task_store, "_difference", unconditional)


def _the_intent_is_not_written(patch: pytest.MonkeyPatch) -> None:
    def still_pending(submission: Submission, now: float, lease_seconds: float) -> Submission:
        return replace(opened(submission, now, lease_seconds), state=submission.state)

    patch.setattr(submitting, "opened", still_pending)
    patch.setattr(World, "_witness_call", lambda self, of: None)


def _an_unknown_outcome_is_taken_for_a_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(submitting, "may_have_been_done", lambda error: False)


def _the_call_outlives_its_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(submitting, "opened", lambda submission, now, seconds: opened(submission, now, 1.0))


def _a_crash_is_no_attempt(patch: pytest.MonkeyPatch) -> None:
    def forgotten(self: Any, task: FeedTask) -> Any:
        submission = replace(task.submission, state=Submission().state, lease_until=None)
        self._store.change(task, attempt_closed(task), submission=submission)

    patch.setattr(submitting.FeedSubmitter, "_unknown", forgotten)


def _feeds_of_others_are_not_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Settler, "_is_bound", lambda self, seller_id, feed_id: False)


def _nobody_is_before_anybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lanes, "_waiting", lambda self, place, task_id, behind, now: None)


def _the_pause_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "turn_of", lambda table, task: Turn(holds_until_end=False))


def _doubt_is_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AnswerKeeper, "_tell", lambda self, task, candidates: None)


def _an_open_call_stops_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FeedTask, "call_is_open", property(lambda self: False))
    left = task_store._lane_left

    def unconditional(task: FeedTask) -> Any:
        write = left(task)
        write.request = {**write.request, "ConditionExpression": "holder = :me"}
        return write

    patch.setattr(task_store, "_lane_left", unconditional)


def _foreign_feeds_are_adopted(patch: pytest.MonkeyPatch) -> None:
    init = Settler.__init__

    def trusting(self: Settler, **given: Any) -> None:
        init(self, **{**given, "other_creators": False})

    patch.setattr(Settler, "__init__", trusting)


MUTANTS: dict[str, tuple[Mutation, str]] = {
    "rows are overwritten": (_rows_are_overwritten, "a step begun twice"),
    "the intent is not written": (_the_intent_is_not_written, "a fault anywhere"),
    "an unknown outcome is taken for a failure": (
        _an_unknown_outcome_is_taken_for_a_failure,
        "a fault anywhere",
    ),
    "the call outlives its lease": (
        _the_call_outlives_its_lease,
        "an answer that comes late to a step begun twice",
    ),
    "a crash is no attempt": (_a_crash_is_no_attempt, "a fault anywhere"),
    "feeds of others are not left out": (_feeds_of_others_are_not_left_out, "two tasks of a lane"),
    "nobody is before anybody": (_nobody_is_before_anybody, "two tasks of a lane"),
    "the pause is not kept": (_the_pause_is_not_kept, "two tasks of a lane"),
    "doubt is not told": (_doubt_is_not_told, "others create feeds too"),
    "an open call stops no cancellation": (_an_open_call_stops_nobody, "a person cancels"),
    "an open call stops no giving up": (_an_open_call_stops_nobody, "a step given up while it runs"),
    "foreign feeds are adopted": (_foreign_feeds_are_adopted, "others create feeds too"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_no_condition_and_no_rule_can_be_spared(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate, scenario = MUTANTS[name]
    mutate(monkeypatch)
    search = explore(lambda: World(SCENARIOS[scenario]))
    assert search.violation is not None, f"{search.schedules} schedules, and nothing broke"
