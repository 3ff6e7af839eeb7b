"""The third protocol, breadth first: the real sending code through every interleaving.

A task delivered twice, a fault at any call, answers that are lost while Amazon carries the call out at once,
late or not at all, answers that come after the lease, messages that the queue loses, two tasks of a type that
is taken once, persons who decide. Then conditions and rules are taken away in turn, and the search must find
what breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sellerbus.messaging import attempting, task_store
from sellerbus.messaging.answers import AnswerKeeper, ended_changes, uncertain_changes
from sellerbus.messaging.ending import Teller
from sellerbus.messaging.sending import MessageSender
from sellerbus.messaging.task import Attempt, MessageState, MessageTask
from tests.schedules import explore
from tests.unit.messaging.message_world import Scenario, World

SCENARIOS = {
    "a task delivered twice": Scenario(faults=0, copies=1, time_steps=1),
    "a fault anywhere": Scenario(faults=1, time_steps=2),
    "a fault and a copy": Scenario(faults=1, copies=1, time_steps=0),
    "two faults": Scenario(faults=2, time_steps=0),
    "the queue loses a message": Scenario(faults=1, losses=1, time_steps=0),
    "an answer after the lease": Scenario(late=True, faults=0, copies=1, time_steps=2),
    "taken once, a fault anywhere": Scenario(once=True, faults=1, time_steps=2),
    "taken once, a fault and a copy": Scenario(once=True, faults=1, copies=1, time_steps=0),
    "taken once, two faults": Scenario(once=True, faults=2, time_steps=0),
    "taken once, and the order's list changes": Scenario(once=True, faults=1, changes=1, time_steps=0),
    "taken once, and the answer after the lease": Scenario(
        once=True, late=True, faults=0, copies=1, time_steps=1
    ),
    "two tasks of a type taken once": Scenario(
        tasks=2,
        once=True,
        faults=1,
        time_steps=0,
        fault_kinds={
            "opened": ("crash before",),
            "send": ("crash after", "lost, not done", "lost, done later"),
        },
    ),
    "a person says that it was sent": Scenario(faults=1, decisions=("sent",), time_steps=0),
    "a person lets it be sent again": Scenario(
        faults=2,
        decisions=("send-again",),
        time_steps=0,
        fault_kinds={
            "write": ("crash before", "crash after"),
            "put": ("crash before", "error before"),
            "send": ("crash before", "lost, done later"),
        },
    ),
    "a person gives it up": Scenario(faults=1, decisions=("give-up",), time_steps=0),
    "a person cancels": Scenario(faults=0, copies=1, decisions=("cancel",), time_steps=0),
    "sent again, and then the late answer": Scenario(
        late=True, faults=0, copies=1, decisions=("send-again",), time_steps=1
    ),
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
            before = self.task("t1").state
            super().take(option)
            for actor in [*self.actors, *self.ended]:
                witnessed.update(f"{name}: {decision}" for name, decision, _ in actor.history)
            witnessed.update(f"{count} calls" for count in self.calls.values())
            task = self.task("t1")
            witnessed.update(
                {f"attempt {task.attempts} {task.state}", f"{before} to {task.state}", option[0]}
            )

    for name in ("two faults", "an answer after the lease", "the queue loses a message"):
        explore(lambda name=name: Watched(SCENARIOS[name]))  # type: ignore[misc]
    assert {
        "send: lost, done",
        "send: lost, done later",
        "send: throttled",
        "write: repeated",
        "write: error after",
        "opened: crash before",
        "tell: crash after",
        "UNCERTAIN to SENT",
        "SENDING to UNCERTAIN",
        "attempt 2 SENT",
        "sweep",
        "lose",
    } <= witnessed


def test_the_ends_are_those_that_there_can_be() -> None:
    ends = explore(lambda: World(SCENARIOS["taken once, a fault anywhere"])).ends
    # Nothing is left to a person.
    assert not [end for end in ends if "UNCERTAIN" in end]
    doubtful = explore(lambda: World(SCENARIOS["a fault anywhere"])).ends
    assert {"[('UNCERTAIN', 0, 1)]", "[('UNCERTAIN', 1, 1)]", "[('SENT', 1, 1)]"} <= doubtful


def test_a_settle_time_that_is_too_short_sends_twice() -> None:
    search = explore(lambda: World(Scenario(once=True, settle_seconds=250.0, time_steps=2)))
    assert search.violation is not None
    assert "2 times" in search.violation


Mutation = Callable[[pytest.MonkeyPatch], None]


def _rows_are_overwritten(patch: pytest.MonkeyPatch) -> None:
    difference = task_store._difference

    def unconditional(*arguments: Any) -> Any:
        write = difference(*arguments)
        write.request = {**write.request, "ConditionExpression": "attribute_exists(pk)"}
        write.request["ExpressionAttributeValues"].pop(":versionBefore")
        return write

    patch.setattr(task_store, "_difference", unconditional)


def _there_is_no_gate(patch: pytest.MonkeyPatch) -> None:
    def open_gate(self: Any, task: MessageTask, attempt: Attempt, *_: Any) -> MessageTask:
        changed: MessageTask = self._store.change(task, attempt=attempt)
        return changed

    patch.setattr(attempting.Attempts, "_gate", open_gate)
    patch.setattr(World, "_witness_call", lambda self, actor: None)


def _a_lost_answer_is_taken_for_a_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attempting, "may_have_been_sent", lambda error, operation: False)


def _an_expired_lease_is_no_attempt(patch: pytest.MonkeyPatch) -> None:
    def forgotten(self: AnswerKeeper, task: MessageTask, attempt: Attempt, why: str) -> MessageTask:
        return self.not_sent(task, attempt)

    patch.setattr(AnswerKeeper, "lost", forgotten)


def _a_live_lease_is_taken_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        MessageSender,
        "_sending",
        lambda self, task: self._answers.lost(task, task.attempt, "impatient") and None,
    )


def _the_end_is_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Teller, "tell", lambda self, task: self._store.change(task, untold=None))


def _the_end_is_told_before_it_is_kept(patch: pytest.MonkeyPatch) -> None:
    ended = ended_changes

    def untold(state: MessageState, reason: str, **more: Any) -> Any:
        return {**ended(state, reason, **more), "untold": None}

    patch.setattr("sellerbus.messaging.answers.ended_changes", untold)


def _doubt_is_not_told(patch: pytest.MonkeyPatch) -> None:
    def untold(why: str) -> Any:
        return {**uncertain_changes(why), "untold": None}

    patch.setattr("sellerbus.messaging.answers.uncertain_changes", untold)


def _types_are_not_kept_from_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(task_store.MessageStore, "_type_taken", lambda self, before, after: [])


def _what_was_done_since_the_look_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(task_store, "SKEW_SECONDS", -1e9)


def _the_sweeper_sees_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(task_store.MessageStore, "_sweep_at", lambda self, task: None)


def _any_token_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MessageTask, "is_attempt", lambda self, token: True)


MUTANTS: dict[str, tuple[Mutation, str]] = {
    "rows are overwritten": (_rows_are_overwritten, "a task delivered twice"),
    "there is no gate": (_there_is_no_gate, "a fault anywhere"),
    "a lost answer is taken for a failure": (_a_lost_answer_is_taken_for_a_failure, "a fault anywhere"),
    "an expired lease is no attempt": (_an_expired_lease_is_no_attempt, "a fault anywhere"),
    "a live lease is taken over": (_a_live_lease_is_taken_over, "a task delivered twice"),
    "the end is not told": (_the_end_is_not_told, "a fault anywhere"),
    "what is to be told is not kept": (_the_end_is_told_before_it_is_kept, "a fault anywhere"),
    "doubt is not told": (_doubt_is_not_told, "a fault anywhere"),
    "types are not kept from others": (_types_are_not_kept_from_others, "two tasks of a type taken once"),
    "what was done since the look is forgotten": (
        _what_was_done_since_the_look_is_forgotten,
        "two tasks of a type taken once",
    ),
    "the sweeper sees nothing": (_the_sweeper_sees_nothing, "the queue loses a message"),
    "any token will do": (_any_token_will_do, "sent again, and then the late answer"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_no_condition_and_no_rule_can_be_spared(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate, scenario = MUTANTS[name]
    mutate(monkeypatch)
    search = explore(lambda: World(SCENARIOS[scenario]))
    assert search.violation is not None, f"{search.schedules} schedules, and nothing broke"
