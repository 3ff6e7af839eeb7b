"""Lanes: in order, one at a time, with the pause that is advised, and waits that ask rarely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.aws.task_table import RefusedError
from sellerbus.feeds.lanes import CHECK_PATIENCE_SECONDS, LONGEST_HOLD_SECONDS, growing_wait
from sellerbus.feeds.submission import State
from sellerbus.feeds.task import FeedTask, Outcome, TaskState
from sellerbus.feeds.task_store import TaskChangedError, place_key
from sellerbus.feeds.turns import attempt_closed, attempt_opened, feed_submitted, turn_of
from tests.unit.api.wire import reply
from tests.unit.feeds.submission_scene import Scene, checked, in_turn
from tests.unit.feeds.tasks import NOW, task

SUBMIT = {"next": "submit"}


def lined_up(count: int, **changes: Any) -> list[FeedTask]:
    return [checked(f"t{n}", handed_over=NOW + n, **changes) for n in range(1, count + 1)]


def places(scene: Scene) -> list[str]:
    return sorted(key[1] for key in scene.table.rows if key[1].startswith("waiting/"))


def test_the_first_that_was_handed_over_goes_first_whoever_asks_first() -> None:
    scene = Scene(*lined_up(3))
    for later in ("t3", "t2"):
        assert scene.take_turn(later)["next"] == "wait"
    assert scene.take_turn("t1") == SUBMIT
    assert scene.task("t1").state is TaskState.SUBMITTING
    assert scene.turn()["holder"] == {"S": "t1"}
    assert [place.rpartition("/")[2] for place in places(scene)] == ["t2", "t3"]


def test_asking_again_changes_nothing() -> None:
    scene = Scene(*lined_up(2))
    assert [scene.take_turn("t1") for _ in range(3)] == [SUBMIT] * 3
    before = dict(scene.table.rows)
    scene.take_turn("t2")
    assert scene.table.rows == before


def test_the_next_has_its_turn_when_the_feed_has_ended_and_the_pause_is_over() -> None:
    scene = in_turn(*lined_up(2))
    scene.submit("t1")
    scene.clock.now += 5000
    assert scene.take_turn("t2") == {"next": "wait", "waitSeconds": 300}
    scene.store.end(scene.task("t1"), Outcome.COMPLETED)
    assert scene.take_turn("t2") == SUBMIT


def test_the_pause_is_kept_though_the_feed_ended_at_once() -> None:
    scene = in_turn(*lined_up(2))
    scene.submit("t1")
    scene.store.end(scene.task("t1"), Outcome.COMPLETED)
    answer = scene.take_turn("t2")
    assert answer == {"next": "wait", "waitSeconds": 1200}
    scene.clock.now += 1199.5
    assert scene.take_turn("t2") == {"next": "wait", "waitSeconds": 1}
    scene.clock.now += 0.5
    assert scene.take_turn("t2") == SUBMIT


def test_the_pause_is_the_types() -> None:
    scene = Scene(*lined_up(2))
    scene.take_turn("t1", seconds_between={"default": 1200, "JSON_LISTINGS_FEED": 120})
    scene.submit("t1")
    scene.store.end(scene.task("t1"), Outcome.COMPLETED)
    assert scene.take_turn("t2")["waitSeconds"] == 120


def test_without_waiting_for_the_previous_its_turn_ends_with_its_submission() -> None:
    scene = Scene(*lined_up(2))
    scene.take_turn("t1", wait_for_previous=False)
    assert scene.turn()["holder"] == {"S": "t1"}
    scene.submit("t1")
    assert "holder" not in scene.turn()
    scene.clock.now += 1200
    assert scene.take_turn("t2") == SUBMIT


def test_a_task_that_ended_before_its_turn_holds_up_nobody() -> None:
    scene = Scene(*lined_up(2))
    scene.store.end(scene.task("t1"), Outcome.CANCELLED)
    assert [place.rpartition("/")[2] for place in places(scene)] == ["t2"]
    assert scene.take_turn("t2") == SUBMIT


@pytest.mark.parametrize("left", ["ended", "gone"])
def test_a_place_that_was_left_behind_is_cleared_away(left: str) -> None:
    scene = Scene(*lined_up(2))
    first = scene.task("t1")
    row = scene.table.rows[place_key(first)]
    scene.store.end(first, Outcome.CANCELLED)
    scene.table.rows[place_key(first)] = row
    if left == "gone":
        del scene.table.rows[("feed-task/t1", "task")]
    assert scene.take_turn("t2") == SUBMIT
    assert places(scene) == []


def test_a_place_is_not_cleared_away_of_a_task_that_waits_again_meanwhile() -> None:
    scene = Scene(*lined_up(2))
    second = scene.task("t1")
    scene.store.change(second, state=TaskState.UNCERTAIN)

    def again(operation: str, request: Any) -> None:
        if operation == "TransactWriteItems":
            scene.table.fault = lambda operation, request: None
            scene.store.change(scene.task("t1"), state=TaskState.WAITING)

    scene.table.fault = again
    scene.take_turn("t2")
    assert place_key(second) in scene.table.rows


def test_what_is_not_checked_yet_holds_its_place_for_a_while() -> None:
    scene = Scene(task("t1", handed_over=NOW - 10), checked("t2"))
    answer = scene.take_turn("t2")
    assert answer["next"] == "wait"
    assert answer["waitSeconds"] < 10, "it may be refused at any moment"
    scene.clock.now = NOW + CHECK_PATIENCE_SECONDS
    assert scene.take_turn("t2") == SUBMIT
    assert len(places(scene)) == 1, "it still comes before those that come later"
    with pytest.raises(ValueError, match="not checked"):
        scene.take_turn("t1")


def test_lanes_of_other_types_and_sellers_are_free() -> None:
    other_type = checked("t2", feed_type="POST_ORDER_FULFILLMENT_DATA")
    other_seller = checked("t3", seller_id="A3EXAMPLE")
    scene = in_turn(checked(), other_type, other_seller)
    assert scene.take_turn("t2") == SUBMIT
    assert scene.take_turn("t3") == SUBMIT


def test_a_thousand_of_one_seller_hold_up_nobody_else_and_ask_rarely() -> None:
    scene = in_turn(*lined_up(1000), checked("other", seller_id="A3EXAMPLE"))
    assert scene.take_turn("other") == SUBMIT
    assert scene.take_turn("t2")["waitSeconds"] == 1
    assert 20_000 < scene.take_turn("t500")["waitSeconds"] <= 6 * 3600
    waits = [scene.take_turn(f"t{n}")["waitSeconds"] for n in (2, 3, 10)]
    assert waits == [1, 1201, 1201 + 7 * 1200]


def test_who_is_next_asks_the_less_often_the_longer_it_takes() -> None:
    assert [growing_wait(seconds) for seconds in (0, 4, 100, 1000, 10_000)] == [1, 1, 25, 250, 300]


@given(st.floats(0, 1e7))
def test_no_wait_is_shorter_than_a_second_or_longer_than_said(seconds: float) -> None:
    assert 1 <= growing_wait(seconds, 120) <= 120


# Never two holders; nobody takes the turn away while a call is open.


def test_of_two_that_take_the_turn_at_once_one_has_it() -> None:
    scene = Scene(*lined_up(2))
    # The second sees the lane before the first takes it, and no place of the first.
    del scene.table.rows[place_key(scene.task("t1"))]

    def first(operation: str, request: Any) -> None:
        if operation == "TransactWriteItems":
            scene.table.fault = lambda operation, request: None
            assert scene.take_turn("t1") == SUBMIT

    scene.table.fault = first
    assert scene.take_turn("t2")["next"] == "wait"
    assert scene.task("t2").state is TaskState.WAITING
    assert scene.turn()["holder"] == {"S": "t1"}


def test_a_task_that_was_cancelled_meanwhile_takes_no_turn() -> None:
    scene = Scene(*lined_up(1))

    def cancelled(operation: str, request: Any) -> None:
        if operation == "TransactWriteItems":
            scene.table.fault = lambda operation, request: None
            scene.store.end(scene.task("t1"), Outcome.CANCELLED)

    scene.table.fault = cancelled
    assert scene.take_turn("t1")["next"] == "wait"
    assert "holder" not in scene.turn()
    assert scene.take_turn("t1") == {"next": "ended"}


def opened(scene: Scene) -> FeedTask:
    """t1 has written its intent."""
    row = scene.task("t1")
    submission = replace(row.submission, state=State.SUBMITTING, attempt=1, lease_until=scene.clock() + 75)
    return scene.store.change(row, attempt_opened(row, 1), submission=submission)


def test_while_a_call_is_open_nobody_frees_the_lane() -> None:
    scene = in_turn(*lined_up(2))
    row = opened(scene)
    with pytest.raises(RefusedError):
        scene.store.leave_lane(row)
    with pytest.raises(ValueError, match="can't end"):
        scene.store.end(row, Outcome.FAILED)
    scene.clock.now += LONGEST_HOLD_SECONDS + 1
    assert scene.take_turn("t2")["next"] == "wait"
    assert scene.turn()["holder"] == {"S": "t1"}


def test_an_end_that_races_with_the_intent_changes_nothing() -> None:
    scene = in_turn()
    seen = scene.task("t1")
    opened(scene)
    with pytest.raises(TaskChangedError):
        scene.store.end(seen, Outcome.CANCELLED)
    assert scene.task("t1").state is TaskState.SUBMITTING


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_second_attempt_is_not_opened_beside_the_first(attempt: int) -> None:
    scene = in_turn()
    row = opened(scene)
    with pytest.raises(RefusedError):
        scene.store.change(row, attempt_opened(row, attempt))


def test_only_the_holder_opens_and_closes() -> None:
    scene = in_turn(*lined_up(2))
    other = scene.task("t2")
    turn = turn_of(scene.task_table(scene.table.client), other)
    writes: list[Callable[[], Any]] = [
        lambda: attempt_opened(other, 1),
        lambda: attempt_closed(other),
        lambda: feed_submitted(other, turn, scene.clock()),
    ]
    for write in writes:
        with pytest.raises(RefusedError):
            scene.store.change(other, write())
    assert not scene.store.leave_lane(other)


def test_a_holder_that_nobody_follows_any_more_loses_its_turn_after_nine_hours() -> None:
    scene = in_turn(*lined_up(2))
    scene.submit("t1")
    scene.clock.now += LONGEST_HOLD_SECONDS - 1
    assert scene.take_turn("t2")["next"] == "wait"
    scene.clock.now += 1
    assert scene.take_turn("t2") == SUBMIT
    # The former holder's late release takes nothing away.
    assert not scene.store.leave_lane(scene.task("t1"))
    assert scene.turn()["holder"] == {"S": "t2"}


def test_behind_a_holder_that_waits_for_weeks_the_next_asks_rarely() -> None:
    """An execution ends at 25,000 events, of which it leaves nine each time it asks."""
    scene = Scene(*lined_up(2))
    scene.take_turn("t1")
    asked, until = 0, scene.clock.now + 90 * 86_400
    while scene.clock.now < until:
        scene.clock.now += scene.take_turn("t2")["waitSeconds"]
        asked += 1
    assert asked * 9 < 24_000


def test_a_holder_that_still_tries_keeps_its_turn() -> None:
    scene = in_turn(*lined_up(2))
    scene.clock.now += LONGEST_HOLD_SECONDS + 1
    assert scene.take_turn("t2")["next"] == "wait"
    assert scene.turn()["holder"] == {"S": "t1"}


@pytest.mark.parametrize("state", [TaskState.UNCERTAIN, TaskState.PROCESSING, TaskState.COLLECTING])
def test_who_has_had_its_turn_goes_on_where_it_stands(state: TaskState) -> None:
    scene = Scene(checked(state=state))
    assert scene.take_turn() == SUBMIT


def test_a_task_that_has_ended_goes_on_to_its_end() -> None:
    scene = Scene(checked(), checked("t2", origin="changes"))
    for name in ("t1", "t2"):
        scene.store.end(scene.task(name), Outcome.CANCELLED)
    assert [scene.take_turn(name)["next"] for name in ("t1", "t2")] == ["ended", "report-changes"]


def test_an_attempt_that_came_to_nothing_keeps_the_turn() -> None:
    scene = in_turn(*lined_up(2))
    scene.amazon.script["createFeed"] = [lambda _: reply(429, {"errors": []})]
    scene.submit("t1")
    assert scene.turn()["holder"] == {"S": "t1"}
    scene.clock.now += 3000
    assert scene.take_turn("t2")["next"] == "wait"


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=30))
def test_whoever_asks_when_they_go_in_order_and_one_at_a_time(handed: list[int], asking: list[int]) -> None:
    scene = Scene(*(checked(f"t{n}", handed_over=NOW + n) for n in handed))
    had: list[int] = []
    for who in [*asking, *range(6), *range(6)]:
        if scene.take_turn(f"t{who}") == SUBMIT and who not in had:
            had.append(who)
            scene.submit(f"t{who}")
            holders = [key for key, row in scene.table.rows.items() if "holder" in row]
            assert len(holders) == 1
            scene.store.end(scene.task(f"t{who}"), Outcome.COMPLETED)
            scene.clock.now += 1200
    assert had == sorted(had)
