"""Who waits for whom: many messages of one seller hold up nobody else's, and what is left alone goes on."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator

import pytest

from tests.integration.messages import FIRST, OPERATIONS, SECOND, US, Messages
from tests.integration.system import System

pytestmark = pytest.mark.usefixtures("message_crashed")

MANY = 24
RATE, BURST = 1.0, 5
"""As Amazon's model has it."""
OTHERS_SECONDS = 45.0


def test_many_messages_of_one_seller_hold_up_no_other_sellers_message(
    system: System, messages: Messages
) -> None:
    for name in OPERATIONS:
        messages.amazon.set_rate(f"messaging/v1/{name}", per_second=RATE, burst=BURST)
    try:
        many = {f"many-{number:02}": messages.request(f"many-{number:02}") for number in range(MANY)}
        for request in many.values():
            messages.tasks.send(request, group=FIRST)
        other = messages.request("others-one", seller_id=SECOND)
        messages.tasks.send(other, group=SECOND)

        states = messages.states("others-one", within_seconds=OTHERS_SECONDS)

        rows = messages.tasks.tasks(list(many))
        waiting = [name for name in many if rows[name].get("state") == "ACCEPTED"]
        assert states == {"others-one": "SENT"}
        assert len(waiting) > MANY / 4, f"the other seller's message came among the last: {waiting} wait"
    finally:
        messages.lift_limits()
    assert set(messages.states(*many, within_seconds=120).values()) == {"SENT"}
    assert [len(messages.outbox(request)) for request in many.values()] == [1] * MANY


def test_a_task_whose_message_is_gone_is_taken_up_by_the_sweeper(system: System, messages: Messages) -> None:
    request = messages.request("swept", seller_id=SECOND)
    with held_back(system):
        messages.tasks.send(request)
        system.wait_for(
            lambda: messages.tasks.task("swept").get("state") == "ACCEPTED", "the task to be there"
        )
        take_away(system, "swept")
    put_in_row(system, "swept", "sweepAt", {"S": "2026-01-01T00:00:00.000+00:00"})

    sweep(system)

    assert messages.states("swept") == {"swept": "SENT"}
    assert len(messages.outbox(request)) == 1


def test_a_text_that_is_too_old_is_erased_though_nobody_has_decided(
    system: System, messages: Messages
) -> None:
    request = messages.request("too-old", seller_id=SECOND)
    messages.amazon.break_requests("messaging/v1/createConfirmOrderDetails", sellerId=SECOND, cut="after")
    messages.tasks.send(request)
    assert messages.states("too-old") == {"too-old": "UNCERTAIN"}
    messages.await_told({"too-old": ["MessageUncertain"]})
    system.wait_for(lambda: "untold" not in messages.tasks.task("too-old"), "the row to say that it was told")
    assert messages.tasks.task("too-old").get("content")
    put_in_row(system, "too-old", "contentUntil", {"N": "1767225600"})
    put_in_row(system, "too-old", "sweepAt", {"S": "2026-01-01T00:00:00.000+00:00"})

    sweep(system)

    row = messages.tasks.task("too-old")
    assert (row["state"], row.get("content")) == ("UNCERTAIN", None)
    refused = system.invoke(
        "OperateMessageFunctionName", {"request": "settle", "taskId": "too-old", "decision": "send-again"}
    )
    assert "erased" in refused["error"]["message"]
    assert request["text"] not in json.dumps(row, default=str)


def test_recent_orders_and_what_an_order_allows_are_told_to_operators(
    system: System, messages: Messages
) -> None:
    order_id = messages.order(SECOND, offered=["confirmOrderDetails", "sendInvoice"])
    asked = {"sellerId": SECOND, "marketplaceId": US}

    orders = system.invoke("LookUpOrdersFunctionName", {"request": "orders", "fresh": True, **asked})
    actions = system.invoke(
        "LookUpOrdersFunctionName", {"request": "actions", "amazonOrderId": order_id, **asked}
    )

    assert orders["complete"] is True
    assert order_id in [order["amazonOrderId"] for order in orders["orders"]]
    assert "buyer@" not in json.dumps(orders)
    allowed = {action["name"] for action in actions["actions"] if action["allowed"]}
    assert allowed == {"confirmOrderDetails", "invoice"}
    assert all(action["why"] for action in actions["actions"] if not action["allowed"])


@contextlib.contextmanager
def held_back(system: System) -> Iterator[None]:
    """While it lasts, nobody takes what is to be sent."""
    functions = system.client("lambda")
    (name,) = system.function_names("SendMessage")
    (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        # What was being received when it was switched off.
        time.sleep(2)
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def take_away(system: System, task_id: str) -> None:
    """Deletes a task's message from the queue; others that are there become visible again."""
    sqs, queue = system.client("sqs"), system.outputs["MessageSendQueueUrl"]

    def gone() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=5)
        for message in answer.get("Messages", []):
            if json.loads(message["Body"])["taskId"] == task_id:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                return True
        return False

    system.wait_for(gone, f"the message of {task_id}")


def put_in_row(system: System, task_id: str, name: str, value: dict[str, str]) -> None:
    """As if time had passed."""
    system.client("dynamodb").update_item(
        TableName=system.outputs["MessageTableName"],
        Key={"pk": {"S": f"message-task/{task_id}"}, "sk": {"S": "task"}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": value},
    )


def sweep(system: System) -> None:
    (name,) = system.function_names("SweepMessages")
    answer = system.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    content = answer["Payload"].read()
    assert not answer.get("FunctionError"), content
