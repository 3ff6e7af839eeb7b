"""What a person can do with a message task, and what not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.messaging.accept_results import Verdict
from sellerbus.messaging.task import MessageState, MessageTask
from tests.unit.messaging.message_scene import DAY, SELLER, TEXT, KilledError, Scene
from tests.unit.messaging.test_sending import carried_out, raising
from tests.unit.messaging.test_settling import lost

LOST = raising(requests.ReadTimeout())


def uncertain(scene: Scene) -> MessageTask:
    """A task whose answer was lost; the buyer has the message."""
    task = scene.accepted()
    scene.amazon.script["send"] = [carried_out(LOST)]
    scene.send(task)
    assert scene.task(task).state == "UNCERTAIN"
    scene.queued.clear()
    return task


def test_it_was_sent() -> None:
    scene = Scene()
    task = uncertain(scene)
    assert scene.operate(task, "settle", "sent") == {"state": "SENT"}
    found = scene.task(task)
    assert (found.state, found.content, found.untold) == ("SENT", None, None)
    assert "a person has decided" in found.notes[0]
    assert scene.types_told() == ["MessageUncertain", "MessageSent"]
    # Said once more it is the same; something else it is too late for.
    assert scene.operate(task, "settle", "sent") == {"state": "SENT"}
    assert scene.operate(task, "settle", "give-up")["error"]["kind"] == "wrong-state"
    assert len(scene.told) == 2


def test_it_is_sent_again_by_a_new_attempt() -> None:
    scene = Scene()
    task = uncertain(scene)
    scene.clock.now += 5 * DAY
    assert scene.operate(task, "settle", "send-again") == {"state": "ACCEPTED"}
    assert scene.queued == [(task.task_id, SELLER)]
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.attempts, scene.amazon.count("send")) == ("SENT", 2, 2)
    assert scene.types_told() == ["MessageUncertain", "MessageSent"]


def in_doubt_and_untold(scene: Scene) -> MessageTask:
    """A task that is UNCERTAIN, of which the bus has not taken the event."""

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "PutEvents":
            raise StoreUnavailableError("PutEvents", "InternalFailure")
        return call()

    scene.around = around
    task = scene.accepted()
    scene.amazon.script["send"] = [LOST]
    with pytest.raises(StoreUnavailableError):
        scene.send(task)
    scene.around = lambda name, call: call()
    found = scene.task(task)
    assert (found.state, found.untold) == ("UNCERTAIN", "MessageUncertain")
    return found


def test_a_doubt_that_is_over_is_told_no_more() -> None:
    """Else the bus would hear MessageUncertain of a task that is to be sent."""
    scene = Scene()
    task = in_doubt_and_untold(scene)
    assert scene.operate(task, "settle", "send-again") == {"state": "ACCEPTED"}
    scene.send(task)
    assert scene.types_told() == ["MessageSent"]


def test_a_doubt_that_a_late_answer_ends_is_told_no_more() -> None:
    scene = Scene()
    task = in_doubt_and_untold(scene)
    assert task.attempt is not None
    scene.sender()._answers.not_sent(task, task.attempt)
    scene.send(task)
    assert (scene.task(task).state, scene.types_told()) == ("SENT", ["MessageSent"])


def test_a_decision_that_was_cut_off_may_be_repeated() -> None:
    scene = Scene()
    task = uncertain(scene)

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "put":
            raise KilledError
        return call()

    scene.around = around
    with pytest.raises(KilledError):
        scene.operate(task, "settle", "send-again")
    scene.around = lambda name, call: call()
    assert scene.queued == []
    assert scene.operate(task, "settle", "send-again") == {"state": "ACCEPTED"}
    assert scene.queued == [(task.task_id, SELLER)]


def test_a_second_doubt_is_told_by_another_id() -> None:
    scene = Scene()
    task = uncertain(scene)
    scene.operate(task, "settle", "send-again")
    scene.amazon.script["send"] = [LOST]
    scene.send(task)
    assert scene.types_told() == ["MessageUncertain", "MessageUncertain"]
    assert len({detail["eventId"] for _, detail in scene.told}) == 2


def test_it_is_given_up() -> None:
    scene = Scene()
    task = uncertain(scene)
    assert scene.operate(task, "settle", "give-up") == {"state": "FAILED"}
    found = scene.task(task)
    assert (found.content, str(found.reason).startswith("given up by a person; ")) == (None, True)
    assert scene.types_told() == ["MessageUncertain", "MessageFailed"]


def test_what_is_given_up_may_have_been_sent_and_is_not_sent_again_without_a_word() -> None:
    scene = Scene()
    task = uncertain(scene)
    scene.clock.now += 5 * DAY
    scene.operate(task, "settle", "give-up")
    scene.clock.now += DAY - 1
    (again,) = scene.accept(scene.request())
    assert (again.verdict, again.task_id, scene.queued) == (Verdict.DUPLICATE, task.task_id, [])
    # Who wants it all the same says so.
    assert scene.accepted(taskId="own").state == "ACCEPTED"
    scene.operate("own", "cancel")
    (again,) = scene.accept(scene.request())
    assert (again.verdict, again.task_id) == (Verdict.DUPLICATE, task.task_id)
    scene.clock.now += 1
    assert scene.accepted().task_id not in (task.task_id, "own")


def test_a_late_refusal_of_what_was_in_doubt_makes_room_for_the_message() -> None:
    """Nothing was sent, and Amazon says so: also where the task ends FAILED."""
    scene = Scene()
    task = uncertain(scene)
    first = scene.task(task).attempt
    assert first is not None
    scene.sender()._answers.refused(scene.task(task), first, MessageState.FAILED, "no")
    assert scene.accepted().task_id != task.task_id


def test_what_is_erased_can_not_be_sent_again() -> None:
    scene = Scene()
    task = uncertain(scene)
    scene.clock.now += 28 * DAY + 1
    scene.sweep()
    refused = scene.operate(task, "settle", "send-again")["error"]
    assert refused["kind"] == "wrong-state"
    assert "erased" in refused["message"]
    assert scene.operate(task, "settle", "sent") == {"state": "SENT"}


def test_a_late_answer_after_the_decision_is_kept_as_a_note() -> None:
    scene = Scene()
    task = uncertain(scene)
    first = scene.task(task).attempt
    assert first is not None
    scene.operate(task, "settle", "give-up")
    scene.sender()._answers.sent(scene.task(task), first)
    found = scene.task(task)
    assert (found.state, found.notes[-1]) == ("FAILED", "attempt 1 was answered late: it was sent")


def test_a_late_answer_spares_the_buyer_a_second_message() -> None:
    """Decided, and not yet sent again: what is known now goes before what was guessed."""
    scene = Scene()
    task = uncertain(scene)
    first = scene.task(task).attempt
    assert first is not None
    scene.operate(task, "settle", "send-again")
    scene.sender()._answers.sent(scene.task(task), first)
    scene.send(task)
    assert (scene.task(task).state, len(scene.amazon.inbox)) == ("SENT", 1)


def test_what_is_not_yet_sent_is_cancelled() -> None:
    scene = Scene()
    task = scene.accepted()
    assert scene.operate(task, "cancel") == {"state": "FAILED"}
    assert scene.operate(task, "cancel") == {"state": "FAILED"}
    scene.send(task)
    assert (scene.amazon.sent, scene.types_told()) == ([], ["MessageFailed"])
    assert scene.task(task).content is None


def test_what_can_not_be_cancelled() -> None:
    scene = Scene()
    sent = scene.accepted()
    scene.send(sent)
    assert scene.operate(sent, "cancel")["error"]["kind"] == "wrong-state"
    unknown = uncertain_of_another(scene)
    assert scene.operate(unknown, "cancel")["error"]["kind"] == "wrong-state"
    assert "settle it" in scene.operate(unknown, "cancel")["error"]["message"]


def uncertain_of_another(scene: Scene) -> MessageTask:
    task = scene.accepted(text="Another question for the buyer.")
    scene.amazon.script["send"] = [LOST]
    scene.send(task)
    return task


def test_what_is_being_sent_is_waited_for() -> None:
    scene = Scene()
    task = lost(scene)
    refused = scene.operate(task, "cancel")["error"]
    assert (refused["kind"], refused["seconds"]) == ("busy", 300)


@pytest.mark.parametrize(
    ("task_id", "request_", "decision"),
    [("t", "dance", None), ("t", "settle", None), ("t", "settle", "adopt"), (None, "cancel", None)],
)
def test_what_nobody_understands(task_id: Any, request_: str, decision: str | None) -> None:
    assert Scene().operate(task_id, request_, decision)["error"]["kind"] == "bad-request"


def test_a_task_that_is_not_there() -> None:
    refused = Scene().operate("nobody", "cancel")["error"]
    assert refused["kind"] == "not-found"


def test_what_is_not_uncertain_is_not_settled() -> None:
    scene = Scene()
    assert scene.operate(scene.accepted(), "settle", "sent")["error"]["kind"] == "wrong-state"


def test_an_outage_is_told_and_changes_nothing() -> None:
    scene = Scene()
    task = uncertain(scene)

    def fault(operation: str, request: Any) -> None:
        raise StoreUnavailableError(operation, "Throttled")

    scene.table.fault = fault
    refused = scene.operate(task, "settle", "sent")["error"]
    assert (refused["kind"], TEXT in refused["message"]) == ("retryable", False)


def test_a_decision_stands_though_it_can_not_be_told_now() -> None:
    scene = Scene()
    task = uncertain(scene)

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "PutEvents":
            raise StoreUnavailableError("PutEvents", "Throttled")
        return call()

    scene.around = around
    assert scene.operate(task, "settle", "sent") == {"state": "SENT"}
    scene.around = lambda name, call: call()
    assert scene.task(task).untold == "MessageSent"
    scene.clock.now += 600
    assert scene.sweep().task_ids == [task.task_id]
    scene.send(task)
    assert scene.types_told() == ["MessageUncertain", "MessageSent"]
