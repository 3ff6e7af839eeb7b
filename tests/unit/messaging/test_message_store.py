"""The rows of message tasks: what is written together, and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.aws.items import attribute, plain
from sellerbus.messaging.task import (
    GIVE_UP,
    Attempt,
    MessageState,
    MessageTask,
    Offered,
    from_item,
    iso,
    seconds,
    to_item,
)
from sellerbus.messaging.task_rows import SameMessageError, TaskChangedError, TypeInUseError, UnknownTaskError
from tests.unit.messaging.message_rows import row
from tests.unit.messaging.message_scene import DAY, NOW, Scene

FULL = row(
    state=MessageState.SENDING,
    force=True,
    asked_task_id="other",
    reason="why",
    findings=({"rule": "link"},),
    attempt=Attempt("token", 2, NOW, NOW + 1, NOW + 100.5),
    settle_at=NOW + 300,
    offered=(Offered("invoice", disabled=True, once_per_order=False),),
    uploads=({"uploadDestinationId": "u", "contentMd5": "m", "uploadedAt": NOW},),
    booking={"count": 1},
    waits={"reason": "quota", "until": 5},
    allowed=("invoice",),
    notes=("note",),
    sent_at=iso(NOW),
    ended_at=iso(NOW),
    untold="MessageSent",
    decision="sent",
    sweep="open",
    sweep_at=iso(NOW),
    expires_at=7,
    version=3,
)


def test_a_row_is_read_as_it_was_written() -> None:
    assert all(getattr(FULL, each.name) is not None for each in fields(FULL))
    kept = {name: plain(attribute(value)) for name, value in to_item(FULL).items()}
    assert from_item(kept) == FULL
    assert from_item({**kept, "somebodyElses": 1}) == FULL


def test_what_is_not_said_is_not_kept_but_that_nothing_is_allowed_is() -> None:
    assert "findings" not in to_item(row())
    assert "reason" not in to_item(row())
    assert to_item(replace(row(), allowed=()))["allowed"] == []
    assert from_item(to_item(replace(row(), allowed=()))).allowed == ()


def test_the_text_is_in_no_representation() -> None:
    assert "Which colour" not in repr(row())


@given(st.floats(min_value=0, max_value=4e9))
def test_times_are_kept_to_the_millisecond(at: float) -> None:
    assert abs(seconds(iso(at)) - at) <= 0.001


def test_a_task_is_made_once() -> None:
    scene = Scene()
    first, is_new = scene.store.create(row(), same_message_seconds=DAY)
    assert is_new
    again, is_new = scene.store.create(row(content={"text": "Other"}), same_message_seconds=DAY, is_new=True)
    assert (again, is_new) == (first, False)


def test_the_same_message_is_made_once_within_its_time() -> None:
    scene = Scene()
    first, _ = scene.store.create(row("a", content_hash="h"), same_message_seconds=100)
    with pytest.raises(SameMessageError, match="task a") as refused:
        scene.store.create(row("b", content_hash="h"), same_message_seconds=100)
    assert refused.value.task_id == "a"
    scene.store.change(first, state=MessageState.SENT, sent_at=iso(scene.clock()))
    scene.clock.now += 100
    scene.store.create(row("b", content_hash="h"), same_message_seconds=100)
    with pytest.raises(SameMessageError, match="task b"):
        scene.store.create(row("c", content_hash="h"), same_message_seconds=100)


def test_two_that_leave_a_message_at_once_both_leave_it() -> None:
    scene = Scene()
    a, _ = scene.store.create(row("a", content_hash="h"), same_message_seconds=DAY)
    b, _ = scene.store.create(row("b", content_hash="h"), same_message_seconds=DAY, is_new=True)
    others = [a]

    def meanwhile(operation: str, request: object) -> None:
        if operation == "TransactWriteItems" and others:
            scene.store.change(others.pop(), state=MessageState.FAILED)

    scene.table.fault = meanwhile
    # What it would have put back is gone meanwhile.
    with pytest.raises(TaskChangedError):
        scene.store.change(b, state=MessageState.FAILED)
    scene.store.change(b, state=MessageState.FAILED)
    scene.store.create(row("c", content_hash="h"), same_message_seconds=DAY)


def test_a_doubt_is_kept_though_its_message_is_no_tasks_any_more() -> None:
    scene = Scene()
    task, _ = scene.store.create(row("a", content_hash="h"), same_message_seconds=DAY)
    scene.table.rows.pop(("content/h", "content"))
    scene.store.change(task, state=MessageState.FAILED, decision=GIVE_UP)
    with pytest.raises(SameMessageError, match="task a"):
        scene.store.create(row("b", content_hash="h"), same_message_seconds=DAY)


def test_of_two_that_take_a_message_over_at_once_one_gets_it() -> None:
    scene = Scene()
    first, _ = scene.store.create(row("a", content_hash="h"), same_message_seconds=100)
    scene.store.change(first, state=MessageState.SENT, sent_at=iso(scene.clock()))
    scene.clock.now += 100
    others = ["b"]

    def meanwhile(operation: str, request: object) -> None:
        # What the first sent is over, and another is quicker to say so.
        if operation == "GetItem" and others:
            scene.store.create(row(others.pop(), content_hash="h"), same_message_seconds=100)

    scene.table.fault = meanwhile
    with pytest.raises(SameMessageError, match="task b"):
        scene.store.create(row("c", content_hash="h"), same_message_seconds=100)


def test_a_message_whose_task_is_gone_may_come_again() -> None:
    scene = Scene()
    scene.store.create(row("a", content_hash="h"), same_message_seconds=100)
    scene.clock.now += 100
    del scene.table.rows[("message-task/a", "task")]
    assert scene.store.create(row("b", content_hash="h"), same_message_seconds=100)[1]


def test_a_change_is_refused_where_somebody_else_was_quicker() -> None:
    scene = Scene()
    task, _ = scene.store.create(row(), same_message_seconds=DAY)
    changed = scene.store.change(task, notes=("one",))
    with pytest.raises(TaskChangedError):
        scene.store.change(task, notes=("two",))
    assert scene.store.get("t1") == changed
    with pytest.raises(UnknownTaskError):
        scene.store.get("nobody")


@pytest.mark.parametrize("state", ["REFUSED", "NOT_ALLOWED", "FAILED", "SENT"])
def test_an_end_erases_the_content_and_lets_the_message_come_again_unless_it_was_sent(state: str) -> None:
    scene = Scene()
    task, _ = scene.store.create(row(), same_message_seconds=DAY)
    ended = scene.store.change(
        task, state=MessageState(state), uploads=({"x": 1},), booking={"count": 1}, untold="MessageSent"
    )
    assert (ended.content, ended.uploads, ended.booking, ended.waits) == (None, (), None, None)
    assert (ended.expires_at, ended.ended_at) == (NOW + 100 * DAY, iso(NOW))
    assert scene.store.get("t1") == ended
    there = ("content/hash of t1", "content") in scene.table.rows
    assert there == (state == "SENT")


def test_uncertain_keeps_its_content_and_its_message() -> None:
    scene = Scene()
    task, _ = scene.store.create(row(), same_message_seconds=DAY)
    kept = scene.store.change(task, state=MessageState.UNCERTAIN)
    assert (kept.content, kept.expires_at) == ({"text": "Which colour?"}, None)
    assert ("content/hash of t1", "content") in scene.table.rows


def sending(task: MessageTask, *, looked_at: float = NOW) -> dict[str, object]:
    return {
        "state": MessageState.SENDING,
        "attempt": Attempt(f"token of {task.task_id}", 1, looked_at, NOW, NOW + 100),
        "offered": (Offered("confirmOrderDetails", disabled=False, once_per_order=True),),
    }


def test_one_task_at_a_time_sends_an_order_what_it_takes_once() -> None:
    scene = Scene()
    a, _ = scene.store.create(row("a"), same_message_seconds=DAY)
    b, _ = scene.store.create(row("b"), same_message_seconds=DAY)
    a = scene.store.change(a, **sending(a))
    with pytest.raises(TypeInUseError, match="task a is sending"):
        scene.store.change(b, **sending(b))
    a = scene.store.change(a, state=MessageState.SENT)
    # What the order offered before that is not what it offers now.
    with pytest.raises(TypeInUseError, match="another task has just been"):
        scene.store.change(b, **sending(b))
    assert scene.store.change(b, **sending(b, looked_at=NOW + 10.5)).state == "SENDING"


def test_a_task_may_go_on_after_its_own_attempt() -> None:
    scene = Scene()
    task, _ = scene.store.create(row(), same_message_seconds=DAY)
    task = scene.store.change(task, **sending(task))
    task = scene.store.change(task, state=MessageState.ACCEPTED)
    assert scene.store.change(task, **sending(task)).state == "SENDING"


def test_another_order_and_another_type_are_no_matter() -> None:
    scene = Scene()
    for number, more in enumerate(
        ({}, {"amazon_order_id": "902-6786204-8179806"}, {"seller_id": "A3EXAMPLE"})
    ):
        task, _ = scene.store.create(row(f"t{number}", **more), same_message_seconds=DAY)
        scene.store.change(task, **sending(task))


def test_the_index_is_not_written_at_every_write() -> None:
    scene = Scene()
    task, _ = scene.store.create(row(), same_message_seconds=DAY)
    scene.clock.now += 60
    assert scene.store.change(task, notes=("one",)).sweep_at == task.sweep_at
    scene.clock.now += 3000
    assert scene.store.change(scene.store.get("t1"), notes=("two",)).sweep_at == iso(scene.clock() + 3600)
