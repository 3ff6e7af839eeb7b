"""What a person does with a feed task: cancel, and decide; repeated, too late, and against the steps."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.feeds.operating import FeedOperator
from sellerbus.feeds.submission import State
from sellerbus.feeds.submission_steps import EndsError, TryLaterError
from sellerbus.feeds.task import DECIDE, Outcome, TaskState
from sellerbus.sellers.registry import UnreadableTokenError
from tests.unit.api.wire import reply
from tests.unit.feeds.submission_scene import Scene, checked, in_turn
from tests.unit.feeds.tasks import task
from tests.unit.feeds.test_submitting import TIMED_OUT, carried_out, raising, settle


class Tokens:
    """Step Functions; fails as often as is said."""

    def __init__(self, failures: int = 0) -> None:
        self.answered: list[tuple[str, Mapping[str, Any]]] = []
        self.failures = failures

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("SendTaskSuccess", "InternalError")
        self.answered.append((token, output))
        return True


def asked(scene: Scene, request: Mapping[str, Any], tokens: Tokens | None = None, **more: Any) -> Any:
    values: dict[str, Any] = {
        "store": scene._store(),
        "amazon": SimpleNamespace(api=scene.api),
        "tokens": tokens or Tokens(),
        "events": SimpleNamespace(publish=scene.publish),
        "count": scene.count,
        "now": scene.clock,
        "remaining_seconds": lambda: 50.0,
        **more,
    }
    return FeedOperator(**values).answer(request)


def cancel(scene: Scene, task_id: str = "t1", **more: Any) -> Any:
    return asked(scene, {"request": "cancel", "taskId": task_id}, **more)


def decide(scene: Scene, decision: str, tokens: Tokens | None = None, **more: Any) -> Any:
    return asked(scene, {"request": "settle", "taskId": "t1", "decision": decision, **more}, tokens)


def uncertain(**changes: Any) -> Scene:
    """A task whose createFeed may have made feed-1 or feed-2, with the step that waits for a decision."""
    scene = in_turn(checked(**changes))
    scene.amazon.script["createFeed"] = [carried_out(carried_out(raising(TIMED_OUT)))]
    scene.submit()
    settle(scene)
    scene.store.set_token(scene.task(), "token", DECIDE)
    scene.told.clear()
    return scene


@pytest.mark.parametrize("state", [TaskState.RECEIVED, TaskState.WAITING])
def test_what_was_not_submitted_ends_here(state: TaskState) -> None:
    scene = Scene(task() if state is TaskState.RECEIVED else checked())
    assert cancel(scene) == {"cancelled": "here"}
    row = scene.task()
    assert (row.state, row.outcome) == (TaskState.ENDED, Outcome.CANCELLED)
    assert [name for name, _ in scene.told] == ["FeedCancelled"]
    assert scene.counted["FeedsCancelled"] == 1
    assert scene.amazon.sent == []
    assert cancel(scene) == {"cancelled": "here"}
    assert len(scene.told) == 1


def test_one_whose_turn_it_is_ends_while_no_call_was_made() -> None:
    scene = in_turn()
    assert cancel(scene) == {"cancelled": "here"}
    assert "holder" not in scene.turn()
    assert scene.submit() == {"next": "ended"}
    assert scene.amazon.count("createFeed") == 0


def test_while_createfeed_is_open_nothing_is_cancelled() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [raising(TIMED_OUT)]
    scene.submit()
    error = cancel(scene)["error"]
    assert (error["kind"], error["seconds"]) == ("busy", 300)
    assert scene.task().submission.state is State.SETTLING


def test_a_feed_at_amazon_is_cancelled_there() -> None:
    scene = in_turn()
    scene.submit()
    assert cancel(scene) == {"cancelled": "asked"}
    assert scene.amazon.sent[-1] == ("cancelFeed", "/feeds/2021-06-30/feeds/feed-1")
    assert scene.task().state is TaskState.PROCESSING


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            reply(400, {"errors": [{"code": "InvalidInput", "message": "the feed is IN_PROGRESS"}]}),
            "permanent",
        ),
        (reply(404, {"errors": []}), "not-found"),
        (reply(429, {"errors": []}, Retry_After="30"), "throttled"),
        (reply(503), "retryable"),
    ],
)
def test_amazons_refusal_is_told(answer: Any, kind: str) -> None:
    scene = in_turn()
    scene.submit()
    scene.amazon.script["cancelFeed"] = [lambda _: answer] * 4
    error = cancel(scene)["error"]
    assert error["kind"] == kind
    if kind == "permanent":
        assert "IN_PROGRESS" in error["message"]
    if kind == "throttled":
        assert error["seconds"] >= 30


@pytest.mark.parametrize(
    ("state", "outcome", "why"),
    [
        (TaskState.COLLECTING, None, "through with"),
        (TaskState.UNCERTAIN, None, "settle it first"),
        (TaskState.ENDED, Outcome.FATAL, "FATAL already"),
    ],
)
def test_what_can_not_be_cancelled(state: TaskState, outcome: Outcome | None, why: str) -> None:
    scene = Scene(checked(state=state, outcome=outcome))
    error = cancel(scene)["error"]
    assert error["kind"] == "wrong-state"
    assert why in error["message"]


def test_requests_that_are_none() -> None:
    scene = Scene()
    for request in ({}, {"request": "delete", "taskId": "t1"}, {"request": "cancel", "taskId": 1}):
        assert asked(scene, request)["error"]["kind"] == "bad-request"
    for more in ({"decision": "guess"}, {"decision": "adopt"}, {"decision": "give-up", "feedId": "f"}):
        answer = asked(scene, {"request": "settle", "taskId": "t1", **more})
        assert answer["error"]["kind"] == "bad-request"
    assert cancel(scene, "t9")["error"]["kind"] == "not-found"


def test_a_cancellation_that_loses_a_race_looks_again() -> None:
    """The step opens its attempt between the operator's look and write."""
    scene = in_turn()

    def first(name: str, call: Any) -> Any:
        if name == "PutEvents":
            scene.around = lambda name, call: call()
            scene.submit()
        return call()

    scene.around = first
    assert cancel(scene) == {"cancelled": "asked"}
    assert scene.task().feed_id == "feed-1"


