"""What the order's actions prove of a message whose answer was lost."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sellerbus.messaging.settling import Verdict, judge
from sellerbus.messaging.task import MessageState, MessageTask, Offered
from tests.unit.api.wire import reply
from tests.unit.messaging.message_scene import NOW, ONCE, ORDER, SELLER, Amazon, Behaviour, Scene
from tests.unit.messaging.test_sending import NOT_ALLOWED, carried_out, raising

TIMED_OUT = requests.ReadTimeout()
LOST = raising(TIMED_OUT)


def on(*names: str, off: tuple[str, ...] = (), once: bool = True) -> tuple[Offered, ...]:
    return tuple(Offered(name, name in off, once) for name in (*names, *off))


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (on("a", "b"), on("a", "b"), Verdict.NOT_SENT),
        (on("a", "b"), on("a"), Verdict.NOT_SENT),
        (on("a", "b"), on("b"), Verdict.SENT),
        (on("a", "b"), on("b", off=("a",)), Verdict.SENT),
        # Nothing says whether the order has changed.
        (on("a"), on(), None),
        (on("a", off=("b",)), on(off=("b",)), None),
        (on("a", "b"), on(), None),
        (on("a", "b"), on("b", "c"), None),
        (on("a", "b"), on(off=("a", "b")), None),
        (on("a", off=("b",)), on("b"), None),
        (on("b"), on("b"), None),
        (on("b", off=("a",)), on("b"), None),
        # Twice in the list, and possible by one of them.
        ((*on("a"), *on(off=("a",))), (*on(off=("a",)), *on("a")), Verdict.NOT_SENT),
    ],
)
def test_what_is_proved(
    before: tuple[Offered, ...], now: tuple[Offered, ...], verdict: Verdict | None
) -> None:
    assert judge("a", before, now) is verdict


def lost(scene: Scene, answer: Behaviour = LOST, **more: Any) -> MessageTask:
    """A task of a type that is taken once, whose answer was lost."""
    scene.amazon.offer("confirmOrderDetails", once=True)
    task = scene.accepted(**more)
    scene.amazon.script["send"] = [answer]
    step = scene.send(task)
    found = scene.task(task)
    assert (found.state, found.settle_at, step.wait_seconds) == ("SENDING", NOW + 300, 300)
    return found


def test_a_type_that_is_gone_was_sent() -> None:
    scene = Scene()
    task = lost(scene, carried_out(LOST))
    scene.clock.now += 299
    assert scene.send(task).wait_seconds == 1
    scene.clock.now += 1
    scene.send(task)
    found = scene.task(task)
    assert (found.state, scene.amazon.count("send"), len(scene.amazon.inbox)) == ("SENT", 1, 1)
    assert (found.sent_at, found.content) == (found.attempt and "2027-01-15T08:00:00.000+00:00", None)
    assert "no longer offers" in found.notes[0]
    assert scene.types_told() == ["MessageSent"]
    assert scene.counted["MessagesSettled"] == 1
    assert scene.counted["MessagesUncertain"] == 0


def test_a_type_that_is_still_offered_was_not_sent_and_is_sent_by_another_attempt() -> None:
    scene = Scene()
    task = lost(scene)
    scene.clock.now += 300
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.attempts, len(scene.amazon.inbox)) == ("SENT", 2, 1)
    assert "still offers" in found.notes[0]
    assert scene.counted["MessagesSettled"] == 1


def test_an_order_whose_whole_list_has_changed_proves_nothing() -> None:
    scene = Scene()
    task = lost(scene, carried_out(LOST))
    scene.amazon.offer("unexpectedProblem")
    scene.clock.now += 300
    scene.send(task)
    found = scene.task(task)
    assert (found.state, scene.amazon.count("send")) == ("UNCERTAIN", 1)
    assert found.content is not None
    assert "no proof" in str(found.reason)
    assert scene.types_told() == ["MessageUncertain"]


def test_an_order_that_offers_nothing_any_more_proves_nothing() -> None:
    scene = Scene()
    task = lost(scene)
    scene.amazon.script["actions"] = [lambda _: reply(403, NOT_ALLOWED)]
    scene.clock.now += 300
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.content is None) == ("UNCERTAIN", False)
    assert "no proof" in str(found.reason)


def test_where_others_send_too_nothing_is_proved() -> None:
    scene = Scene(settle_seconds=None)
    scene.amazon.offer("confirmOrderDetails", once=True)
    task = scene.accepted()
    scene.amazon.script["send"] = [LOST]
    scene.send(task)
    assert scene.task(task).state == "UNCERTAIN"


def test_the_function_that_is_killed_after_the_gate_is_settled_too() -> None:
    scene = Scene()
    task = lost(scene)
    attempt = task.attempt
    assert attempt is not None
    # As if nothing had been kept but the gate.
    task = scene.store.change(task, settle_at=None)
    scene.clock.now = attempt.lease_until
    assert scene.send(task).wait_seconds == 300
    scene.clock.now += 300
    scene.send(task)
    assert (scene.task(task).state, scene.task(task).attempts) == ("SENT", 2)


def test_a_look_that_fails_is_tried_again_and_at_last_left_to_a_person() -> None:
    scene = Scene()
    task = lost(scene, carried_out(LOST))
    scene.amazon.script["actions"] = [lambda _: reply(500)] * 5000
    scene.clock.now += 300
    step = scene.send(task)
    assert scene.task(task).state == "SENDING"
    while step.wait_seconds is not None:
        scene.clock.now += step.wait_seconds
        step = scene.send(task)
    found = scene.task(task)
    assert (found.state, scene.amazon.count("send")) == ("UNCERTAIN", 1)
    assert scene.clock() > NOW + 86_400
    assert "can't be asked" in str(found.reason)


def test_a_seller_that_is_gone_leaves_it_to_a_person() -> None:
    scene = Scene()
    task = lost(scene)
    scene.end(MessageState.FAILED, f"seller {SELLER} is revoked")
    scene.clock.now += 300
    scene.send(task)
    assert scene.task(task).state == "UNCERTAIN"


def test_another_task_of_the_type_waits_until_the_first_is_settled() -> None:
    """Else what the order offers could be the other's doing."""
    scene = Scene()
    first = lost(scene)
    second = scene.accepted(text="Another question: which size?")
    step = scene.send(second)
    assert step.wait_seconds is not None
    assert first.task_id in str(step.why)
    assert scene.amazon.count("send") == 1
    scene.clock.now += 300
    scene.send(first)
    assert scene.task(first).state == "SENT"
    scene.send(second)
    # Amazon takes one only.
    assert scene.task(second).state == "NOT_ALLOWED"
    assert len(scene.amazon.inbox) == 1
    rows = [item for key, item in scene.table.rows.items() if key[0].startswith("once/")]
    assert ["taskId" in item for item in rows] == [False]


