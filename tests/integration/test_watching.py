"""The canary's way, what is noted of arrivals, and one look at the stage, with every right enforced."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cast import SELLERS
from local.function_logs import function_logs
from tests.integration.system import System, order_change

NEVER_SENT = "ITEM_INVENTORY_EVENT_CHANGE"
"""Wanted for every seller, and sent by no other test."""


def logged(system: System, function: str, message: str) -> list[dict[str, Any]]:
    """The lines of a function with a message."""
    groups = function_logs(system.client("logs"), name_contains=function, lines=1000)
    lines = [json.loads(line) for group in groups.values() for line in group if line.startswith("{")]
    return [line for line in lines if line.get("message") == message]


def arrival(system: System, seller_id: str, notification_type: str) -> dict[str, Any]:
    key = {"sellerId": {"S": seller_id}, "notificationType": {"S": notification_type}}
    table = system.outputs["ArrivalsTableName"]
    found = system.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return dict(found.get("Item", {}))


def test_a_canary_comes_through_and_no_consumer_sees_it(system: System) -> None:
    notification_id = system.invoke("RunCanaryFunctionName", {})["notificationId"]

    def event_id() -> str | None:
        row = system.ledger_row(f"notification#{notification_id}")
        return row["eventId"]["S"] if row else None

    system.wait_for(
        lambda: (
            event_id() in {line["correlation_id"] for line in logged(system, "RunCanary", "canary arrived")}
        ),
        "the canary to come through",
    )
    assert system.deliveries_of(notification_id) == []
    assert system.queue_depth("NotificationDeadLetterQueueUrl") == 0


def test_what_comes_is_noted(system: System) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    ids = system.publish(order_change("900-0000001-0000001"))
    system.await_deliveries(ids)

    def noted_at() -> datetime:
        row = arrival(system, SELLERS[1].seller_id, "ORDER_CHANGE")
        return datetime.fromisoformat(row["lastArrivalAt"]["S"]) if row else datetime.min.replace(tzinfo=UTC)

    # Noted after the batch, and at most once a minute by each instance of the function.
    system.wait_for(lambda: noted_at() > before - timedelta(seconds=65), "the arrival to be noted")


def test_a_silence_is_told_once(system: System) -> None:
    seller_id = SELLERS[1].seller_id
    last = datetime.now(UTC) - timedelta(days=2)
    table, client = system.outputs["ArrivalsTableName"], system.client("dynamodb")
    key = {"sellerId": {"S": seller_id}, "notificationType": {"S": NEVER_SENT}}
    client.put_item(
        TableName=table,
        Item={
            **key,
            "firstArrivalAt": {"S": (last - timedelta(days=9)).isoformat()},
            "lastArrivalAt": {"S": last.isoformat(timespec="milliseconds")},
            "longestGaps": {"M": {last.date().isoformat(): {"N": "3600"}}},
        },
    )
    try:
        for _ in range(2):
            system.invoke("WatchStageFunctionName", {})
        event = system.await_operational("SellerSilent", sellerId=seller_id)
        assert (event.source, event.detail["notificationType"]) == ("sellerbus.sellers", NEVER_SENT)
        assert event.detail["usualSeconds"] == 3600
        told = [line["silences_told"] for line in logged(system, "WatchStage", "stage watched")]
        assert sum(told) == 1, "the second look finds it marked"
        gauges = logged(system, "WatchStage", "stage watched")[-1]["gauges"]
        assert gauges["SellersSilent"] == 1
        assert gauges["ClientSecretDays"] in {179, 180}
    finally:
        client.delete_item(TableName=table, Key=key)