# Decisions.


def test_adopting_a_feed() -> None:
    scene, tokens = uncertain(), Tokens()
    assert decide(scene, "adopt", tokens, feedId="feed-2") == {"state": "PROCESSING"}
    row = scene.task()
    assert (row.state, row.feed_id, row.submission.state) == (TaskState.PROCESSING, "feed-2", State.SUBMITTED)
    assert tokens.answered == [("token", {"next": "await", "silenceSeconds": 900})]
    bound = scene.store.feed_row(row.seller_id, "feed-2")
    assert bound is not None
    assert bound.task_id == "t1"


@pytest.mark.parametrize("trouble", ["unknown", "another type", "another task's"])
def test_a_feed_that_can_not_be_the_tasks_is_not_adopted(trouble: str) -> None:
    scene, tokens = uncertain(), Tokens()
    feed_id = "feed-9" if trouble == "unknown" else "feed-1"
    if trouble == "another type":
        scene.amazon.feeds[0]["feedType"] = "POST_ORDER_FULFILLMENT_DATA"
    if trouble == "another task's":
        scene.store.bind(scene.task().seller_id, "feed-1", "t7")
    error = decide(scene, "adopt", tokens, feedId=feed_id)["error"]
    assert error["kind"] == ("not-found" if trouble == "unknown" else "permanent")
    assert scene.task().state is TaskState.UNCERTAIN
    assert tokens.answered == []


def test_submitting_again_begins_with_its_turn() -> None:
    scene, tokens = uncertain(), Tokens()
    assert decide(scene, "submit-again", tokens) == {"state": "WAITING"}
    assert tokens.answered == [("token", {"next": "take-turn"})]
    scene.clock.now += 1300
    assert scene.take_turn() == {"next": "submit"}
    scene.amazon.feeds.clear()
    assert scene.submit()["next"] == "await"
    row = scene.task()
    assert (row.document_id, row.submission.attempt) == ("document-2", 2)


