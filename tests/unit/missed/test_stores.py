"""The stores of missed events on moto's DynamoDB and SQS, and what they do when AWS does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.missed.change import Change, feed_finished
from sellerbus.missed.marks import Look, Mark, Marks
from sellerbus.missed.sending import NotificationSender
from sellerbus.missed.told import ToldThings
from sellerbus.notifications.ordering import OrderingGuard, Sighting
from tests.fakes import client_error
from tests.unit.missed.world import NOON, SELLER_ID, feed

TABLE, LEDGER = "marks", "ledger"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        for name, keys in ((TABLE, ("sellerId", "subject")), (LEDGER, ("pk",))):
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind}
                    for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )
        yield client


MARK = Mark(SELLER_ID, "orders", NOON, NOON)
CUT_OFF = replace(
    MARK, cut_off=Look(NOON, NOON + timedelta(hours=1), 1, "token", NOON - timedelta(minutes=1))
)


@pytest.mark.parametrize("mark", [MARK, CUT_OFF, replace(CUT_OFF, cut_off=Look(NOON, NOON))])
def test_a_mark_is_read_as_it_was_written(dynamodb: Any, mark: Mark) -> None:
    marks = Marks(dynamodb, TABLE, now=NOON.timestamp)
    written = marks.write(mark)
    assert written == replace(mark, version=written.version if written else "")
    assert list(marks.all()) == [written]
    item = dynamodb.scan(TableName=TABLE)["Items"][0]
    assert int(item["expiresAt"]["N"]) > NOON.timestamp()


def test_of_two_runs_the_one_that_comes_late_writes_nothing(dynamodb: Any) -> None:
    marks = Marks(dynamodb, TABLE, now=NOON.timestamp)
    first = marks.write(MARK)
    assert marks.write(MARK) is None
    assert first is not None
    second = marks.write(replace(first, since=NOON + timedelta(hours=1)))
    assert marks.write(replace(first, since=NOON)) is None
    assert list(marks.all()) == [second]


def test_a_repetition_below_the_client_finds_its_own_write(dynamodb: Any) -> None:
    class Twice:
        """Loses the first answer, as a network does, and repeats, as botocore does."""

        def put_item(self, **request: Any) -> Any:
            dynamodb.put_item(**request)
            return dynamodb.put_item(**request)

    marks = Marks(Twice(), TABLE, now=NOON.timestamp)  # type: ignore[arg-type]
    assert marks.write(MARK) is not None


def test_a_forgotten_mark_is_gone(dynamodb: Any) -> None:
    marks = Marks(dynamodb, TABLE, now=NOON.timestamp)
    marks.write(MARK)
    marks.forget(MARK)
    assert list(marks.all()) == []


def _feeds(count: int) -> list[Change]:
    return [feed_finished(SELLER_ID, feed(str(number), NOON, NOON)) for number in range(count)]


def test_what_the_ordering_guard_has_seen_was_told_however_many_there_are(dynamodb: Any) -> None:
    changes = _feeds(230)
    guard = OrderingGuard(dynamodb, LEDGER, retention_seconds=60, now=lambda: 0, sleep=lambda _: None)
    at = int(NOON.timestamp() * 1_000_000)
    for start in range(0, 200, 100):
        guard.stale([Sighting(change.key, at, "DONE") for change in changes[start : start + 100]])
    told = ToldThings(dynamodb, LEDGER, sleep=lambda _: None)
    assert told.missed(changes) == changes[200:]
    assert told.missed([]) == []


def test_the_guard_keeps_the_state_of_the_newest(dynamodb: Any) -> None:
    guard = OrderingGuard(dynamodb, LEDGER, retention_seconds=60, now=lambda: 0, sleep=lambda _: None)
    batch = [Sighting("a", 2, "Shipped"), Sighting("a", 1, "Unshipped"), Sighting("b", 1)]
    assert guard.stale(batch) == [False, True, False]
    assert guard.stale([Sighting("a", 1, "Pending")]) == [True]
    rows = {row["pk"]["S"]: row for row in dynamodb.scan(TableName=LEDGER)["Items"]}
    assert rows["a"]["toldState"] == {"S": "Shipped"}
    assert "toldState" not in rows["b"]


def test_keys_that_dynamodb_did_not_get_to_are_asked_for_again_with_an_end() -> None:
    naps: list[float] = []

    class Busy:
        def batch_get_item(self, **request: Any) -> Mapping[str, Any]:
            return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}

    with pytest.raises(StoreUnavailableError, match="UnprocessedKeys"):
        ToldThings(Busy(), LEDGER, sleep=naps.append).missed(_feeds(1))
    assert naps == sorted(naps)
    assert len(naps) == 5


def test_what_the_queue_does_not_take_is_an_error() -> None:
    class Queue:
        def __init__(self, answer: Mapping[str, Any]) -> None:
            self.sizes: list[int] = []
            self._answer = answer

        def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]:
            raise AssertionError(request)

        def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
            assert request["QueueUrl"] == "url"
            self.sizes.append(len(request["Entries"]))
            return self._answer

    taken = Queue({})
    NotificationSender(taken, "url").send([{"a": 1}] * 23)
    assert taken.sizes == [10, 10, 3]
    with pytest.raises(StoreUnavailableError, match="SendMessageBatch failed with InternalError"):
        NotificationSender(Queue({"Failed": [{"Id": "0", "Code": "InternalError"}]}), "url").send([{"a": 1}])


@pytest.mark.parametrize("operation", ["Scan", "PutItem", "DeleteItem"])
def test_a_call_that_fails_says_which(operation: str) -> None:
    class Broken:
        def scan(self, **_: Any) -> Any:
            raise client_error("Scan", "ThrottlingException")

        put_item = delete_item = scan

    marks = Marks(Broken(), TABLE, now=NOON.timestamp)
    calls: dict[str, Callable[[], object]] = {
        "Scan": lambda: list(marks.all()),
        "PutItem": lambda: marks.write(MARK),
        "DeleteItem": lambda: marks.forget(MARK),
    }
    with pytest.raises(StoreUnavailableError, match=f"{operation} failed with ThrottlingException"):
        calls[operation]()
