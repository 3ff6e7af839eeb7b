"""Killed before or after any call to AWS, what is handed over becomes tasks once each all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sellerbus.aws.message_queue import Message
from sellerbus.feeds.intake.accept_results import Verdict
from sellerbus.feeds.task import TaskState
from tests.unit.feeds.inbox_world import INBOX, KEY, Killed, World

Scene = Callable[[World], list[Message]]


def complete_file(world: World) -> list[Message]:
    return [world.put(marketplace_ids="US", task_id="t-1")]


def file_and_side_file(world: World) -> list[Message]:
    return [world.put(), world.options(marketplaceIds=["US"], taskId="t-1")]


def side_file_and_file(world: World) -> list[Message]:
    return [world.options(marketplaceIds=["US"], taskId="t-1"), world.put()]


def pointer(world: World) -> list[Message]:
    return [world.put(), world.requested(taskId="t-1", document={"bucket": INBOX, "key": KEY})]


def content(world: World) -> list[Message]:
    return [world.requested(taskId="t-1", content="{}")]


def refused(world: World) -> list[Message]:
    return [world.put(feed_options="{", task_id="t-1")]


def contradiction(world: World) -> list[Message]:
    return [
        world.put(marketplace_ids="US", task_id="t-1"),
        world.requested(taskId="t-1", content="{}", marketplaceIds=["CA"], event_id="e-2"),
    ]


def replaced(world: World) -> list[Message]:
    return [world.put(content=b"old"), world.put(content=b"new"), world.options(marketplaceIds=["US"])]


def dead_letters(world: World) -> list[Message]:
    return [world.put("feeds/x"), world.requested(taskId="t-1", sellerId="x", content="{}")]


SCENES: list[Scene] = [
    complete_file,
    file_and_side_file,
    side_file_and_file,
    pointer,
    content,
    refused,
    contradiction,
    replaced,
    dead_letters,
]


def run(world: World, messages: list[Message]) -> list[str]:
    """Deliver until all is done, as SQS does: what was killed or waits comes again; S3 tells twice."""
    calls: list[str] = []
    waiting = list(messages)
    told: set[str] = set()
    for _ in range(20):
        for message in list(waiting):
            try:
                (result,) = world.deliver(message)
            except Killed:
                continue
            if result.is_done:
                waiting.remove(message)
            elif result.verdict is Verdict.WAITS:
                world.clock.sleep(result.retry_seconds)
        for message in world.inbox_events():
            if message.body not in told:
                told.add(message.body)
                waiting += [message, message]
        if not waiting:
            return calls
    raise AssertionError(f"never done: {[message.body for message in waiting]}")


def outcome(world: World) -> tuple[int, int]:
    """How many tasks are carried out, and how many are refused."""
    refused = sum(task.reason is not None for task in world.all_tasks())
    return len(world.task_ids) - refused, refused


def calls_of(scene: Scene) -> int:
    """How many calls the first delivery of all messages makes."""
    world = World()
    messages = scene(world)
    count = 0

    def counted(_: str) -> None:
        nonlocal count
        count += 1

    world.fault = counted
    world.deliver(*messages)
    return count


CASES = [
    pytest.param(scene, number, id=f"{scene.__name__}-{number}")
    for scene in SCENES
    for number in range(1, calls_of(scene) + 2)
]


@pytest.mark.parametrize(("scene", "number"), CASES)
def test_a_kill_changes_nothing(scene: Scene, number: int) -> None:
    """Killed before call `number`, which is after the one before it was carried out."""
    expected = World()
    run(expected, scene(expected))
    world = World()
    messages = scene(world)
    count = 0

    def fault(_: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise Killed

    world.fault = fault
    run(world, messages)
    good, refused = outcome(world)
    # A request that comes again only after the file's wait is over finds the file refused, and goes on.
    late = scene is pointer and refused == 1
    assert (good, refused - late) == outcome(expected)
    tasks = world.all_tasks()
    assert sorted(world.executions) == [task.task_id for task in tasks]
    assert {task.state for task in tasks} <= {TaskState.RECEIVED}
    # A kill may send a dead letter or an event twice, never not at all.
    assert {letter["reason"] for letter in world.dead_letters} == {
        letter["reason"] for letter in expected.dead_letters
    }
    assert len(world.dead_letters) <= len(expected.dead_letters) + 1
    assert {event["eventId"] for event in world.events} == {event["eventId"] for event in expected.events}


def test_a_row_whose_execution_never_started_is_found_by_the_redelivery() -> None:
    world = World()
    (message,) = complete_file(world)

    def fault(operation: str) -> None:
        if operation == "StartExecution":
            raise Killed

    world.fault = fault
    with pytest.raises(Killed):
        world.deliver(message)
    assert world.task_ids == ["t-1"]
    assert world.executions == {}
    world.fault = lambda operation: None
    world.deliver(message)
    assert world.executions == {"t-1": 1}


def test_the_kills_reach_every_kind_of_call() -> None:
    seen: set[str] = set()
    for scene in SCENES:
        world = World()
        messages = scene(world)
        world.fault = seen.add
        run(world, messages)
    assert seen == {
        "HeadObject",
        "GetObject",
        "PutObject",
        "GetItem",
        "TransactWriteItems",
        "StartExecution",
        "GetQueueAttributes",
        "GetQueueUrl",
        "SendMessage",
        "PutEvents",
    }
