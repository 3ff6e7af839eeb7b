"""When a group of listing changes gathers on, because its next feed would only wait for its turn."""

from __future__ import annotations

from typing import Any

import pytest

from sellerbus.aws.task_table import TaskTable, Write
from sellerbus.feeds.changes.change import Group
from sellerbus.feeds.changes.groups import GroupRow
from sellerbus.feeds.changes.pace import (
    LONGEST_ARRIVAL_MS,
    LONGEST_HELD_MS,
    LONGEST_POLL_MS,
    Pace,
)
from sellerbus.feeds.task import TaskState
from tests.fake_table import FakeTable
from tests.unit.feeds import tasks
from tests.unit.feeds.tasks import MARKETPLACE, NOW, SELLER, TYPE, Clock, store_on

LANE = f"lane/{SELLER}/{TYPE}"
NOW_MS = round(NOW * 1000)


class Lane:
    """A lane, and the group's last task."""

    def __init__(self, window_seconds: int = 120) -> None:
        self.clock = Clock()
        self.fake = FakeTable()
        self.table = TaskTable(self.fake.client, "tasks", sleep=self.clock.sleep)
        self.pace = Pace(self.table, window_seconds, now=self.clock)

    def turn(self, **fields: Any) -> None:
        self.table.write(Write.put((LANE, "turn"), fields))

    def waiting(self) -> None:
        self.table.write(Write.put((LANE, "waiting/0000000000001/other"), {"taskId": "other"}))

    def last(self, state: TaskState) -> None:
        store_on(self.fake, self.clock).create(tasks.task("last", state=state))
        if state is not TaskState.WAITING:
            self.fake.rows = {
                key: row for key, row in self.fake.rows.items() if not key[1].startswith("waiting")
            }

    def wait_ms(self, **fields: Any) -> int:
        return self.pace.wait_ms(GroupRow(Group(SELLER, MARKETPLACE), **fields))


def test_a_free_lane_is_not_waited_for() -> None:
    lane = Lane()
    assert lane.wait_ms() == 0
    lane.turn(nextAt=NOW - 1)
    assert lane.wait_ms() == 0


def test_a_lane_that_is_held_is_waited_for_and_looked_at_again_after_a_while() -> None:
    lane = Lane()
    lane.turn(holder="t1", nextAt=NOW - 1)
    assert lane.wait_ms() == LONGEST_POLL_MS
    short = Lane(window_seconds=4)
    short.turn(holder="t1")
    assert short.wait_ms() == 4000


def test_the_pace_is_waited_for_until_it_is_over() -> None:
    lane = Lane()
    lane.turn(nextAt=NOW + 7.5)
    assert lane.wait_ms() == 7500
    lane.turn(nextAt=NOW + 1000)
    assert lane.wait_ms() == LONGEST_POLL_MS


@pytest.mark.parametrize("turn", [{"holder": "t1"}, {"nextAt": NOW + 100}])
def test_where_others_wait_a_place_among_them_is_taken(turn: dict[str, Any]) -> None:
    lane = Lane()
    lane.turn(**turn)
    lane.waiting()
    assert lane.wait_ms() == 0


@pytest.mark.parametrize("state", [TaskState.RECEIVED, TaskState.WAITING])
def test_a_group_has_one_feed_that_waits_and_not_two(state: TaskState) -> None:
    lane = Lane()
    lane.last(state)
    assert lane.wait_ms(last_task="last", last_at=NOW_MS) == LONGEST_POLL_MS


@pytest.mark.parametrize("state", [TaskState.SUBMITTING, TaskState.PROCESSING, TaskState.UNCERTAIN])
def test_a_feed_that_had_its_turn_does_not_hold_up_the_next(state: TaskState) -> None:
    lane = Lane()
    lane.last(state)
    assert lane.wait_ms(last_task="last", last_at=NOW_MS) == 0


def test_a_feed_that_never_arrived_holds_up_nothing_for_long() -> None:
    lane = Lane()
    assert lane.wait_ms(last_task="gone", last_at=NOW_MS - LONGEST_ARRIVAL_MS + 1) == LONGEST_POLL_MS
    assert lane.wait_ms(last_task="gone", last_at=NOW_MS - LONGEST_ARRIVAL_MS) == 0
    lane.last(TaskState.RECEIVED)
    assert lane.wait_ms(last_task="last", last_at=NOW_MS - LONGEST_ARRIVAL_MS) == 0


def test_nothing_is_held_for_longer_than_a_feed_may_take() -> None:
    lane = Lane()
    lane.turn(holder="t1")
    assert lane.wait_ms(held_since=NOW_MS - LONGEST_HELD_MS) == LONGEST_POLL_MS
    assert lane.wait_ms(held_since=NOW_MS - LONGEST_HELD_MS - 1) == 0
