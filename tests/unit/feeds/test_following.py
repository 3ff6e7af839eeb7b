"""A feed is waited for, and asked about when all is silent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    NotFoundError,
    OutOfTimeError,
    PermanentError,
    RetryableError,
    SellingPartnerError,
    ThrottledError,
)
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.feeds.following import (
    LONGEST_SILENCE_SECONDS,
    STUCK_SECONDS,
    UNKNOWN_STUCK_SECONDS,
    UNSEEN_SECONDS,
    Step,
    WrongTaskStateError,
)
from sellerbus.feeds.submission import State, Submission
from sellerbus.feeds.task import Outcome, TaskState, iso
from sellerbus.feeds.task_store import UnknownTaskError
from sellerbus.sellers.rows import UnknownSellerError
from tests.unit.feeds.following_scene import DOCUMENT, Scene, notice, shown
from tests.unit.feeds.tasks import NOW, SELLER

COLLECT = {"next": "collect"}
THROTTLED = ThrottledError("getFeed", 44.2)
GONE = NotFoundError("getFeed", "no such feed", status=404)


def outputs(scene: Scene) -> list[dict[str, Any]]:
    return [json.loads(output) for _, output in scene.functions.answered]


# Waiting for the notification.


def test_a_wait_keeps_its_token_and_asks_nobody() -> None:
    scene = Scene()
    assert scene.follower().await_end("t1", "token-1").answer == {}
    assert (scene.task.token, scene.task.token_step) == ("token-1", "await")
    assert (outputs(scene), scene.amazon.calls) == ([], [])


def test_a_repeated_wait_writes_nothing_and_a_later_one_takes_its_place() -> None:
    scene = Scene()
    scene.follower().await_end("t1", "token-1")
    before = scene.task
    scene.follower().await_end("t1", "token-1")
    assert scene.task == before
    scene.functions.waiting = {"token-2"}
    scene.follower().await_end("t1", "token-2")
    scene.processed().take(notice())
    assert scene.functions.answered == [("token-2", json.dumps(COLLECT))]


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({"state": TaskState.COLLECTING}, COLLECT),
        ({"state": TaskState.ENDED, "outcome": Outcome.FAILED}, {"next": "ended"}),
        (
            {"state": TaskState.ENDED, "outcome": Outcome.FAILED, "origin": "changes"},
            {"next": "report-changes"},
        ),
    ],
)
def test_a_wait_for_what_is_over_is_answered_at_once(changes: dict[str, Any], output: Any) -> None:
    scene = Scene(**changes)
    assert scene.follower().await_end("t1", "token-1").answer == output
    assert outputs(scene) == [output]
    assert scene.follower().look("t1").answer == output
    assert (scene.task.token, scene.amazon.calls) == (None, [])


@pytest.mark.parametrize("state", [TaskState.WAITING, TaskState.SUBMITTING, TaskState.UNCERTAIN])
def test_what_has_no_feed_is_not_followed(state: TaskState) -> None:
    scene = Scene(state=state)
    with pytest.raises(WrongTaskStateError, match=f"task t1 is {state.value} and can't take the step await"):
        scene.follower().await_end("t1", "token-1")
    with pytest.raises(WrongTaskStateError, match="look"):
        scene.follower().look("t1")
    with pytest.raises(UnknownTaskError):
        scene.follower().look("t2")
    with pytest.raises(WrongTaskStateError, match="follow"):
        Scene(feed_id=None).follower().look("t1")


# Looking after a silence.


def test_a_look_that_sees_no_end_lets_the_silence_grow() -> None:
    scene = Scene()
    scene.clock.now += 900
    step = scene.follower().look("t1")
    assert step.answer == {"next": "await", "silenceSeconds": 1800}
    assert (scene.task.looks, scene.task.looked_at, scene.task.processing_status) == (
        1,
        NOW + 900,
        "IN_PROGRESS",
    )
    assert (scene.amazon.calls, scene.events.published, scene.holds_its_lane) == (["getFeed"], [], True)


def test_the_stages_silence_is_taken_where_the_task_has_none() -> None:
    scene = Scene(silence_seconds=None)
    assert scene.follower().look("t1").answer["silenceSeconds"] == 120


def followed(scene: Scene, *, until: float) -> list[tuple[float, Step]]:
    """Look after each silence, as the state machine does; what each look came to, and how late it was."""
    seen: list[tuple[float, Step]] = []
    silence = 900.0
    while scene.clock.now - NOW < until:
        scene.clock.now += silence
        step = scene.follower().look("t1")
        seen.append((scene.clock.now - NOW, step))
        if step.answer["next"] != "await":
            break
        silence = step.answer["silenceSeconds"]
    return seen


def test_silences_double_up_to_six_hours_and_the_eighth_hour_is_not_missed() -> None:
    scene = Scene()
    seen = followed(scene, until=2 * 86_400)
    hours = [round(late / 3600, 2) for late, _ in seen]
    assert hours == [0.25, 0.75, 1.75, 3.75, 7.75, 8.0, 14.0, 20.0, 26.0, 32.0, 38.0, 44.0, 50.0]
    assert max(step.answer["silenceSeconds"] for _, step in seen) == LONGEST_SILENCE_SECONDS


def test_a_stuck_feed_is_told_once_gives_its_lane_free_and_is_followed_on() -> None:
    scene = Scene()
    seen = followed(scene, until=2 * 86_400)
    assert scene.events.names == ["FeedStuck"]
    assert [late for late, step in seen if step.told] == [STUCK_SECONDS]
    assert not scene.holds_its_lane
    assert (scene.task.state, scene.task.stuck_since) == (TaskState.PROCESSING, iso(NOW + STUCK_SECONDS))
    detail = scene.events.published[0].detail
    assert detail["reason"] == (
        "the feed has not ended 8.0 hours after its submission: getFeed shows IN_PROGRESS"
    )
    assert scene.task.reason is None
    scene.processed().take(notice())
    assert scene.follower().look("t1").answer == COLLECT


def test_a_lane_that_another_task_holds_by_now_is_left_to_it() -> None:
    scene = Scene()
    turn = next(row for key, row in scene.table.rows.items() if key[1] == "turn")
    turn["holder"] = {"S": "t9"}
    scene.clock.now += STUCK_SECONDS
    scene.follower().look("t1")
    assert turn["holder"] == {"S": "t9"}


def test_after_ninety_days_a_feed_is_given_up() -> None:
    scene = Scene(origin="changes")
    seen = followed(scene, until=100 * 86_400)
    assert seen[-1][0] == UNSEEN_SECONDS
    assert seen[-1][1].answer == {"next": "report-changes"}
    assert scene.events.names == ["FeedStuck", "FeedFailed"]
    assert scene.events.published[-1].detail["outcome"] == "UNSEEN"
    assert (scene.task.state, scene.task.outcome, scene.task.token) == (
        TaskState.ENDED,
        Outcome.UNSEEN,
        None,
    )
    assert "90 days" in str(scene.task.reason)
    assert len(seen) < 400


def test_what_getfeed_shows_last_counts_also_after_ninety_days() -> None:
    scene = Scene()
    scene.clock.now += UNSEEN_SECONDS + 1
    scene.amazon.feeds = [shown("DONE", DOCUMENT)]
    assert scene.follower().look("t1").answer == COLLECT
    assert scene.events.published == []


@pytest.mark.parametrize("status", ["DONE", "FATAL", "CANCELLED"])
def test_an_end_that_getfeed_shows_is_written_down_like_a_notification(status: str) -> None:
    scene = Scene()
    scene.amazon.feeds = [shown(status, DOCUMENT)]
    assert scene.follower().look("t1").answer == COLLECT
    row = scene.store.feed_row(SELLER, "53347018456")
    assert row is not None
    assert (row.processing_status, row.result_feed_document_id, row.task_id) == (status, DOCUMENT, "t1")
    assert scene.task.state is TaskState.PROCESSING


def test_what_was_notified_is_believed_before_getfeed_is_asked() -> None:
    scene = Scene()
    scene.amazon.feeds = ["FATAL"]
    scene.processed().take(notice("DONE"))
    assert scene.follower().look("t1").answer == COLLECT
    assert (scene.amazon.calls, scene.known_end) == ([], "DONE")


def test_what_getfeed_showed_is_not_changed_by_a_notification() -> None:
    scene = Scene()
    scene.amazon.feeds = ["FATAL"]
    scene.follower().look("t1")
    assert scene.processed().take(notice("DONE")).differs == "FATAL"
    assert scene.known_end == "FATAL"


@pytest.mark.parametrize(("seconds", "told"), [(44.2, 45), (0.01, 1), (0.0, 1), (5000.0, 900)])
def test_a_throttled_look_waits_the_seconds_it_is_told_and_counts_nothing(seconds: float, told: int) -> None:
    scene = Scene()
    scene.amazon.feeds = [ThrottledError("getFeed", seconds)]
    before = scene.task
    assert scene.follower().look("t1").answer == {"next": "wait", "waitSeconds": told}
    assert scene.task == before


@pytest.mark.parametrize(
    "error",
    [
        RetryableError("getFeed", "no answer", status=503),
        OutOfTimeError("getFeed", "no time"),
        AuthorizationRevokedError("getFeed", "revoked"),
        PermanentError("getFeed", "bad", status=400),
        GONE,
    ],
)
def test_a_failed_look_is_one_that_saw_nothing(error: SellingPartnerError) -> None:
    scene = Scene(processing_status="IN_QUEUE")
    scene.amazon.feeds = [error]
    step = scene.follower().look("t1")
    assert step.answer == {"next": "await", "silenceSeconds": 1800}
    assert (scene.task.looks, scene.task.processing_status) == (1, "IN_QUEUE")
    assert step.remark == str(error)


def test_a_seller_that_is_gone_ends_no_task() -> None:
    scene = Scene()
    scene.amazon.refusal = UnknownSellerError(SELLER)
    assert scene.follower().look("t1").answer["next"] == "await"
    scene.clock.now += STUCK_SECONDS
    scene.follower().look("t1")
    assert "is not in the registry" in str(scene.events.published[0].detail["reason"])


def test_a_404_proves_nothing_and_is_told_after_an_hour() -> None:
    scene = Scene()
    scene.amazon.feeds = [GONE]
    scene.clock.now += UNKNOWN_STUCK_SECONDS - 1
    assert scene.follower().look("t1").answer["next"] == "await"
    assert scene.events.names == []
    scene.clock.now += 1
    assert scene.follower().look("t1").answer["next"] == "await"
    assert scene.events.names == ["FeedStuck"]
    assert "no such feed" in str(scene.events.published[0].detail["reason"])
    scene.amazon.feeds = [shown("DONE")]
    assert scene.follower().look("t1").answer == COLLECT


def test_an_event_that_the_bus_did_not_take_comes_again_as_the_same() -> None:
    scene = Scene()
    scene.clock.now += STUCK_SECONDS

    def lost(events: object) -> None:
        raise StoreUnavailableError("PutEvents", "Throttling")

    scene.events.before = lost
    with pytest.raises(StoreUnavailableError):
        scene.follower().look("t1")
    assert (scene.task.stuck_since, scene.holds_its_lane) == (None, True)
    scene.events.before = lambda events: None
    scene.follower().look("t1")
    assert scene.events.names == ["FeedStuck"]
    scene.follower().look("t1")
    assert scene.events.names == ["FeedStuck"]


# Waiting for a person.


def uncertain(**changes: Any) -> Scene:
    return Scene(state=TaskState.UNCERTAIN, submission=Submission(State.UNCERTAIN, attempt=1), **changes)


def test_a_wait_for_a_person_keeps_its_token() -> None:
    scene = uncertain()
    assert scene.follower().await_decision("t1", "token-1").answer == {}
    assert (scene.task.token, scene.task.token_step) == ("token-1", "decide")
    assert outputs(scene) == []


def test_a_notification_is_no_decision() -> None:
    scene = uncertain()
    scene.follower().await_decision("t1", "token-1")
    scene.processed().take(notice())
    assert outputs(scene) == []


def test_a_decision_that_came_before_the_token_is_found() -> None:
    decision = {"choice": "adopt", "next": "await", "silenceSeconds": 900}
    scene = uncertain(decision=decision)
    scene.follower().await_decision("t1", "token-1")
    assert outputs(scene) == [decision]
    assert scene.task.token is None


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({"state": TaskState.PROCESSING}, {"next": "await", "silenceSeconds": 900}),
        (
            {"state": TaskState.COLLECTING, "silence_seconds": None},
            {"next": "await", "silenceSeconds": 60},
        ),
        ({"state": TaskState.WAITING}, {"next": "take-turn"}),
        ({"state": TaskState.SUBMITTING}, {"next": "take-turn"}),
        ({"state": TaskState.ENDED, "outcome": Outcome.GIVEN_UP}, {"next": "ended"}),
        (
            {"state": TaskState.ENDED, "outcome": Outcome.GIVEN_UP, "origin": "changes"},
            {"next": "report-changes"},
        ),
    ],
)
def test_what_was_decided_shows_by_the_state_too(changes: dict[str, Any], output: Any) -> None:
    scene = Scene(**changes)
    scene.follower().await_decision("t1", "token-1")
    assert outputs(scene) == [output]
