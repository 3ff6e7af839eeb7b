"""Batches: what is shared between notifications, and what must not be."""

import json
from collections import Counter
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications import candidates, processing
from sellerbus.notifications.ledger import Ledger, event_id
from sellerbus.notifications.ordering import OrderingGuard
from sellerbus.notifications.processing import NotificationProcessor
from sellerbus.notifications.publishing import EventBus, PayloadStore
from sellerbus.notifications.queues import DeadLetterQueue, Delivery, NotificationQueue
from sellerbus.notifications.results import Outcome, Result, retry_seconds
from tests.builders import body, feed_finished, order_change, partner_event
from tests.fakes import FakeDynamoDb, client_error

NOW = 1_800_000_000_000
SENT_AT_MS = NOW - 2000
BUDGET_MS = 18_000


class Aws:
    """The four services behind a processor; `faults` maps an operation to what it raises, in turn."""

    def __init__(self, *, maximum_event_bytes: int = 262_144) -> None:
        self.now = NOW
        self.db = FakeDynamoDb()
        self.events: list[dict[str, Any]] = []
        self.calls: Counter[str] = Counter()
        self.refused_entries: set[str] = set()
        self.hidden: dict[str, int] = {}
        self.dead: list[dict[str, Any]] = []
        self.dead_refused: set[str] = set()
        self.objects: dict[str, bytes] = {}
        self.faults: dict[str, list[Exception]] = {}
        self.remaining = [55_000]
        self.processor = NotificationProcessor(
            ledger=Ledger(
                self, "ledger", completed_retention_seconds=60, now=lambda: self.now, sleep=lambda s: None
            ),
            guard=OrderingGuard(
                self, "ledger", retention_seconds=60, now=lambda: self.now, sleep=lambda s: None
            ),
            bus=EventBus(self, "bus"),
            payloads=PayloadStore(self, "bucket"),
            queue=NotificationQueue(self, "queue"),
            dead_letters=DeadLetterQueue(self, "dead-letters"),
            now=lambda: self.now,
            lease_margin_ms=35_000,
            publish_budget_ms=BUDGET_MS,
            maximum_event_bytes=maximum_event_bytes,
        )

    def _count(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.faults.get(operation):
            raise self.faults[operation].pop(0)

    def transact_write_items(self, **request: Any) -> Any:
        self._count("transact_write_items")
        return self.db.transact_write_items(**request)

    def batch_get_item(self, **request: Any) -> Any:
        self._count("batch_get_item")
        return self.db.batch_get_item(**request)

    def put_events(self, **request: Any) -> Any:
        self._count("put_events")
        answers = []
        for entry in request["Entries"]:
            detail = json.loads(entry["Detail"])
            if detail["notificationId"] in self.refused_entries:
                answers.append({"ErrorCode": "ThrottlingException"})
            else:
                self.events.append(detail)
                answers.append({"EventId": f"bus-{len(self.events)}"})
        return {"Entries": answers}

    def put_object(self, **request: Any) -> Any:
        self._count("put_object")
        self.objects[request["Key"]] = request["Body"]
        return {}

    def change_message_visibility_batch(self, **request: Any) -> Any:
        self._count("change_message_visibility_batch")
        for entry in request["Entries"]:
            self.hidden[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]
        return {}

    def send_message_batch(self, **request: Any) -> Any:
        self._count("send_message_batch")
        sent = []
        for entry in request["Entries"]:
            if entry["MessageAttributes"]["sourceMessageId"]["StringValue"] not in self.dead_refused:
                self.dead.append(entry)
                sent.append({"Id": entry["Id"]})
        return {"Successful": sent}

    def process(self, *bodies: str, receive_count: int = 1) -> list[Result]:
        deliveries = [
            Delivery(f"m-{index}", f"m-{index}", text, receive_count, sent_at_ms=SENT_AT_MS + index)
            for index, text in enumerate(bodies, 1)
        ]
        left = iter([*self.remaining, *[self.remaining[-1]] * 1000])
        results = self.processor.process(deliveries, lambda: next(left))
        assert sorted(r.delivery.message_id for r in results) == sorted(d.message_id for d in deliveries)
        return sorted(results, key=lambda result: int(result.delivery.message_id[2:]))


def outcomes(results: list[Result]) -> list[str]:
    return [result.outcome.value for result in results]


def orders(count: int) -> list[str]:
    return [body(order_change(f"n-{index}", order_id=f"order-{index}")) for index in range(count)]


def test_a_batch_costs_a_claim_a_look_at_the_guard_and_two_calls_per_ten_events() -> None:
    aws = Aws()
    assert outcomes(aws.process(*orders(30))) == ["published"] * 30
    assert aws.calls == {"transact_write_items": 2 + 3, "put_events": 3}
    assert len({event["eventId"] for event in aws.events}) == 30


def test_copies_in_one_batch_and_after_it() -> None:
    aws = Aws()
    one, two = body(order_change("n-1")), body(feed_finished("n-2"))
    assert outcomes(aws.process(one, two, one, one)) == ["published", "published", "copy", "copy"]
    assert outcomes(aws.process(one)) == ["copy"]
    assert [event["eventId"] for event in aws.events] == [event_id("n-1"), event_id("n-2")]


def test_one_bad_body_goes_alone_to_the_dead_letter_queue_with_its_reason() -> None:
    aws = Aws()
    results = aws.process(
        body(order_change("n-1")), "not json, a buyer's address", body(feed_finished("n-2"))
    )
    assert outcomes(results) == ["published", "rejected", "published"]
    assert aws.dead == [
        {
            "Id": "0",
            "MessageBody": "not json, a buyer's address",
            "MessageAttributes": {
                "reason": {"DataType": "String", "StringValue": "not-json"},
                "detail": {
                    "DataType": "String",
                    "StringValue": "the body of 27 characters is not JSON at character 0",
                },
                "sourceMessageId": {"DataType": "String", "StringValue": "m-2"},
            },
        }
    ]


def test_what_the_dead_letter_queue_does_not_take_stays_in_the_queue() -> None:
    aws = Aws()
    aws.dead_refused = {"m-2"}
    assert outcomes(aws.process("bad 1", "bad 2", "bad 3")) == ["rejected", "failed", "rejected"]
    aws.faults["send_message_batch"] = [client_error("SendMessageBatch", "ServiceUnavailable")]
    assert outcomes(aws.process("bad 1", "bad 2")) == ["failed", "failed"]


def test_a_chunk_that_the_dead_letter_queue_refuses_is_no_reason_for_the_others() -> None:
    aws = Aws()
    aws.faults["send_message_batch"] = [client_error("SendMessageBatch", "BatchRequestTooLong")]
    results = aws.process("x" * 300_000, *(f"bad {number}" for number in range(3)))
    assert outcomes(results) == ["failed", "rejected", "rejected", "rejected"]


def test_one_id_with_two_contents_in_one_batch_publishes_the_first_and_rejects_the_other() -> None:
    aws = Aws()
    first, other = body(order_change("n-1")), body(order_change("n-1", status="Shipped"))
    results = aws.process(first, other, first)
    assert outcomes(results) == ["published", "rejected", "copy"]
    assert aws.dead[0]["MessageAttributes"]["reason"]["StringValue"] == "content-differs"
    # The other order of arrival, against what is known already.
    assert outcomes(aws.process(other, first)) == ["rejected", "copy"]


def test_a_late_notification_is_published_and_marked_stale() -> None:
    aws = Aws()
    newer = body(order_change("n-2", event_time="2026-01-11T00:10:00Z"))
    older = body(order_change("n-1", event_time="2026-01-11T00:09:00+00:00"))
    aws.process(newer)
    (result,) = aws.process(older)
    assert (result.outcome, result.stale) == (Outcome.PUBLISHED, True)
    assert [event["stale"] for event in aws.events] == [False, True]
    unreadable = body(order_change("n-3", event_time="yesterday"))
    assert aws.process(unreadable)[0].stale is False


def test_exactly_the_entries_that_the_bus_refused_fail_and_can_be_claimed_at_once() -> None:
    aws = Aws()
    aws.refused_entries = {"n-1", "n-3"}
    results = aws.process(*orders(5))
    assert outcomes(results) == ["published", "failed", "published", "failed", "published"]
    assert results[1].reason == "PutEvents refused the entry with ThrottlingException"
    aws.refused_entries = set()
    aws.now += 1
    assert outcomes(aws.process(*orders(5))) == ["copy", "published", "copy", "published", "copy"]


def test_nothing_is_published_with_too_little_time_to_complete_it() -> None:
    aws = Aws()
    aws.remaining = [55_000, 40_000, BUDGET_MS - 1]
    results = aws.process(*orders(20))
    assert outcomes(results) == ["published"] * 10 + ["failed"] * 10
    assert results[-1].reason == "too little time left to publish safely"
    assert aws.calls["put_events"] == 1
    aws.now += 1
    aws.remaining = [55_000]
    assert Counter(outcomes(aws.process(*orders(20)))) == {"copy": 10, "published": 10}


def test_the_lease_covers_the_deadline_and_the_margin() -> None:
    aws = Aws()
    aws.refused_entries = {"n-0"}
    aws.faults["transact_write_items"] = []
    aws.remaining = [55_000]
    aws.process(*orders(1))
    claim = aws.db.items["notification#n-0"]
    assert int(claim["claimedAt"]["N"]) == NOW
    aws.refused_entries = set()
    aws.faults["put_events"] = [ConnectTimeoutError(endpoint_url="https://events")]
    lost = client_error("TransactWriteItems", "InternalServerError")

    original = aws.transact_write_items

    def release_fails(**request: Any) -> Any:
        if ":leaseUntil" not in request["TransactItems"][0]["Update"]["ExpressionAttributeValues"]:
            update = request["TransactItems"][0]["Update"]
            if ":token" in update["ExpressionAttributeValues"]:
                raise lost
        return original(**request)

    aws.transact_write_items = release_fails  # type: ignore[method-assign]
    aws.now += 1
    (result,) = aws.process(*orders(1))
    assert result.outcome is Outcome.FAILED
    assert "releasing the claim" in str(result.reason)
    lease = int(aws.db.items["notification#n-0"]["leaseUntil"]["N"])
    assert lease == aws.now + 55_000 + 35_000


def test_a_copy_of_a_live_lease_looks_once_soon_and_then_waits_until_it_ends() -> None:
    aws = Aws()
    aws.faults["transact_write_items"] = []
    aws.process(*orders(1))
    row = aws.db.items["notification#n-0"]
    row["status"] = {"S": "PENDING"}
    row["leaseUntil"] = {"N": str(NOW + 90_000)}
    (result,) = aws.process(*orders(1))
    assert (result.outcome, result.retry_seconds) == (Outcome.HELD, 3), "the holder is soon done"
    (result,) = aws.process(*orders(1), receive_count=2)
    assert (result.outcome, result.retry_seconds) == (Outcome.HELD, 91), "or it has crashed"
    aws.processor.hide([result])
    assert aws.hidden == {"m-1": 91}


def test_a_claim_that_was_left_is_taken_over_and_told_once() -> None:
    aws = Aws()
    aws.faults["put_events"] = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        aws.process(*orders(2))
    aws.now += 100_000
    aws.refused_entries = {"n-1"}
    results = aws.process(*orders(2), receive_count=2)
    assert [(result.outcome, result.taken_over) for result in results] == [
        ("published", True),
        ("failed", True),
    ]
    aws.refused_entries = set()
    aws.now += 100_000
    (again,) = aws.process(orders(2)[1], receive_count=3)
    assert (again.outcome, again.taken_over) == ("published", False), "it was given back, not left"


def test_what_comes_for_the_first_time_is_not_looked_for() -> None:
    aws = Aws()
    aws.process(*orders(3))
    assert aws.calls["batch_get_item"] == 0
    aws.process(*orders(3), receive_count=2)
    assert aws.calls["batch_get_item"] == 1


def test_a_look_that_fails_costs_the_count_and_nothing_else() -> None:
    aws = Aws()
    aws.faults["batch_get_item"] = [client_error("BatchGetItem", "ThrottlingException")]
    (result,) = aws.process(*orders(1), receive_count=2)
    assert (result.outcome, result.taken_over) == ("published", False)


@pytest.mark.parametrize("call", ["claim", "guard", "complete"])
def test_a_table_that_refuses_fails_the_batch_and_loses_nothing(call: str) -> None:
    aws = Aws()
    position = {"claim": 0, "guard": 1, "complete": 2}[call]
    original = aws.transact_write_items
    seen = []

    def refuse(**request: Any) -> Any:
        seen.append(request)
        if len(seen) == position + 1:
            raise client_error("TransactWriteItems", "ProvisionedThroughputExceededException")
        return original(**request)

    aws.transact_write_items = refuse  # type: ignore[method-assign]
    results = aws.process(*orders(3))
    assert outcomes(results) == ["failed"] * 3
    assert all("ProvisionedThroughputExceededException" in str(r.reason) for r in results)
    aws.now += 100_000
    assert outcomes(aws.process(*orders(3))) == ["published"] * 3
    assert Counter(event["notificationId"] for event in aws.events) == Counter(
        {f"n-{index}": 2 if call == "complete" else 1 for index in range(3)}
    )


def test_a_payload_over_the_limit_goes_to_s3_and_the_event_points_there() -> None:
    aws = Aws(maximum_event_bytes=2000)
    small, large = order_change("n-1"), order_change("n-2", order_id="order-2")
    large["Payload"]["OrderChangeNotification"]["Summary"]["note"] = "é" * 1000
    assert outcomes(aws.process(body(small), body(large))) == ["published", "published"]
    assert aws.events[0]["payloadLocation"] is None
    pointer = aws.events[1]["payloadLocation"]
    assert aws.events[1]["payload"] is None
    assert aws.objects[pointer["key"]] == body(large).encode()
    assert pointer["bucket"] == "bucket"


def test_of_an_event_too_large_for_the_bus_the_notification_alone_is_kept() -> None:
    aws = Aws(maximum_event_bytes=800)
    notification = order_change(status="x" * 1000)
    results = aws.process(
        body(partner_event(notification)), body(partner_event(notification, event_id="e-2"))
    )
    assert outcomes(results) == ["published", "copy"]
    (event,) = aws.events
    assert aws.objects[event["payloadLocation"]["key"]].decode() == body(notification)


def test_where_s3_refuses_only_that_notification_fails() -> None:
    aws = Aws(maximum_event_bytes=2000)
    large = order_change("n-2", order_id="order-2")
    large["Payload"]["note"] = "x" * 3000
    aws.faults["put_object"] = [client_error("PutObject", "SlowDown")]
    assert outcomes(aws.process(body(order_change("n-1")), body(large))) == ["published", "failed"]
    aws.now += 1
    assert outcomes(aws.process(body(large))) == ["published"]


def test_a_visibility_that_cannot_be_set_is_said() -> None:
    aws = Aws()
    aws.refused_entries = {"n-0"}
    results = aws.process(*orders(1), receive_count=3)
    assert results[0].retry_seconds == 20
    aws.faults["change_message_visibility_batch"] = [client_error("X", "RequestThrottled")]
    with pytest.raises(StoreUnavailableError, match="RequestThrottled"):
        aws.processor.hide(results)


@pytest.mark.parametrize(("module", "step"), [(candidates, "describe"), (processing, "build_event")])
def test_a_defect_of_ours_costs_one_delivery_and_not_its_batch(
    module: ModuleType, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = Aws()
    original = getattr(module, step)

    def defective(envelope: Any, *arguments: Any, **more: Any) -> Any:
        if envelope.notification_id == "n-1":
            raise KeyError("a buyer's address")
        return original(envelope, *arguments, **more)

    monkeypatch.setattr(module, step, defective)
    results = aws.process(*orders(3))
    assert outcomes(results) == ["published", "failed", "published"]
    assert str(results[1].reason).startswith("defect: KeyError at test_processing.py:")
    assert "buyer" not in str(results[1].reason)
    monkeypatch.setattr(module, step, original)
    aws.now += 1
    assert outcomes(aws.process(*orders(3))) == ["copy", "published", "copy"]


def test_retries_come_later_and_later() -> None:
    assert [retry_seconds(count) for count in (1, 2, 3, 8, 9, 1000)] == [5, 10, 20, 640, 900, 900]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ENVELOPES = st.fixed_dictionaries(
    {
        "NotificationType": st.sampled_from(("ORDER_CHANGE", "ANY_OFFER_CHANGED", "PRICING_HEALTH", "NEW")),
        "Payload": JSON
        | st.fixed_dictionaries(
            {"OrderChangeNotification": st.dictionaries(st.sampled_from(("SellerId", "AmazonOrderId")), JSON)}
        ),
    },
    optional={
        "EventTime": JSON | st.datetimes().map(lambda moment: moment.isoformat()),
        "PayloadVersion": JSON,
        "NotificationMetadata": JSON | st.dictionaries(st.just("NotificationId"), JSON),
    },
)


@settings(max_examples=400, deadline=None)
@given(st.lists((ENVELOPES | JSON).map(json.dumps) | st.text(), min_size=1, max_size=4))
def test_whatever_comes_is_published_or_rejected_and_its_batch_with_it(bodies: list[str]) -> None:
    aws = Aws()
    results = aws.process(*bodies)
    assert set(outcomes(results)) <= {"published", "copy", "rejected"}
    assert len(aws.events) == sum(result.outcome is Outcome.PUBLISHED for result in results)
    for event in aws.events:
        assert (event["payload"] is None) == (event["payloadLocation"] is not None)
