"""What is handed over becomes a task once, or a dead letter, and no message costs another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.messaging.accept_results import Verdict
from sellerbus.messaging.message_events import event_id
from sellerbus.messaging.task import MessageState, iso
from tests.unit.documents.fake_s3 import failure
from tests.unit.messaging.message_scene import BUCKET, DAY, NOW, ORDER, SELLER, TEXT, US, Scene
from tests.unit.messaging.test_sending import raising


def event(detail: Any, **more: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "MessageRequested",
        "source": "sellerbus.messages",
        "time": "2027-01-15T07:59:00Z",
        "detail": detail,
        **more,
    }


def test_a_request_becomes_a_task_that_is_put_on_the_queue_of_its_seller() -> None:
    scene = Scene()
    task = scene.accepted(marketplaceId="US")
    assert task.task_id == "sqs-00000000-0000-4000-8000-000000000001"
    assert (task.state, task.region, task.marketplace_id, task.origin) == ("ACCEPTED", "na", US, "sqs")
    assert task.content == {"text": TEXT}
    assert task.content_until == NOW + 28 * DAY
    assert scene.queued == [(task.task_id, SELLER)]
    assert scene.counted == {"MessagesAccepted": 1}


def test_an_event_is_told_by_its_id() -> None:
    scene = Scene()
    (result,) = scene.accept(event(scene.request()))
    task = scene.task(str(result.task_id))
    assert task.task_id == "event-17793124-05d4-b198-2fde-7ededc63b103"
    assert (task.origin, task.handed_over_at) == ("event", "2027-01-15T07:59:00.000+00:00")


@pytest.mark.parametrize(
    ("told", "days_ago"),
    [
        (None, 4),
        ("2027-01-10T20:00:00Z", 4.5),
        # Whoever publishes an event may give it any time: the bus has tried for a day at most.
        ("2020-01-01T00:00:00Z", 5),
        ("2030-01-01T00:00:00Z", 4),
        ("nonsense", 4),
    ],
)
def test_a_text_is_kept_from_when_it_was_handed_over_and_not_from_when_it_is_taken(
    told: str | None, days_ago: float
) -> None:
    scene = Scene()
    assert iso(NOW) == "2027-01-15T08:00:00.000+00:00"
    body = scene.request() if told is None else event(scene.request(), time=told)
    (result,) = scene.accept(replace(scene.message(body), sent_at=NOW - 4 * DAY))
    task = scene.task(str(result.task_id))
    assert task.content_until == NOW + (28 - days_ago) * DAY
    assert task.handed_over_at == iso(NOW - days_ago * DAY)
    assert task.created_at == iso(NOW)


def test_the_callers_task_id_is_kept() -> None:
    assert Scene().accepted(taskId="order-1").task_id == "order-1"


def test_the_message_that_comes_again_is_the_same_task_and_goes_on() -> None:
    scene = Scene()
    message = scene.message(scene.request())
    verdicts = [scene.accept(message)[0].verdict for _ in range(2)]
    assert verdicts == [Verdict.TAKEN, Verdict.KNOWN]
    # It may have been cut off between the row and the queue.
    assert len(scene.queued) == 2
    assert scene.counted["MessagesAccepted"] == 1


def test_the_same_task_id_with_the_same_message_is_the_first_task_and_nothing_new() -> None:
    scene = Scene()
    first = scene.accepted(taskId="order-1")
    (result,) = scene.accept(scene.request(taskId="order-1"))
    assert (result.verdict, result.task_id) == (Verdict.KNOWN, first.task_id)
    assert len(scene.queued) == 1
    scene.send(first)
    (result,) = scene.accept(scene.request(taskId="order-1"))
    assert (result.verdict, len(scene.amazon.inbox)) == (Verdict.KNOWN, 1)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"text": "Another text for the buyer."}, "another content"),
        ({"amazonOrderId": "902-6786204-8179806"}, "another amazonOrderId"),
        ({"messageType": "confirmCustomizationDetails"}, "another messageType"),
    ],
)
def test_the_same_task_id_with_another_message_is_refused(change: dict[str, Any], named: str) -> None:
    scene = Scene()
    scene.accepted(taskId="order-1")
    message = scene.message(scene.request(taskId="order-1", **change))
    (result,) = scene.accept(message)
    assert result.verdict is Verdict.REFUSED
    task = scene.task(str(result.task_id))
    assert task.task_id.startswith("refused-")
    assert (len(task.task_id), task.asked_task_id, task.state) == (40, "order-1", "REFUSED")
    assert (task.content, task.untold, task.sweep) == (None, None, None)
    assert named in str(task.reason)
    assert TEXT not in str(task.reason)
    assert scene.types_told() == ["MessageRefused"]
    # The message that comes again is refused as the same.
    (again,) = scene.accept(message)
    assert (again.task_id, len(scene.told)) == (result.task_id, 1)


def test_the_same_message_within_a_day_is_the_same_task() -> None:
    scene = Scene()
    first = scene.accepted()
    scene.send(first)
    scene.clock.now += DAY - 1
    (result,) = scene.accept(scene.request())
    assert (result.verdict, result.task_id) == (Verdict.DUPLICATE, first.task_id)
    assert scene.counted["MessagesDuplicate"] == 1
    assert len(scene.queued) == 1
    scene.clock.now += 1
    assert scene.accepted().task_id != first.task_id


def test_the_same_message_is_the_same_task_while_the_first_may_still_be_sent() -> None:
    scene = Scene()
    first = scene.accepted()
    scene.clock.now += 3 * DAY
    (result,) = scene.accept(scene.request())
    assert (result.verdict, result.task_id) == (Verdict.DUPLICATE, first.task_id)
    # Its day begins when it is sent.
    scene.store.change(
        scene.task(first), state=MessageState.SENT, sent_at=iso(scene.clock()), untold="MessageSent"
    )
    scene.clock.now += DAY - 1
    (result,) = scene.accept(scene.request())
    assert result.verdict is Verdict.DUPLICATE
    scene.clock.now += 2
    second = scene.accepted()
    assert second.task_id != first.task_id
    (result,) = scene.accept(scene.request())
    assert (result.verdict, result.task_id) == (Verdict.DUPLICATE, second.task_id)


@pytest.mark.parametrize("more", [{"force": True}, {"taskId": "another"}])
def test_the_same_message_is_another_where_the_caller_says_so(more: dict[str, Any]) -> None:
    scene = Scene()
    first = scene.accepted()
    second = scene.accepted(**more)
    assert second.task_id != first.task_id
    assert second.content_hash == first.content_hash


def test_another_text_order_or_seller_is_another_message() -> None:
    scene = Scene()
    scene.accepted()
    scene.accepted(text="Another text for the buyer.")
    scene.accepted(amazonOrderId=ORDER.replace("805", "806"))
    scene.accepted(sellerId="A3EXAMPLE")
    assert len(scene.queued) == 4


def test_a_message_that_was_not_sent_may_be_handed_over_again() -> None:
    scene = Scene()
    first = scene.accepted(messageType="unexpectedProblem")
    scene.send(first)
    assert scene.task(first).state == "NOT_ALLOWED"
    second = scene.accepted(messageType="unexpectedProblem")
    assert second.task_id != first.task_id


def test_a_message_that_was_sent_or_may_have_been_may_not() -> None:
    scene = Scene()
    first = scene.accepted()
    scene.send(first)
    (result,) = scene.accept(scene.request())
    assert result.verdict is Verdict.DUPLICATE


def test_the_end_of_a_task_frees_its_own_message_only() -> None:
    scene = Scene()
    first = scene.accepted()
    forced = scene.accepted(force=True)
    # The first ends badly, and the second is still to be sent.
    scene.operate(first, "cancel")
    (result,) = scene.accept(scene.request())
    assert (result.verdict, result.task_id) == (Verdict.DUPLICATE, forced.task_id)


@pytest.mark.parametrize("more", [{"force": True}, {"taskId": "another"}])
def test_a_repetition_that_is_not_sent_makes_no_room_where_the_first_was(more: dict[str, Any]) -> None:
    scene = Scene()
    first = scene.accepted()
    scene.send(first)
    scene.clock.now += DAY / 2
    second, third = scene.accepted(**more), scene.accepted(force=True)
    for task in (second, third):
        scene.operate(task, "cancel")
    (result,) = scene.accept(scene.request())
    assert (result.verdict, result.task_id) == (Verdict.DUPLICATE, first.task_id)
    # Its own day counts, and not the repetitions'.
    scene.clock.now += DAY / 2
    fourth = scene.accepted()
    # The last one leaves nothing behind.
    for task in (fourth, scene.accepted(force=True)):
        scene.operate(task, "cancel")
    assert scene.accepted().state == "ACCEPTED"


def test_of_several_with_the_same_message_each_that_may_be_sent_counts() -> None:
    scene = Scene()
    first = scene.accepted()
    scene.amazon.script["send"] = [raising(requests.ReadTimeout())]
    scene.send(first)
    second = scene.accepted(force=True)
    scene.send(second)
    scene.clock.now += 2 * DAY
    assert [scene.task(each).state for each in (first, second)] == ["UNCERTAIN", "SENT"]
    (result,) = scene.accept(scene.request())
    assert (result.verdict, result.task_id) == (Verdict.DUPLICATE, first.task_id)


def test_attachments_are_pinned_and_told_by_their_bytes() -> None:
    scene = Scene()
    key, other = scene.attach("a.txt", b"same"), scene.attach("b.txt", b"same")
    kind = {"messageType": "confirmCustomizationDetails"}
    first = scene.accepted(**kind, attachments=[{"key": key, "fileName": "a.txt"}])
    assert first.content is not None
    (pointer,) = first.content["attachments"]
    assert (pointer["sizeBytes"], len(pointer["sha256"])) == (4, 64)
    # Elsewhere in the bucket, with the same bytes and name: the same message.
    (result,) = scene.accept(scene.request(**kind, attachments=[{"key": other, "fileName": "a.txt"}]))
    assert result.verdict is Verdict.DUPLICATE
    scene.attach("a.txt", b"else")
    assert scene.accepted(**kind, attachments=[{"key": key, "fileName": "a.txt"}]).task_id != first.task_id


def test_an_attachment_that_is_not_there_refuses_the_message() -> None:
    scene = Scene()
    key = f"attachments/{SELLER}/secret.txt"
    (result,) = scene.accept(scene.request(attachments=[{"key": scene.attach()}, {"key": key}]))
    task = scene.task(str(result.task_id))
    assert (result.verdict, task.state, scene.queued) == (Verdict.REFUSED, "REFUSED", [])
    assert [(each["rule"], each["field"]) for each in task.findings] == [
        ("attachment-not-found", "attachments[1]")
    ]
    assert scene.types_told() == ["MessageRefused"]
    assert scene.told[0][1]["findings"] == [dict(each) for each in task.findings]
    assert "secret" not in repr(scene.told) + str(result.reason)
    # Once it is there, the same message may come again.
    scene.attach("secret.txt")
    assert scene.accepted(attachments=[{"key": scene.attach()}, {"key": key}]).state == "ACCEPTED"


@pytest.mark.parametrize("by_event", [True, False])
def test_a_marketplace_of_another_region_is_refused_before_amazon_is_called(by_event: bool) -> None:
    scene = Scene()
    asked = scene.request(marketplaceId="DE", attachments=[{"key": "attachments/A2EW6EXAMPLE11/gone.txt"}])
    (result,) = scene.accept(event(asked) if by_event else asked)
    task = scene.task(str(result.task_id))
    assert (result.verdict, task.state, scene.queued) == (Verdict.REFUSED, "REFUSED", [])
    (finding,) = task.findings
    assert (finding["rule"], finding["field"]) == ("other-region", "marketplaceId")
    assert finding["limit"] == "marketplaces of region na (US, CA)"
    assert "the marketplace is of region eu" in finding["text"]
    assert (scene.types_told(), scene.amazon.sent) == (["MessageRefused"], [])
    # Another marketplace of the region is the seller's matter.
    assert scene.accepted(marketplaceId="MX").state == "ACCEPTED"


@pytest.mark.parametrize("later", [b"Another example.", None])
def test_the_message_that_comes_again_goes_on_whatever_its_attachments_are_by_then(
    later: bytes | None,
) -> None:
    scene = Scene()
    kind = {"messageType": "invoice", "text": None, "attachments": [{"key": scene.attach("i.txt")}]}
    message = scene.message(scene.request(**kind))
    (first,) = scene.accept(message)
    scene.queued.clear()
    if later is None:
        scene.s3.objects.clear()
    else:
        scene.attach("i.txt", later)
    (again,) = scene.accept(message)
    assert (again.verdict, again.task_id, scene.told) == (Verdict.KNOWN, first.task_id, [])
    assert scene.queued == [(first.task_id, SELLER)]


def test_a_refusal_that_comes_again_stays_one_though_its_attachment_is_there_by_then() -> None:
    scene = Scene()
    key = f"attachments/{SELLER}/late.txt"
    message = scene.message(scene.request(attachments=[{"key": key}]))
    (first,) = scene.accept(message)
    scene.attach("late.txt")
    (again,) = scene.accept(message)
    assert (again.verdict, again.task_id) == (Verdict.KNOWN, first.task_id)
    assert scene.types_told() == ["MessageRefused"]


def test_a_repetition_is_known_though_its_attachments_are_gone() -> None:
    scene = Scene()
    kind = {"taskId": "order-1", "messageType": "invoice", "text": None}
    scene.accepted(**kind, attachments=[{"key": scene.attach("i.txt")}])
    scene.s3.objects.clear()
    (result,) = scene.accept(scene.request(**kind, attachments=[{"key": f"attachments/{SELLER}/i.txt"}]))
    assert (result.verdict, result.task_id) == (Verdict.KNOWN, "order-1")
    assert scene.told == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no JSON", "no-json"),
        ('{"sellerId": "A", "sellerId": "B"}', "no-json"),
        ("[]", "no-json"),
        (event({}, **{"detail-type": "FeedRequested"}), "event-form"),
        (event({}, source="somebody"), "event-form"),
        (event({}, id=None), "event-form"),
        (event("text"), "request-form"),
        ({}, "request-form"),
    ],
)
def test_what_can_become_no_task_is_a_dead_letter_with_its_reason(body: Any, reason: str) -> None:
    scene = Scene()
    (result,) = scene.accept(body)
    ((message, given, detail),) = scene.dead
    assert (result.verdict, given, scene.told, scene.table.rows) == (Verdict.REJECTED, reason, [], {})
    assert message is result.message
    assert detail


def test_where_seller_and_order_are_known_a_dead_letter_is_told_of() -> None:
    scene = Scene()
    (result,) = scene.accept(scene.request(taskId="order-1", colour="blue", marketplaceId="Mars"))
    assert result.verdict is Verdict.REJECTED
    ((detail_type, detail),) = scene.told
    assert detail_type == "MessageRefused"
    assert (detail["taskId"], detail["sellerId"], detail["amazonOrderId"]) == ("order-1", SELLER, ORDER)
    assert {each["field"] for each in detail["findings"]} == {"request", "marketplaceId"}
    assert detail["eventId"] == event_id("order-1", "MessageRefused", 0)
    assert TEXT not in json.dumps(scene.told)
    assert scene.counted == {"MessagesRefused": 1}


def test_attachments_of_others_are_refused() -> None:
    scene = Scene()
    key = scene.attach(seller="A3EXAMPLE")
    results = scene.accept(
        scene.request(attachments=[{"key": key}]),
        scene.request(attachments=[{"bucket": "other", "key": scene.attach()}]),
        scene.request(attachments=[{"bucket": BUCKET, "key": scene.attach()}]),
    )
    assert [each.verdict for each in results] == [Verdict.REJECTED, Verdict.REJECTED, Verdict.TAKEN]


def test_no_message_costs_another() -> None:
    scene = Scene()

    def fault(operation: str, request: Any) -> None:
        if "902-6786204-8179806" in repr(request):
            raise ZeroDivisionError(TEXT)
        if "902-6786204-8179807" in repr(request):
            raise StoreUnavailableError("TransactWriteItems", "Throttled")

    scene.table.fault = fault
    results = scene.accept(
        scene.request(amazonOrderId="902-6786204-8179806"),
        scene.request(amazonOrderId="902-6786204-8179807"),
        "no JSON",
        scene.request(),
    )
    assert [each.verdict.value for each in results] == ["failed", "failed", "rejected", "taken"]
    assert str(results[0].reason).startswith("defect: ZeroDivisionError at test_accepting.py")
    assert TEXT not in str(results[0].reason)
    assert [each.retry_seconds for each in results[:2]] == [5, 5]


def test_what_can_not_be_read_now_comes_again() -> None:
    scene = Scene()
    key = scene.attach()

    def fault(operation: str, count: int) -> None:
        raise failure("SlowDown", 503)

    scene.s3.fault = fault
    (result,) = scene.accept(scene.request(attachments=[{"key": key}]))
    assert (result.verdict, scene.table.rows) == (Verdict.FAILED, {})
    assert "example.txt" not in str(result.reason)


def test_what_there_is_no_time_for_comes_again_before_long_and_ever_more_seldom() -> None:
    """The queue counts receives, and gives a message up by them."""
    scene = Scene()
    messages = [scene.message(scene.request(), receive_count=count) for count in (1, 3)]
    results = scene.acceptor().accept(messages, lambda: 10_000)
    assert [(each.verdict, each.retry_seconds) for each in results] == [
        (Verdict.FAILED, 5),
        (Verdict.FAILED, 20),
    ]
    assert scene.table.rows == {}


def test_a_withdrawn_type_becomes_a_task_that_tells_why() -> None:
    assert Scene().accepted(messageType="CreateAmazonMotors").message_type == "amazonMotors"
