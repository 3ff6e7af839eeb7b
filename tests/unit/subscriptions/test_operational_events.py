"""Events of Sellerbus' own, as they lie on the bus."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvent, OperationalEvents
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.operational_events import drifted, revoked
from tests.unit.subscriptions.fake_registry import row

SELLER = row("A1SELLER")


@dataclass
class Bus:
    refused: frozenset[str] = frozenset()
    fault: Exception | None = None
    calls: list[list[dict[str, Any]]] = field(default_factory=list)

    def put_events(self, **request: Any) -> Any:
        if self.fault is not None:
            raise self.fault
        entries: list[dict[str, Any]] = request["Entries"]
        self.calls.append(entries)
        answers = [
            {"ErrorCode": "InternalFailure", "ErrorMessage": "x"}
            if json.loads(entry["Detail"])["eventId"] in self.refused
            else {"EventId": "bus"}
            for entry in entries
        ]
        return {"FailedEntryCount": sum("ErrorCode" in each for each in answers), "Entries": answers}


def events(bus: Bus) -> OperationalEvents:
    return OperationalEvents(bus, "stage-bus", now=lambda: 1_785_500_000.25)


def test_what_is_told_of_a_task_belongs_to_the_task() -> None:
    bus = Bus()
    events(bus).publish([OperationalEvent("s", "t", {"eventId": "e-1", "taskId": "task-1"})])
    events(bus).publish([OperationalEvent("s", "t", {"eventId": "e-1", "taskId": None})])
    told = [json.loads(entry["Detail"])["correlationId"] for (entry,) in bus.calls]
    assert told == ["task-1", "e-1"]


def test_drift_as_an_event() -> None:
    bus = Bus()
    finding = Finding("ORDER_CHANGE", "1.0", "altered", "s2", "d1", "restoring")
    events(bus).publish([drifted(SELLER, finding)])
    ((entry,),) = bus.calls
    detail = json.loads(entry.pop("Detail"))
    assert entry == {
        "EventBusName": "stage-bus",
        "Source": "sellerbus.subscriptions",
        "DetailType": "SubscriptionDrifted",
    }
    assert detail == {
        "eventId": finding.event_id("A1SELLER"),
        "correlationId": finding.event_id("A1SELLER"),
        "sellerId": "A1SELLER",
        "region": "na",
        "notificationType": "ORDER_CHANGE",
        "payloadVersion": "1.0",
        "drift": "altered",
        "subscriptionId": "s2",
        "destinationId": "d1",
        "action": "restoring",
        "detectedAt": "2026-07-31T12:13:20.250+00:00",
    }


def test_a_revoked_authorisation_as_an_event_whose_id_is_that_of_the_authorisation() -> None:
    one = revoked(SELLER, "token-1", "invalid_grant: Atzr|secret " + "x" * 1000)
    assert (one.source, one.detail_type) == ("sellerbus.sellers", "SellerAuthorizationRevoked")
    assert set(one.detail) == {"eventId", "sellerId", "region", "marketplaceIds", "reason"}
    assert one.detail["marketplaceIds"] == ["ATVPDKIKX0DER"]
    assert "secret" not in str(one.detail["reason"])
    assert len(str(one.detail["reason"])) <= 500
    assert revoked(SELLER, "token-1", "again").detail["eventId"] == one.detail["eventId"]
    assert revoked(SELLER, "token-2", "again").detail["eventId"] != one.detail["eventId"]


def many(count: int) -> list[OperationalEvent]:
    return [OperationalEvent("s", "t", {"eventId": str(number)}) for number in range(count)]


def test_ten_go_in_one_call_and_nothing_in_none() -> None:
    bus = Bus()
    events(bus).publish(many(23))
    assert [len(entries) for entries in bus.calls] == [10, 10, 3]
    events(bus).publish([])
    assert len(bus.calls) == 3


def test_one_refused_entry_of_an_answer_200_is_an_error() -> None:
    with pytest.raises(StoreUnavailableError, match="InternalFailure"):
        events(Bus(refused=frozenset({"4"}))).publish(many(5))


def test_no_answer_is_an_error() -> None:
    fault = EndpointConnectionError(endpoint_url="https://events")
    with pytest.raises(StoreUnavailableError, match="PutEvents"):
        events(Bus(fault=fault)).publish(many(1))
