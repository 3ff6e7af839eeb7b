"""What is told of message tasks, and what never is."""

from __future__ import annotations

import pytest

from sellerbus.messaging.finding import Finding
from sellerbus.messaging.message_events import METRICS, OF_STATE, event_id, of_task, refused_request, told
from sellerbus.messaging.task import ENDED, Attempt, MessageState
from tests.unit.messaging.message_rows import row
from tests.unit.messaging.message_scene import NOW, ORDER, SELLER, US


def test_an_event_has_everything_but_the_message() -> None:
    task = row(
        state=MessageState.REFUSED,
        reason="no",
        findings=({"rule": "html", "field": "text"},),
        allowed=("invoice",),
        attempt=Attempt("token", 2, NOW, NOW, NOW),
    )
    event = of_task(task, "MessageRefused")
    assert (event.source, event.detail_type) == ("sellerbus.messages", "MessageRefused")
    assert event.detail == {
        "eventId": event_id("t1", "MessageRefused", 2),
        "taskId": "t1",
        "askedTaskId": None,
        "sellerId": SELLER,
        "region": "na",
        "marketplaceId": US,
        "amazonOrderId": ORDER,
        "messageType": "confirmOrderDetails",
        "state": "REFUSED",
        "reason": "no",
        "findings": [{"rule": "html", "field": "text"}],
        "allowed": ["invoice"],
        "attempts": 2,
        "sentAt": None,
    }
    assert "Which colour" not in repr(event)


def test_a_refused_request_is_told_in_the_same_form() -> None:
    event = refused_request("sqs-1", {"sellerId": SELLER, "taskId": None, "region": None}, "no")
    assert event.detail.keys() == of_task(row(), "MessageSent").detail.keys()
    assert (event.detail["state"], event.detail["region"], event.detail["attempts"]) == ("REFUSED", None, 0)
    assert event.detail["askedTaskId"] is None


def test_findings_are_a_list_or_null_and_each_says_the_same_of_itself() -> None:
    finding = Finding("html", "text", "It has HTML.")
    kept = {"rule": "html", "field": "text", "severity": "error", "text": "It has HTML.", "limit": None}
    known = {"sellerId": SELLER}
    for event in (
        of_task(row(findings=(finding.document(),)), "MessageSent"),
        refused_request("t1", known, "no", [finding.document()]),
    ):
        assert event.detail["findings"] == [kept]
    for event in (of_task(row(), "MessageSent"), refused_request("t1", known, "no")):
        assert event.detail["findings"] is None


def test_who_asked_for_an_id_that_is_taken_is_told_by_the_id_that_was_asked_for() -> None:
    event = of_task(row("refused-1", asked_task_id="order-1", state=MessageState.REFUSED), "MessageRefused")
    assert (event.detail["taskId"], event.detail["askedTaskId"]) == ("refused-1", "order-1")


def test_every_end_and_doubt_has_an_event_and_a_metric() -> None:
    assert OF_STATE.keys() == {*ENDED, MessageState.UNCERTAIN}
    assert METRICS.keys() == {*OF_STATE.values()}


def test_an_id_is_the_same_at_each_telling_and_another_for_another_thing() -> None:
    ids = {
        event_id("t1", "MessageSent", 1),
        event_id("t1", "MessageSent", 2),
        event_id("t2", "MessageSent", 1),
    }
    assert len(ids | {event_id("t1", "MessageUncertain", 1)}) == 4
    assert event_id("t1", "MessageSent", 1) == event_id("t1", "MessageSent", 1)


@pytest.mark.parametrize("secret", ["Atza|IwEBI", "https://s3.amazonaws.com/x?X-Amz-Signature=5ec2e7"])
def test_a_reason_holds_no_secret(secret: str) -> None:
    assert secret not in told(f"it said {secret}\nand more")
    assert "\n" not in told("a\nb")
