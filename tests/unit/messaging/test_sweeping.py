"""What the sweeper looks after, and when."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import requests

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.messaging.sweeping import OpenTasks
from sellerbus.messaging.task import MessageState, iso
from tests.unit.messaging.message_rows import row
from tests.unit.messaging.message_scene import DAY, NOW, SELLER, Scene
from tests.unit.messaging.test_operating import uncertain
from tests.unit.messaging.test_sending import raising


def test_a_task_whose_message_is_gone_is_put_back_after_an_hour_and_each_hour() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.queued.clear()
    scene.clock.now += 3599
    assert scene.sweep().sent_again == 0
    scene.clock.now += 1
    swept = scene.sweep()
    assert (swept.sent_again, swept.task_ids, scene.queued) == (1, [task.task_id], [(task.task_id, SELLER)])
    assert scene.sweep().sent_again == 0
    scene.clock.now += 3600
    assert scene.sweep().sent_again == 1


def test_a_task_that_waits_for_long_is_left_alone_meanwhile() -> None:
    scene = Scene()
    task = scene.store.change(scene.accepted(), waits={"reason": "quota", "until": NOW + 20_000})
    scene.clock.now += 20_000
    assert scene.sweep().sent_again == 0
    scene.clock.now += 900
    assert scene.sweep().task_ids == [task.task_id]


def test_a_wait_that_ends_with_the_sweepers_is_left_alone_too() -> None:
    scene = Scene()
    scene.store.change(scene.accepted(), waits={"reason": "quota", "until": NOW + 3590})
    scene.clock.now += 3600
    assert scene.sweep().sent_again == 0
    scene.clock.now += 890
    assert scene.sweep().sent_again == 1


def test_what_was_never_told_is_put_back_soon() -> None:
    scene = Scene()
    task = scene.store.change(
        scene.accepted(), state=MessageState.FAILED, reason="no", untold="MessageFailed"
    )
    assert scene.sweep().sent_again == 0
    scene.clock.now += 600
    assert scene.sweep().sent_again == 1
    scene.send(task)
    assert scene.types_told() == ["MessageFailed"]
    scene.clock.now += 100 * DAY
    assert scene.sweep().sent_again == 0


def test_what_nobody_decides_about_is_erased_when_its_time_is_over() -> None:
    scene = Scene()
    task = uncertain(scene)
    scene.clock.now = NOW + 28 * DAY - 1
    assert scene.sweep().erased == 0
    assert scene.task(task).content is not None
    scene.clock.now += 1
    swept = scene.sweep()
    found = scene.task(task)
    assert (swept.erased, swept.sent_again, found.state) == (1, 0, "UNCERTAIN")
    assert (found.content, found.sweep, found.uploads) == (None, None, ())
    assert scene.sweep().erased == 0


def test_a_text_is_erased_once_though_its_task_is_seen_again() -> None:
    scene = Scene()
    scene.store.change(scene.task(uncertain(scene)), untold="MessageUncertain")
    scene.clock.now = NOW + 28 * DAY
    assert scene.sweep().erased == 1
    scene.clock.now += 600
    swept = scene.sweep()
    assert (swept.erased, swept.sent_again) == (0, 1)


def test_what_is_still_to_be_sent_is_erased_as_well_and_fails() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.clock.now = NOW + 28 * DAY
    swept = scene.sweep()
    assert (swept.erased, swept.sent_again) == (1, 1)
    scene.send(task)
    assert (scene.task(task).state, scene.amazon.sent) == ("FAILED", [])


def test_an_ended_task_is_seen_no_more() -> None:
    scene = Scene()
    scene.send(scene.accepted())
    scene.clock.now += 90 * DAY
    assert scene.sweep().sent_again == 0
    assert not [item for item in scene.table.rows.values() if "sweep" in item]


def test_one_that_can_not_be_looked_after_costs_no_other() -> None:
    scene = Scene()
    scene.accepted(taskId="a", text="One question.")
    scene.accepted(taskId="b", text="Another question.")
    scene.queued.clear()
    scene.clock.now += 3600

    def fault(operation: str, request: Any) -> None:
        if operation == "GetItem" and "message-task/a" in repr(request):
            raise StoreUnavailableError("GetItem", "Throttled")

    scene.table.fault = fault
    swept = scene.sweep()
    assert (swept.task_ids, list(swept.failures)) == (["b"], ["a"])


def test_a_row_that_can_not_be_read_holds_up_no_other() -> None:
    scene = Scene()
    scene.accepted(taskId="a", text="One question.")
    scene.clock.now += 1
    scene.accepted(taskId="b", text="Another question.")
    scene.table.rows[("message-task/a", "task")]["state"] = {"S": "OF ANOTHER VERSION"}
    scene.clock.now += 3600
    swept = scene.sweep()
    assert (swept.task_ids, list(swept.failures), swept.defects) == (["b"], ["a"], 1)
    assert swept.failures["a"].startswith("defect: ValueError at ")


def test_it_ends_in_time_and_goes_on_next_time() -> None:
    scene = Scene()
    for number in range(3):
        scene.accepted(text=f"Question {number}?")
    scene.clock.now += 3600
    swept = scene.sweep(seconds=10)
    assert (swept.complete, swept.sent_again) == (False, 0)
    assert scene.sweep().sent_again == 3


def test_pages_of_the_index_are_all_read() -> None:
    scene = Scene()
    for number in range(5):
        scene.store.create(row(f"t{number}"), same_message_seconds=DAY)
    query = scene.table.query
    client: Any = SimpleNamespace(query=lambda **request: query(**request, Limit=2))
    due = OpenTasks(client, "messages", "open").due(iso(NOW + 3600))
    assert sorted(due) == [f"t{number}" for number in range(5)]


def test_a_settling_task_is_put_back_if_its_message_is_gone() -> None:
    scene = Scene()
    scene.amazon.offer("confirmOrderDetails", once=True)
    task = scene.accepted()
    scene.amazon.script["send"] = [raising(requests.ReadTimeout())]
    scene.send(task)
    scene.queued.clear()
    found = scene.task(task)
    assert found.sweep_at is not None
    assert found.sweep_at >= iso(NOW + 300)
    scene.clock.now += 3700
    assert scene.sweep().sent_again == 1
    scene.send(task)
    assert scene.task(task).state == "SENT"
