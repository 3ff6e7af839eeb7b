"""The rows of listing changes against an implementation of DynamoDB, which judges their expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds.changes.change import Group, ListingChange
from sellerbus.feeds.changes.document import entries_of
from sellerbus.feeds.changes.groups import GroupRows
from sellerbus.feeds.changes.rows import ChangeRows, Differs, Kept, Known, Result, StrayChangeError
from tests.unit.feeds.tasks import MARKETPLACE, SELLER, Clock

GROUP = Group(SELLER, MARKETPLACE)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_table(
            TableName="tasks",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        yield client


def listing_change(number: int, content: str = "1") -> ListingChange:
    return ListingChange(GROUP, f"c{number:03d}", f"S{number}", '{"sku":"S"}', 1000 + number, content)


def rows_on(client: Any) -> ChangeRows:
    clock = Clock()
    table = TaskTable(client, "tasks", sleep=clock.sleep)
    return ChangeRows(client, "tasks", table, now=clock, sleep=clock.sleep)


def test_the_life_of_changes(dynamodb: Any) -> None:
    rows = rows_on(dynamodb)
    changes = [listing_change(number) for number in range(1, 121)]
    assert rows.keep(changes) == [Kept(again=False)] * 120
    assert rows.keep([changes[0], listing_change(2, "2"), listing_change(121)]) == [
        Kept(again=True),
        Differs(),
        Kept(again=False),
    ]
    opened = list(rows.open_changes(GROUP))
    assert [each.change_id for each in opened] == [f"c{number:03d}" for number in range(1, 122)]
    entries = entries_of(opened[:120])
    for _ in range(2):
        rows.into_feed(GROUP, "t1", entries)
        assert [each.change_id for each in rows.open_changes(GROUP)] == ["c121"]
    assert rows.keep([changes[0]]) == [Known()]
    with pytest.raises(StrayChangeError, match="c001 is in the feed of task t2"):
        rows.into_feed(GROUP, "t2", entries[:1])
    rows.end(SELLER, "t1", [Result("c001", "SUCCEEDED", {"messageId": 1, "reason": None, "issues": []})])
    rows.end(SELLER, "t1", [Result("c001", "UNKNOWN", {}), Result("c999", "UNKNOWN", {})])
    key = {"pk": {"S": f"listing-change/{SELLER}/c001"}, "sk": {"S": "change"}}
    assert dynamodb.get_item(TableName="tasks", Key=key)["Item"]["state"] == {"S": "SUCCEEDED"}
    key["pk"]["S"] = f"listing-change/{SELLER}/c999"
    assert "Item" not in dynamodb.get_item(TableName="tasks", Key=key)
    assert rows.keep([changes[0]]) == [Known()]
    assert rows.reported("t1") == 0
    rows.set_reported("t1", 7)
    assert rows.reported("t1") == 7


def test_the_life_of_a_group(dynamodb: Any) -> None:
    names = iter("abcdefgh")
    groups = GroupRows(dynamodb, "tasks", new_name=lambda: next(names))
    assert groups.read(GROUP).close is None
    first = groups.arrived(GROUP, 2, 50, 5000)
    assert (first.close, first.close_at, first.close_sent) == ("0000000005000-a", 5000, None)
    groups.sent(first)
    second = groups.arrived(GROUP, 3, 70, 9000)
    assert (second.close, second.close_sent) == (first.close, first.close)
    assert (second.arrivals, second.open_changes, second.open_bytes) == (2, 5, 120)
    assert not groups.withdraw(first), "something came since"
    held = groups.promise(second, 7000, held_since=6000)
    assert held is not None
    assert (held.close_at, held.held, held.held_since) == (7000, True, 6000)
    assert groups.promise(second, 8000) is None, "it has another promise"
    groups.sent(second)
    assert groups.read(GROUP).close_sent == first.close
    assert groups.begin_batch(held, "t1", 4, 100)
    assert not groups.begin_batch(held, "t2", 4, 100)
    batch = groups.read(GROUP)
    assert (batch.batch, batch.held, batch.held_since) == ("t1", False, None)
    assert not groups.withdraw(batch), "a batch is in the works"
    groups.end_batch(batch, 7500)
    groups.end_batch(batch, 7600)
    after = groups.read(GROUP)
    assert (after.batch, after.batches, after.last_task, after.last_at) == (None, 1, "t1", 7500)
    assert (after.open_changes, after.open_bytes) == (1, 20)
    assert not groups.begin_batch(held, "t2", 4, 100), "there was a batch since it was read"
    assert groups.begin_batch(after, "t2", 1, 20)
    groups.end_batch(groups.read(GROUP), 8000)
    last = groups.read(GROUP)
    assert groups.withdraw(last)
    assert groups.read(GROUP).close is None
    assert groups.arrived(GROUP, 1, 10, 9000).close == "0000000009000-e"
