"""Listing changes whose function is killed, or whose calls fail, before and after each write and send."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sellerbus.feeds.task import Outcome
from tests.unit.feeds.changes_world import FATES, WINDOW, World, change, number_of, sent_numbers


def gathered_and_closed(world: World) -> None:
    """Changes of one SKU and of others, a refused one, a copy, and a limit that makes two feeds at once."""
    for number, sku in enumerate(["A", "B", "A", "C"], 1):
        world.send(change(number, sku), sent_at=world.clock.now + number / 1000 - 1)
    world.send(change(1, "A"))
    world.send(change(5, operationType="NONE"))
    world.work()
    world.later(WINDOW)
    world.work()


def broken_at(broken: int, fate: str) -> Callable[[str, int], str]:
    return lambda name, number: fate if number == broken else "go on"


def calls_without_faults(act: Callable[[World], Any], prepare: Callable[[World], Any]) -> list[str]:
    world = World(most_changes=3, part=3)
    prepare(world)
    before = len(world.calls)
    act(world)
    return world.calls[before:]


GATHERING = calls_without_faults(gathered_and_closed, lambda world: None)


def test_the_scenario_has_every_kind_of_call() -> None:
    assert set(GATHERING) == {
        "transact_write_items",
        "update_item",
        "send_message",
        "put_events",
        "get_item",
        "query",
        "put_object",
        "copy_object",
    }


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("broken", range(1, len(GATHERING) + 1))
def test_each_change_is_in_one_feed_once_whatever_call_is_broken(broken: int, fate: str) -> None:
    world = World(most_changes=3)
    world.fate = broken_at(broken, fate)
    gathered_and_closed(world)
    world.settle()
    assert_all_sent_once(world)
    assert {event["changeId"] for event in world.events} == {"c005"}
    assert len({event["eventId"] for event in world.events}) == 1


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("second", range(1, 6))
@pytest.mark.parametrize("broken", range(1, len(GATHERING) + 1))
def test_the_run_that_makes_up_for_it_may_be_broken_as_well(broken: int, second: int, fate: str) -> None:
    world = World(most_changes=3)
    world.fate = lambda name, number: fate if number in (broken, broken + second) else "go on"
    gathered_and_closed(world)
    world.settle()
    assert_all_sent_once(world)


def assert_all_sent_once(world: World) -> None:
    assert sent_numbers(world) == {1: 1, 2: 1, 3: 1, 4: 1}
    contents: dict[str, set[bytes]] = {}
    for task_id, content, _ in world.handed_over:
        contents.setdefault(task_id, set()).add(content)
    assert all(len(each) == 1 for each in contents.values()), "a task id with two contents"
    order = [number_of(each) for messages in world.feeds.values() for each in messages]
    assert order.index(1) < order.index(3)
    assert all(len({each["sku"] for each in messages}) == len(messages) for messages in world.feeds.values())
    assert world.open_rows() == []
    assert world.queue == {}
    assert world.dead == []


def a_feed_that_ended(world: World) -> None:
    for number in range(1, 8):
        world.send(change(number))
    world.most_changes = 7
    world.work()
    world.later(WINDOW)
    world.work()
    issues = [{"messageId": 2, "code": "90220", "severity": "ERROR", "message": "m", "sku": "SKU-2"}]
    for task_id in world.feeds:
        world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=issues)


def reported(world: World) -> None:
    for task_id in world.feeds:
        while (told := report(world, task_id)) is None or told.answer["next"] == "again":
            pass
        assert told.answer == {"next": "ended"}


def report(world: World, task_id: str) -> Any:
    try:
        return world.report(task_id)
    except Exception:  # noqa: BLE001 - the state machine tries again whatever it was
        return None


REPORTING = calls_without_faults(reported, a_feed_that_ended)


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("broken", range(1, len(REPORTING) + 1))
def test_each_change_is_told_its_result_whatever_call_is_broken(broken: int, fate: str) -> None:
    world = World(part=3)
    a_feed_that_ended(world)
    world.fate = broken_at(len(world.calls) + broken, fate)
    reported(world)
    told = {event["changeId"]: event for event in world.events}
    assert told.keys() == {f"c{number:03d}" for number in range(1, 8)}
    assert {event["eventId"] for event in world.events} == {event["eventId"] for event in told.values()}
    assert len(world.events) <= 7 + 3, "only the part that was broken is told again"
    assert [name for name, event in told.items() if event["outcome"] != "SUCCEEDED"] == ["c002"]
    for change_id, event in told.items():
        row = world.change_row(change_id)
        assert row is not None
        assert row["state"]["S"] == event["outcome"]
        assert json.loads(json.dumps(row["details"]["M"]["issuesLeftOut"])) == {"N": "0"}
