"""end_feed_task: what becomes of a task whose execution can't go on."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.feeds.answers import AnswerKeeper
from sellerbus.feeds.following import FeedFollower
from sellerbus.feeds.giving_up import TaskEnder
from sellerbus.feeds.submission import State, decided
from sellerbus.feeds.task import DECIDE, Outcome, TaskState
from tests.fakes import client_error
from tests.unit.api.wire import reply
from tests.unit.documents.wire import Answer
from tests.unit.feeds.collecting_scene import JSON, WITH_ERRORS, CollectingScene
from tests.unit.feeds.submission_scene import KilledError, Scene, checked, in_turn
from tests.unit.feeds.test_operating import Tokens, asked, decide, uncertain
from tests.unit.feeds.test_submitting import TIMED_OUT, carried_out, raising

CAUSE = json.dumps(
    {"errorType": "KeyError", "errorMessage": "refresh_token=Atzr|secret", "stackTrace": ["line 1"]}
)


def keeper(scene: Scene) -> AnswerKeeper:
    return AnswerKeeper(
        table=scene._table(),
        store=scene._store(),
        events=SimpleNamespace(publish=scene.publish),
        count=scene.count,
        now=scene.clock,
        settle_seconds=900.0,
    )


def ender(scene: Scene, started: list[str] | None = None) -> TaskEnder:
    events: Any = SimpleNamespace(publish=scene.publish)
    started = [] if started is None else started
    return TaskEnder(
        store=scene._store(),
        answers=keeper(scene),
        events=events,
        count=scene.count,
        executions=SimpleNamespace(start_second=started.append),
    )


def follower(scene: Scene) -> FeedFollower:
    unused: Any = None
    return FeedFollower(
        store=scene.store,
        tokens=Tokens(),
        events=unused,
        feeds=unused,
        silence_seconds=900,
        now=scene.clock,
    )


def give_up(scene: Scene, error: str = "KeyError", cause: str = CAUSE) -> Any:
    return ender(scene).give_up("t1", error, cause)


def broken_off(scene: Scene, status: str = "ABORTED", name: str = "t1") -> tuple[Any, list[str]]:
    """The answer, and the tasks that a second execution was started for."""
    started: list[str] = []
    return ender(scene, started).broken_off(name, status, "the console shows where"), started


@pytest.mark.parametrize(("origin", "following"), [("inbox", "ended"), ("changes", "report-changes")])
@pytest.mark.parametrize("taken", [True, False])
def test_a_task_that_was_not_submitted_fails(taken: bool, origin: str, following: str) -> None:
    scene = (in_turn if taken else Scene)(checked(origin=origin))
    assert give_up(scene) == {"next": following}
    row = scene.task()
    assert (row.state, row.outcome) == (TaskState.ENDED, Outcome.FAILED)
    assert "KeyError: refresh_token=[redacted]" in str(row.reason)
    assert "line 1" not in str(row.reason)
    assert [name for name, _ in scene.told] == ["FeedFailed"]
    assert scene.counted["FeedsFailed"] == 1
    assert "holder" not in scene.turn()
    assert give_up(scene) == {"next": following}
    assert len(scene.told) == 1


@pytest.mark.parametrize("where", ["open", "settling"])
def test_in_the_middle_of_createfeed_a_person_decides(where: str) -> None:
    scene = in_turn(checked(), checked("t2", handed_over=1_800_000_001.0))
    if where == "open":

        def kill(name: str, call: Any) -> Any:
            if name == "createFeed":
                call()
                raise KilledError
            return call()

        scene.around = kill
        with pytest.raises(KilledError):
            scene.submit()
        scene.around = lambda name, call: call()
    else:
        scene.amazon.script["createFeed"] = [raising(TIMED_OUT)]
        scene.submit()
    assert give_up(scene) == {"next": "decide"}
    row = scene.task()
    assert (row.state, row.submission.state) == (TaskState.UNCERTAIN, State.UNCERTAIN)
    assert "may have been carried out" in str(row.reason)
    assert [name for name, _ in scene.told] == ["FeedUncertain"]
    assert scene.counted["FeedsUncertain"] == 1
    assert "holder" not in scene.turn()
    assert give_up(scene) == {"next": "decide"}
    # Nothing of the call may fall into the next attempt's window.
    scene.clock.now += 375 if where == "open" else 300
    assert scene.take_turn("t2")["next"] == "wait"
    scene.clock.now += 2000
    assert scene.take_turn("t2") == {"next": "submit"}


@pytest.mark.parametrize("status", ["ABORTED", "FAILED", "TIMED_OUT"])
def test_what_nobody_waits_for_any_more_is_not_decided_but_given_up(status: str) -> None:
    """Adopted or submitted again it would be followed by nobody, or hold up its lane for ever."""
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    scene.submit()
    # The second execution was broken off too: nothing goes on with the task.
    assert broken_off(scene, status) == ({"next": "decide"}, ["t1"])
    assert broken_off(scene, status, "_t1") == ({"next": "decide"}, [])
    assert len(scene.told) == 1
    assert f"its execution is over: {status}" in str(scene.task().reason)
    before = scene.task()
    for decision in ({"decision": "adopt", "feedId": "feed-1"}, {"decision": "submit-again"}):
        error = asked(scene, {"request": "settle", "taskId": "t1", **decision})["error"]
        assert (error["kind"], "redrive" in error["message"]) == ("wrong-state", True)
    assert scene.task() == before
    assert decide(scene, "give-up") == {"state": "ENDED"}
    assert broken_off(scene, status) == ({"next": "ended"}, [])
    assert scene.task().outcome is Outcome.GIVEN_UP


@pytest.mark.parametrize(
    ("origin", "answer", "started"), [("inbox", "ended", []), ("changes", "report-changes", ["t1"])]
)
def test_the_changes_of_a_feed_that_was_broken_off_are_told_by_a_second_execution(
    origin: str, answer: str, started: list[str]
) -> None:
    scene = Scene(checked(origin=origin))
    assert broken_off(scene) == ({"next": answer}, started)
    assert scene.task().outcome is Outcome.FAILED
    assert "its execution is over: ABORTED" in str(scene.task().reason)
    assert broken_off(scene, name="_t1") == ({"next": answer}, [])


def test_an_execution_that_was_aborted_while_it_waited_for_a_person_goes_on_in_a_second() -> None:
    scene = uncertain()
    assert broken_off(scene) == ({"next": "decide"}, ["t1"])
    assert decide(scene, "submit-again")["error"]["kind"] == "wrong-state"
    follower(scene).await_decision("t1", "token-2")
    tokens = Tokens()
    assert decide(scene, "submit-again", tokens) == {"state": "WAITING"}
    assert tokens.answered == [("token-2", {"next": "take-turn"})]


def test_a_late_answer_of_what_was_given_up_is_told_and_stays_a_persons() -> None:
    scene = in_turn()

    def late(amazon: Any) -> Any:
        answer = amazon.create()
        assert give_up(scene) == {"next": "decide"}
        return answer

    scene.amazon.script["createFeed"] = [late]
    assert scene.submit() == {"next": "decide"}
    row = scene.task()
    assert (row.state, row.candidates, row.submission.answered) == (
        TaskState.UNCERTAIN,
        ("feed-1",),
        ("feed-1",),
    )
    first, second = (detail for _, detail in scene.told)
    assert first["eventId"] != second["eventId"]
    assert second["candidates"] == ["feed-1"]


def test_a_late_answer_after_it_was_decided_to_submit_again() -> None:
    scene = in_turn()

    def late(amazon: Any) -> Any:
        answer = amazon.create()
        give_up(scene)
        assert decide(scene, "submit-again") == {"state": "WAITING"}
        return answer

    scene.amazon.script["createFeed"] = [late]
    assert scene.submit() == {"next": "decide"}
    row = scene.task()
    assert (row.state, row.candidates) == (TaskState.UNCERTAIN, ("feed-1",))
    assert "decided to submit again" in str(row.reason)


def test_a_decision_after_a_late_answer_finds_the_step_that_still_waits() -> None:
    """It was decided to submit again, and the state machine not told; then the late answer came."""
    scene = uncertain()
    scene.store.set_token(scene.task(), "token-1", DECIDE)
    submission = decided(scene.task().submission, None, submit_again=True)
    scene.store.change(scene.task(), state=TaskState.WAITING, submission=submission)
    keeper(scene).accepted(scene.task(), submission.attempt, "feed-9")
    assert scene.task().state is TaskState.UNCERTAIN
    assert (scene.task().token, scene.task().token_step) == ("token-1", DECIDE)


def test_a_late_answer_of_what_has_ended() -> None:
    scene = in_turn()

    def late(amazon: Any) -> Any:
        answer = amazon.create()
        give_up(scene)
        decide(scene, "give-up")
        return answer

    scene.amazon.script["createFeed"] = [late]
    assert scene.submit() == {"next": "ended"}
    row = scene.task()
    assert row.outcome is Outcome.GIVEN_UP
    assert "feed-1" in row.notes[0]
    assert [name for name, _ in scene.told] == ["FeedUncertain", "FeedFailed", "FeedUncertain"]


def test_a_feed_that_is_followed_fails_with_its_feed_told() -> None:
    scene = in_turn()
    scene.submit()
    assert give_up(scene) == {"next": "ended"}
    ((_, detail),) = scene.told
    assert (detail["outcome"], detail["feedId"]) == ("FAILED", "feed-1")


def test_where_nobody_decides_the_task_is_given_up() -> None:
    scene = uncertain()
    assert ender(scene).undecided("t1") == {"next": "ended"}
    row = scene.task()
    assert (row.outcome, "nobody decided" in str(row.reason)) == (Outcome.GIVEN_UP, True)
    assert ender(scene).undecided("t1") == {"next": "ended"}


def test_a_decision_that_the_state_machine_never_heard_of() -> None:
    scene = uncertain()
    decide(scene, "adopt", feedId="feed-1")
    assert ender(scene).undecided("t1") == {"next": "ended"}
    assert scene.task().outcome is Outcome.UNSEEN


def test_a_task_that_is_not_there() -> None:
    assert ender(Scene()).give_up("t9", "E", "") == {"next": "ended"}


def test_a_task_whose_report_was_kept_ends_as_the_report_says() -> None:
    """Its end was told, and writing it failed for good: it must not be told otherwise now."""
    scene = CollectingScene(Answer(body=WITH_ERRORS, headers=JSON))

    def fail(operation: str, request: Any) -> None:
        if operation == "TransactWriteItems" and scene.events.published:
            raise client_error(operation, "InternalServerError")

    scene.table.fault = fail
    with pytest.raises(StoreUnavailableError):
        scene.collect()
    scene.table.fault = lambda operation, request: None
    (told,) = scene.events.published
    counted: Counter[str] = Counter()
    answers: Any = None
    ends = TaskEnder(
        store=scene.store,
        answers=answers,
        events=scene.events,
        count=lambda name, _: counted.update([name]),
        executions=SimpleNamespace(),
    )
    assert ends.give_up("t1", "States.TaskFailed", "") == {"next": "ended"}
    row = scene.store.get("t1")
    assert (row.outcome, row.reason) == (Outcome.COMPLETED_WITH_ERRORS, told.detail["reason"])
    assert [event.detail["eventId"] for event in scene.events.published] == [told.detail["eventId"]] * 2
    assert counted == {"FeedsCompletedWithErrors": 1}


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        ("States.Timeout", "", "States.Timeout"),
        ("Lambda.Unknown", "no JSON", "Lambda.Unknown: no JSON"),
        ("Lambda.Unknown", "[1]", "Lambda.Unknown: [1]"),
        ("Unhandled", '{"errorMessage": "cut off"}', "Unhandled: cut off"),
    ],
)
def test_the_reason_says_what_failed(error: str, cause: str, words: str) -> None:
    scene = Scene()
    give_up(scene, error, cause)
    assert str(scene.task().reason) == f"a step failed for good: {words}"


def test_amazons_refusal_is_not_overwritten() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [lambda _: reply(400, {"errors": []})]
    scene.submit()
    give_up(scene)
    assert scene.task().outcome is Outcome.REFUSED