def test_a_doubt_about_the_second_submission_is_a_new_one() -> None:
    scene = uncertain()
    decide(scene, "submit-again")
    scene.clock.now += 1300
    scene.take_turn()
    scene.amazon.script["createFeed"] = [carried_out(carried_out(raising(TIMED_OUT)))]
    scene.submit()
    assert settle(scene) == {"next": "decide"}
    row = scene.task()
    assert (row.decision, row.token) == (None, None)
    assert row.candidates == ("feed-3", "feed-4")


@pytest.mark.parametrize(("origin", "following"), [("inbox", "ended"), ("changes", "report-changes")])
def test_giving_up(origin: str, following: str) -> None:
    scene, tokens = uncertain(origin=origin), Tokens()
    assert decide(scene, "give-up", tokens) == {"state": "ENDED"}
    row = scene.task()
    assert (row.outcome, "given up by a person" in str(row.reason)) == (Outcome.GIVEN_UP, True)
    assert tokens.answered == [("token", {"next": following})]
    assert [name for name, _ in scene.told] == ["FeedFailed"]


@pytest.mark.parametrize(
    ("decision", "more"), [("adopt", {"feedId": "feed-1"}), ("submit-again", {}), ("give-up", {})]
)
def test_a_decision_survives_a_crash_before_the_state_machine_is_told(
    decision: str, more: Mapping[str, str]
) -> None:
    scene, tokens = uncertain(), Tokens(failures=1)
    assert decide(scene, decision, tokens, **more)["error"]["kind"] == "retryable"
    state = scene.task().state
    assert state is not TaskState.UNCERTAIN
    assert decide(scene, decision, tokens, **more) == {"state": str(state)}
    assert len(tokens.answered) == 1
    for other in ("submit-again", "give-up"):
        if other != decision:
            assert decide(scene, other, tokens)["error"]["kind"] == "wrong-state"


def test_where_no_step_waits_yet_the_decision_is_written_all_the_same() -> None:
    scene, tokens = uncertain(), Tokens()
    scene.store.change(scene.task(), token=None, token_step=None)
    assert decide(scene, "submit-again", tokens) == {"state": "WAITING"}
    assert tokens.answered == []
    decision = scene.task().decision
    assert decision is not None
    assert decision["next"] == "take-turn"


def test_a_decision_about_what_is_decided() -> None:
    scene = in_turn()
    assert decide(scene, "give-up")["error"]["kind"] == "wrong-state"


def test_what_can_be_no_feed_id_is_answered() -> None:
    for feed_id in (".", ".."):
        assert decide(uncertain(), "adopt", feedId=feed_id)["error"]["kind"] == "bad-request"


def test_a_refresh_token_that_can_not_be_read_is_answered() -> None:
    scene = uncertain()

    def refuse(*_: Any) -> Any:
        raise UnreadableTokenError("the refresh token cannot be decrypted")

    answer = asked(
        scene,
        {"request": "settle", "taskId": "t1", "decision": "adopt", "feedId": "feed-1"},
        amazon=SimpleNamespace(api=refuse),
    )
    assert answer["error"] == {"kind": "permanent", "message": "the refresh token cannot be decrypted"}


@pytest.mark.parametrize("error", [TryLaterError("the seller is paused"), EndsError(Outcome.REFUSED, "gone")])
def test_a_seller_that_can_not_be_called_for(error: Exception) -> None:
    scene = uncertain()

    def refuse(*_: Any) -> Any:
        raise error

    answer = asked(
        scene,
        {"request": "settle", "taskId": "t1", "decision": "adopt", "feedId": "feed-1"},
        amazon=SimpleNamespace(api=refuse),
    )
    assert answer["error"] == {"kind": "permanent", "message": str(error)}
