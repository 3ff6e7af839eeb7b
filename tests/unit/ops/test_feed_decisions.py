"""`sellerbus feeds cancel|settle`: what is asked of operate_feed, and what its refusals become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops import console
from sellerbus.feeds.submission import State, Submission
from sellerbus.feeds.task import iso
from sellerbus.feeds.task_store import feed_key
from tests.unit.feeds.tasks import NOW
from tests.unit.ops.aws import DeployedStage, Finished
from tests.unit.ops.feed_stage import SELLER, STAGE, FeedStage, ended, task

DOUBT = Submission(State.UNCERTAIN, 1, NOW, NOW, reason="2 feeds can be the task's: 50001, 50002")


@pytest.fixture
def feeds(stage: DeployedStage) -> FeedStage:
    found = FeedStage(stage)
    found.deploy()
    return found


def run(feeds: FeedStage, command: str, *arguments: str, typed: list[str] | None = None) -> Finished:
    return feeds.stage.run("feeds", command, "t1", *arguments, "--stage", STAGE, typed=typed)


def answering(feeds: FeedStage, answer: Any) -> None:
    def answered(request: Any) -> Any:
        return answer(request) if callable(answer) else answer

    feeds.stage.lambdas.answers["operate-na"] = answered


def asked(feeds: FeedStage) -> list[dict[str, Any]]:
    return [request for name, request in feeds.stage.lambdas.calls if name == "operate-na"]


def refusing(kind: str, **more: Any) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": "not so", **more}}


def test_a_task_that_waits_is_cancelled_here(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="WAITING"))
    answering(feeds, {"cancelled": "here"})
    finished = run(feeds, "cancel")
    assert (finished.code, finished.out) == (0, "Task t1 is cancelled.\n")
    assert asked(feeds) == [{"request": "cancel", "taskId": "t1"}]


def test_amazon_is_asked_to_cancel_what_it_has(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="PROCESSING", feed_id="50001"))
    answering(feeds, {"cancelled": "asked"})
    finished = run(feeds, "cancel")
    assert (finished.code, "feed 50001" in finished.out, "when Amazon tells so" in finished.out) == (
        0,
        True,
        True,
    )
    assert run(feeds, "cancel", "--json").document == {"taskId": "t1", "cancelled": "asked"}


def test_what_a_refused_cancellation_means_comes_first(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="PROCESSING", feed_id="50001"))
    answering(feeds, refusing("permanent"))
    told = run(feeds, "cancel").err
    assert told.index("not cancelled and goes on") < told.index("IN_QUEUE") < told.index("not so")
    assert "feeds show t1" in told


@pytest.mark.parametrize(
    ("kind", "code"),
    [("permanent", 1), ("not-found", 3), ("wrong-state", 2), ("bad-request", 2), ("busy", 1)],
)
def test_refusals_have_their_codes(feeds: FeedStage, kind: str, code: int) -> None:
    feeds.put(task("t1", state="PROCESSING"))
    answering(feeds, refusing(kind, seconds=240))
    finished = run(feeds, "cancel")
    assert (finished.code, "not so" in finished.err) == (code, True)
    assert ("in about 4 min" in finished.err) is (kind == "busy")


def test_quota_is_waited_for(feeds: FeedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds.put(task("t1", state="PROCESSING"))
    answers = [refusing("throttled", seconds=30), {"cancelled": "asked"}]
    answering(feeds, lambda request: answers.pop(0))
    waited: list[float] = []
    monkeypatch.setattr(console, "wait", waited.append)
    assert run(feeds, "cancel").code == 0
    assert waited == [30.0]


def test_what_is_over_is_not_cancelled(feeds: FeedStage) -> None:
    feeds.put(ended("t1", "COMPLETED"))
    assert (run(feeds, "cancel").code, asked(feeds)) == (2, [])
    feeds.put(task("t1", state="UNCERTAIN", submission=DOUBT))
    finished = run(feeds, "cancel")
    assert (finished.code, "feeds settle t1" in finished.err, asked(feeds)) == (2, True, [])


@pytest.fixture
def doubtful(feeds: FeedStage) -> FeedStage:
    feeds.put(
        task("t1", state="UNCERTAIN", submission=DOUBT, reason=DOUBT.reason, candidates=("50001", "50002"))
    )
    answering(feeds, {"state": "PROCESSING"})
    return feeds


def test_without_a_decision_the_doubt_is_explained(doubtful: FeedStage) -> None:
    finished = run(doubtful, "settle")
    assert finished.code == 5
    for text in ("2 feeds can be the task's", "1 time, last 2027-01-15 08:00:00 UTC"):
        assert text in finished.out
    assert "--adopt FEED_ID" in finished.err
    assert "50001 (no end of it was told); 50002 (no end of it was told)" in finished.out
    doubtful.put_item(feed_key(SELLER, "50002"), {"processingStatus": "DONE", "notifiedAt": iso(NOW + 120)})
    assert "50002 (DONE, told 2027-01-15 08:02:00 UTC" in run(doubtful, "settle").out
    assert run(doubtful, "settle", "--json").document["candidates"] == ["50001", "50002"]
    assert asked(doubtful) == []


DECISIONS: list[tuple[tuple[str, ...], dict[str, str], str]] = [
    (("--adopt", "50001"), {"decision": "adopt", "feedId": "50001"}, "takes feed 50001 for its own"),
    (("--submit-again",), {"decision": "submit-again"}, "carried out twice"),
    (("--give-up",), {"decision": "give-up"}, "nobody follows it"),
]


@pytest.mark.parametrize(("options", "request_", "told"), DECISIONS)
def test_a_decision_is_confirmed_and_carried_out(
    doubtful: FeedStage, options: tuple[str, ...], request_: dict[str, str], told: str
) -> None:
    refused = run(doubtful, "settle", *options, typed=["n"])
    assert (refused.code, asked(doubtful)) == (2, [])
    assert told in " ".join(refused.err.split())
    assert run(doubtful, "settle", *options).code == 2, "nobody is there to be asked"
    finished = run(doubtful, "settle", *options, typed=["y"])
    assert (finished.code, "Task t1: PROCESSING" in finished.out) == (0, True)
    assert asked(doubtful) == [{"request": "settle", "taskId": "t1", **request_}]
    document = run(doubtful, "settle", *options, "--yes", "--json").document
    assert document == {"taskId": "t1", "state": "PROCESSING", "decision": request_["decision"]}


def test_another_feed_than_the_candidates_is_told(doubtful: FeedStage) -> None:
    assert "not among those" in run(doubtful, "settle", "--adopt", "7", "--yes").err
    assert "not among those" not in run(doubtful, "settle", "--adopt", "50002", "--yes").err


@pytest.mark.parametrize(
    "options", [("--submit-again", "--give-up"), ("--adopt", " "), ("--adopt", "1", "--give-up")]
)
def test_one_decision_at_a_time(doubtful: FeedStage, options: tuple[str, ...]) -> None:
    assert (run(doubtful, "settle", *options, "--yes").code, asked(doubtful)) == (2, [])


def test_only_uncertain_tasks_are_decided_about(feeds: FeedStage) -> None:
    answering(feeds, {"state": "ENDED"})
    feeds.put(ended("t1", "COMPLETED"))
    finished = run(feeds, "settle", "--give-up", "--yes")
    assert (finished.code, "is COMPLETED" in finished.err, asked(feeds)) == (2, True, [])
    # Repeated, in case the state machine was not told.
    feeds.put(ended("t1", "GIVEN_UP", decision={"choice": "give-up", "next": "ended"}))
    assert run(feeds, "settle", "--give-up", "--yes").code == 0
    assert len(asked(feeds)) == 1


def test_giving_up_tells_the_outcome(doubtful: FeedStage) -> None:
    answering(doubtful, {"state": "ENDED"})
    assert run(doubtful, "settle", "--give-up", "--yes").out.endswith("Task t1: GIVEN_UP\n")


def test_what_the_function_refuses_is_told(doubtful: FeedStage) -> None:
    refuse: Callable[[Any], Any] = lambda request: refusing("permanent")  # noqa: E731
    answering(doubtful, refuse)
    finished = run(doubtful, "settle", "--adopt", "50001", "--yes")
    assert (finished.code, "not so" in finished.err) == (1, True)