def test_two_orders_do_not_wait_for_each_other() -> None:
    scene = Scene()
    lost(scene)
    other = scene.accepted(amazonOrderId=ORDER.replace("805", "806"))
    scene.send(other)
    assert scene.task(other).state == "SENT"


def test_a_late_answer_after_a_proof_that_was_none_ends_the_task() -> None:
    """The call was carried out later than the settle time allows; its answer still keeps it from a second."""
    scene = Scene()
    task = lost(scene)
    assert task.attempt is not None
    scene.clock.now += 300
    scene.amazon.script["actions"] = [listed, lambda _: reply(503)] + [lambda _: reply(503)] * 5
    scene.send(task)
    assert scene.task(task).state == "ACCEPTED"
    scene.sender()._answers.sent(scene.task(task), task.attempt)
    scene.send(task)
    assert (scene.task(task).state, scene.amazon.count("send")) == ("SENT", 1)


def listed(amazon: Amazon) -> requests.Response:
    return reply(200, {"_embedded": {"actions": list(amazon.actions.values())}})


def test_once_is_read_from_the_live_description() -> None:
    scene = Scene()
    scene.amazon.offer("confirmOrderDetails", description=f"Ask. {ONCE}")
    task = scene.accepted()
    scene.amazon.script["send"] = [LOST]
    scene.send(task)
    assert scene.task(task).state == "SENDING"
