"""The table of tasks on moto's DynamoDB and on the fake: what one takes and answers, the other does too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.items import attribute, plain
from sellerbus.aws.task_table import RefusedError, TaskTable, Write
from tests.fake_table import FakeTable
from tests.fakes import client_error

TABLE = "tasks"
A, B, C = ("a", "1"), ("a", "2"), ("b", "1")


def _never(seconds: float) -> None:
    raise AssertionError(f"slept {seconds} s though nothing conflicted")


@pytest.fixture(params=["moto", "fake"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "fake":
        yield FakeTable().client
        return
    with mock_aws():
        dynamodb = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("pk", "sk", "sellerId", "createdAt")
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "bySeller",
                    "KeySchema": [
                        {"AttributeName": "sellerId", "KeyType": "HASH"},
                        {"AttributeName": "createdAt", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        yield dynamodb


@pytest.fixture
def table(client: Any) -> TaskTable:
    return TaskTable(client, TABLE, sleep=_never)


CONTENT = {"text": "t", "whole": 3, "part": 1.5, "yes": True, "list": ["a"], "map": {"n": 1, "none": None}}


def test_what_is_written_is_read(table: TaskTable) -> None:
    assert table.get(A) is None
    table.write(Write.put(A, CONTENT))
    assert table.get(A) == {"pk": "a", "sk": "1", **CONTENT}
    table.write(Write.delete(A))
    assert table.get(A) is None


def test_updates(table: TaskTable) -> None:
    table.write(Write.update(A, "SET #state = :new, one = :one", new="X", one=1))
    table.write(Write.update(A, "SET two = one + :one REMOVE #state", one=1))
    assert table.get(A) == {"pk": "a", "sk": "1", "one": 1, "two": 2}


CONDITIONS: list[tuple[str, dict[str, Any], bool]] = [
    ("attribute_exists(pk)", {}, True),
    ("attribute_not_exists(pk)", {}, False),
    ("attribute_not_exists(absent) AND #version = :v", {"v": 2}, True),
    ("#version = :v", {"v": 3}, False),
    ("#version = :v", {"v": "2"}, False),
    ("absent = :v", {"v": 2}, False),
    ("#version <> :v", {"v": 3}, True),
    ("attribute_not_exists(absent) OR absent = :v", {"v": 2}, True),
    ("(attribute_not_exists(version) OR version <= :v) AND attribute_exists(#text)", {"v": 2}, True),
    ("(attribute_not_exists(version) OR version <= :v) AND attribute_exists(#text)", {"v": 1.5}, False),
    ("version < :v", {"v": 2.25}, True),
    ("NOT attribute_exists(absent)", {}, True),
    ("begins_with(#text, :v)", {"v": "ab"}, True),
    ("version BETWEEN :low AND :high", {"low": 1, "high": 2}, True),
]


@pytest.mark.parametrize(("condition", "values", "holds"), CONDITIONS)
@pytest.mark.parametrize("kind", ["update", "put", "delete", "check"])
def test_conditions(table: TaskTable, kind: str, condition: str, values: dict[str, Any], holds: bool) -> None:
    table.write(Write.put(A, {"version": 2, "text": "abc"}))
    write = {
        "update": lambda: Write.update(A, "SET done = :done", condition=condition, **values, done=1),
        "put": lambda: Write.put(A, {"done": 1}, condition=condition, **values),
        "delete": lambda: Write.delete(A, condition=condition, **values),
        "check": lambda: Write.check(A, condition=condition, **values),
    }[kind]()
    if holds:
        table.write(write, Write.put(B, {}))
        assert table.get(B) is not None
        return
    with pytest.raises(RefusedError) as refused:
        table.write(write, Write.put(B, {}))
    assert refused.value.items == {A: {"pk": "a", "sk": "1", "version": 2, "text": "abc"}}
    assert table.get(B) is None


def test_words_of_dynamodbs_own_are_refused_as_names(table: TaskTable) -> None:
    for write in (Write.update(A, "SET text = :v", v=1), Write.check(A, condition="state = :v", v=1)):
        with pytest.raises(StoreUnavailableError, match="ValidationException"):
            table.write(write)


def test_all_or_none_and_every_refused_condition_is_told(table: TaskTable) -> None:
    table.write(Write.put(A, {"n": 1}))
    absent = "attribute_exists(pk)"
    with pytest.raises(RefusedError) as refused:
        table.write(
            Write.put(A, {"n": 2}, condition="attribute_not_exists(pk)"),
            Write.put(B, {"n": 2}),
            Write.check(C, condition=absent),
        )
    assert refused.value.items == {A: {"pk": "a", "sk": "1", "n": 1}, C: {}}
    assert table.get(B) is None


@pytest.mark.parametrize("page", [1, 2, 100])
def test_items_in_order_with_a_prefix_and_below(table: TaskTable, page: int) -> None:
    for sk in ("turn", "waiting/2/x", "waiting/1/y", "waiting/3/z", "zebra"):
        table.write(Write.put(("lane", sk), {}))
    table.write(Write.put(("other", "waiting/0/w"), {}))
    found = [item["sk"] for item in table.items("lane", "waiting/", page=page)]
    assert found == ["waiting/1/y", "waiting/2/x", "waiting/3/z"]
    below = [item["sk"] for item in table.items("lane", "waiting/", below="waiting/3/z", page=page)]
    assert below == found[:2]
    assert list(table.items("nothing", "waiting/")) == []


def test_the_index_by_seller(client: Any, table: TaskTable) -> None:
    for pk, created in (("x", "2"), ("y", "1"), ("z", "3")):
        table.write(Write.put((pk, "task"), {"sellerId": "A1", "createdAt": created}))
    table.write(Write.put(("w", "task"), {"sellerId": "A2", "createdAt": "1"}))
    table.write(Write.put(("v", "turn"), {"sellerId": "A1"}))
    request = {
        "TableName": TABLE,
        "IndexName": "bySeller",
        "KeyConditionExpression": "sellerId = :seller",
        "ExpressionAttributeValues": {":seller": {"S": "A1"}},
    }
    assert [item["pk"]["S"] for item in client.query(**request)["Items"]] == ["y", "x", "z"]
    newest = client.query(**request, ScanIndexForward=False, Limit=2)
    assert [item["pk"]["S"] for item in newest["Items"]] == ["z", "x"]
    assert newest["LastEvaluatedKey"]


def test_one_write_alone(client: Any) -> None:
    """UpdateItem, PutItem and DeleteItem, which others use."""
    key = {"pk": {"S": "a"}, "sk": {"S": "1"}}
    client.put_item(TableName=TABLE, Item={**key, "n": {"N": "1"}})
    written = client.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET n = if_not_exists(n, :one) + :one ADD m :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    assert written["Attributes"] == {**key, "n": {"N": "2"}, "m": {"N": "1"}}
    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        client.delete_item(TableName=TABLE, Key=key, ConditionExpression="attribute_not_exists(pk)")
    gone = client.delete_item(TableName=TABLE, Key=key, ReturnValues="ALL_OLD")
    assert gone["Attributes"]["n"] == {"N": "2"}


class _Answers:
    """A client whose transactions are answered by script."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.tokens: list[str] = []

    def transact_write_items(self, **request: Any) -> Any:
        self.tokens.append(request["ClientRequestToken"])
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _cancelled(*codes: str) -> Exception:
    error: Exception = client_error(
        "TransactWriteItems",
        "TransactionCanceledException",
        CancellationReasons=[{"Code": code} for code in codes],
    )
    return error


def test_a_conflict_is_tried_again_with_another_token() -> None:
    slept: list[float] = []
    client: Any = _Answers(_cancelled("TransactionConflict"), {})
    TaskTable(client, TABLE, sleep=slept.append).write(Write.put(A, {}))
    assert len(slept) == 1
    assert len(set(client.tokens)) == 2


@pytest.mark.parametrize(
    ("script", "sent"),
    [
        ([_cancelled("TransactionConflict")] * 9, 6),
        ([_cancelled("ValidationError")], 1),
        ([client_error("TransactWriteItems", "AccessDeniedException")], 1),
    ],
)
def test_what_is_not_done_is_said(script: list[Exception], sent: int) -> None:
    client: Any = _Answers(*script)
    with pytest.raises(StoreUnavailableError):
        TaskTable(client, TABLE, sleep=lambda seconds: None).write(Write.put(A, {}))
    assert len(client.tokens) == sent


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e9, 1e9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_values_come_back_as_they_were(value: Any) -> None:
    assert plain(attribute(value)) == value


def test_other_values_are_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        attribute({"a"} | set())
    with pytest.raises(ValueError, match="SS"):
        plain({"SS": ["a"]})
