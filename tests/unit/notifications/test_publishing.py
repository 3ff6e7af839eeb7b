"""Events as EventBridge takes them."""

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.publishing import (
    Event,
    EventBus,
    PayloadStore,
    PublishFailure,
    build_event,
    chunked,
)
from tests.builders import ORDER_ID, SELLER_ID, body, order_change
from tests.fakes import client_error


def _event(notification: dict[str, Any] | str, **more: Any) -> Event | None:
    text = notification if isinstance(notification, str) else body(notification)
    envelope = parse_envelope(text)
    return build_event(envelope, describe(envelope), "event-1", stale=False, **more)


def test_the_detail_is_what_docs_events_promises() -> None:
    event = _event(order_change())
    assert event is not None
    assert json.loads(event.detail) == {
        "eventId": "event-1",
        "correlationId": "event-1",
        "notificationId": "n-1",
        "notificationIdDerived": False,
        "notificationType": "ORDER_CHANGE",
        "payloadVersion": "1.0",
        "sellerId": SELLER_ID,
        "marketplaceId": "ATVPDKIKX0DER",
        "eventTime": "2026-01-11T00:09:53.109Z",
        "publishTime": "2026-01-11T00:09:54.000Z",
        "entity": {"kind": "order", "id": ORDER_ID},
        "stale": False,
        "origin": "amazon",
        "payload": order_change()["Payload"],
        "payloadLocation": None,
    }


def test_size_counts_bytes_as_eventbridge_does() -> None:
    notification = order_change()
    notification["Payload"] = {"name": "東京"}
    event = _event(notification)
    assert event is not None
    assert event.size_bytes == len(b"sellerbus.notifications") + len(b"ORDER_CHANGE") + len(
        event.detail.encode()
    )
    assert "東京" in event.detail


@pytest.mark.parametrize(
    "payload", ["1e999", "[-1e999]", '"\\ud800"', str(2**63), f'{{"a": [{-(2**63) - 1}]}}']
)
def test_what_the_bus_cannot_carry_is_not_put_on_it(payload: str) -> None:
    text = f'{{"notificationType": "X", "payload": {payload}}}'
    assert _event(text) is None
    located = _event(text, payload_location={"bucket": "b", "key": "k"})
    assert located is not None
    assert json.loads(located.detail)["payload"] is None
    assert json.loads(located.detail)["payloadLocation"] == {"bucket": "b", "key": "k"}


@pytest.mark.parametrize(
    "payload", [str(2**63 - 1), str(-(2**63)), '"1Z999AA10123456784123456789"', "0.1234567890123456"]
)
def test_long_digits_that_the_bus_can_carry_stay(payload: str) -> None:
    assert _event(f'{{"notificationType": "X", "payload": {payload}}}') is not None


def _sized(count: int, characters: int) -> list[Event]:
    return [Event(f"e{index}", "T", "x" * characters) for index in range(count)]


def test_chunks_keep_order_and_both_limits() -> None:
    events = _sized(23, 100)
    assert [len(chunk) for chunk in chunked(events, 10_000)] == [10, 10, 3]
    assert [e for chunk in chunked(events, 10_000) for e in chunk] == events
    size = events[0].size_bytes
    assert [len(chunk) for chunk in chunked(events, 4 * size)] == [4, 4, 4, 4, 4, 3]
    assert [len(chunk) for chunk in chunked(events, 4 * size - 1)] == [3] * 7 + [2]
    assert list(chunked([], 10)) == []


class _Bus:
    def __init__(self, *answers: Any) -> None:
        self.requests: list[Any] = []
        self._answers = list(answers)

    def put_events(self, **request: Any) -> Any:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_failed_entries_are_told_apart_by_position() -> None:
    client = _Bus(
        {
            "FailedEntryCount": 2,
            "Entries": [
                {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"},
                {"EventId": "bus-2"},
                {"ErrorCode": "InternalFailure"},
            ],
        }
    )
    assert EventBus(client, "sellerbus").publish(_sized(3, 5)) == [
        PublishFailure("ThrottlingException"),
        "bus-2",
        PublishFailure("InternalFailure"),
    ]
    assert client.requests[0]["Entries"][0] == {
        "EventBusName": "sellerbus",
        "Source": "sellerbus.notifications",
        "DetailType": "T",
        "Detail": "xxxxx",
    }


def test_fewer_answers_than_entries_is_no_success() -> None:
    with pytest.raises(ValueError, match="shorter"):
        EventBus(_Bus({"Entries": [{"EventId": "bus-1"}]}), "sellerbus").publish(_sized(2, 5))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (client_error("PutEvents", "AccessDeniedException"), "AccessDeniedException"),
        (ReadTimeoutError(endpoint_url="https://events"), "ReadTimeoutError"),
    ],
)
def test_a_call_that_fails_says_which_and_how(fault: Exception, code: str) -> None:
    with pytest.raises(StoreUnavailableError, match=f"PutEvents failed with {code}"):
        EventBus(_Bus(fault), "sellerbus").publish(_sized(1, 5))


def test_a_kept_payload_is_the_body_byte_for_byte() -> None:
    requests: list[Any] = []

    class S3:
        def put_object(self, **request: Any) -> Any:
            requests.append(request)

    text = '{"notificationType": "X", "payload": {"名": 1e999}}'
    location = PayloadStore(S3(), "bucket").keep("event-1", text)
    assert requests[0]["Body"] == text.encode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert (requests[0]["Bucket"], requests[0]["Key"]) == ("bucket", f"payloads/event-1/{digest}.json")
    assert location == {
        "bucket": "bucket",
        "key": f"payloads/event-1/{digest}.json",
        "bytes": len(text.encode()),
        "sha256": digest,
    }
