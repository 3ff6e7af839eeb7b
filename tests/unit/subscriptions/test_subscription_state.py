"""Leases and records on moto's DynamoDB: who may begin, what is kept, what a lost answer does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sellerbus.notifications.seller_record import Record, StateView
from sellerbus.notifications.subscription_state import (
    LEASE_MARGIN_SECONDS,
    LeaseLostError,
    SellerBusyError,
    SubscriptionStates,
)
from tests.unit.api.wire import Time

TABLE = "states"
FINISHED = {"S": "1970-01-12T13:46:40.000+00:00"}


class Setting:
    def __init__(self) -> None:
        self.time = Time()
        self.dynamodb: Any = boto3.client("dynamodb", region_name="us-east-1")
        self.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "sellerId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "sellerId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.states = SubscriptionStates(self.dynamodb, TABLE, now=self.time.clock)

    def row(self) -> Any:
        return self.dynamodb.get_item(TableName=TABLE, Key={"sellerId": {"S": "A1"}}).get("Item")


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Setting()


def test_one_run_at_a_time_until_it_ends(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    with pytest.raises(SellerBusyError) as caught:
        it.states.take("A1", 100)
    assert caught.value.seconds == pytest.approx(100 + LEASE_MARGIN_SECONDS)
    it.states.take("A2", 100)
    it.states.begin(lease, ["X"])
    it.states.leave(lease)
    assert it.states.take("A1", 100).holder != lease.holder


def test_the_lease_of_a_killed_run_ends_after_its_time_and_the_margin(it: Setting) -> None:
    it.states.take("A1", 100)
    it.time.now += 100 + LEASE_MARGIN_SECONDS
    with pytest.raises(SellerBusyError):
        it.states.take("A1", 100)
    it.time.now += 0.1
    it.states.take("A1", 100)


def test_the_record_comes_with_the_lease(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    assert lease.record == Record()
    it.states.begin(lease, ["X", "Y"])
    lease.record.subscriptions.add(("X", "s1"))
    it.states.leave(lease)
    assert it.row() == {
        "sellerId": {"S": "A1"},
        "types": {"SS": ["X", "Y"]},
        "subscriptions": {"SS": ["X s1"]},
        "lastHolder": {"S": lease.holder},
        "finishedAt": FINISHED,
    }
    again = it.states.take("A1", 100)
    assert again.record == Record({"X", "Y"}, {("X", "s1")})
    again.record.forget("X")
    it.states.leave(again)
    assert it.row() == {
        "sellerId": {"S": "A1"},
        "types": {"SS": ["Y"]},
        "lastHolder": {"S": again.holder},
        "finishedAt": FINISHED,
    }


def test_what_was_begun_is_there_although_the_run_was_killed(it: Setting) -> None:
    it.states.begin(it.states.take("A1", 100), ["X"])
    it.time.now += 1000
    assert it.states.take("A1", 100).record == Record({"X"})


def test_with_nothing_to_remember_the_row_goes(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    it.states.begin(lease, ["X"])
    lease.record.forget("X")
    it.states.leave(lease)
    assert it.row() is None
    # As when the answer was lost and the call repeated.
    it.states.leave(lease)


def test_a_closed_seller_is_remembered_with_nothing_else(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    lease.record.closed = True
    it.states.leave(lease)
    assert it.row() == {
        "sellerId": {"S": "A1"},
        "closed": {"BOOL": True},
        "lastHolder": {"S": lease.holder},
        "finishedAt": FINISHED,
    }
    assert it.states.take("A1", 100).record == Record(closed=True)


def test_the_application_is_remembered_only_with_what_it_made(it: Setting) -> None:
    """Else a run that is killed after noting types of its own would seem to be the earlier application's."""
    lease = it.states.take("A1", 100)
    lease.record.application, lease.record.last_error = "application-0", "refused"
    it.states.leave(lease)
    row = it.row()
    assert row is not None
    assert "application" not in row


def test_a_release_may_be_repeated_but_not_come_after_another_run(it: Setting) -> None:
    slow = it.states.take("A1", 100)
    slow.record.types.add("Y")
    it.time.now += 1000
    other = it.states.take("A1", 100)
    other.record.types.add("X")
    other.record.application = "application-1"
    it.states.leave(other)
    it.states.leave(other)
    with pytest.raises(LeaseLostError):
        it.states.begin(slow, ["Y"])
    with pytest.raises(LeaseLostError):
        it.states.leave(slow)
    kept = it.states.take("A1", 100).record
    assert (kept, kept.application) == (Record({"X"}), "application-1")


def test_whoever_lost_the_lease_writes_nothing(it: Setting) -> None:
    slow = it.states.take("A1", 100)
    it.time.now += 1000
    other = it.states.take("A1", 100)
    it.states.begin(other, ["X"])
    with pytest.raises(LeaseLostError, match="A1"):
        it.states.begin(slow, ["Y"])
    with pytest.raises(LeaseLostError, match="A1"):
        it.states.leave(slow)
    slow.record.types.add("Y")
    with pytest.raises(LeaseLostError):
        it.states.leave(slow)
    assert it.row()["types"] == {"SS": ["X"]}


def test_a_lease_whose_answer_was_lost_is_taken_by_its_repetition(
    it: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = it.dynamodb.update_item

    def twice(**arguments: Any) -> Any:
        update(**arguments)
        return update(**arguments)

    monkeypatch.setattr(it.dynamodb, "update_item", twice)
    assert it.states.take("A1", 100).holder == it.row()["holder"]["S"]


def test_all_sellers_with_something_on_record_are_found(it: Setting) -> None:
    for number in range(3):
        it.states.begin(it.states.take(f"A{number}", 100), ["X" * 200])
    assert sorted(it.states.seller_ids()) == ["A0", "A1", "A2"]


def test_that_a_seller_is_settled_is_forgotten_before_the_first_change(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    lease.record.types |= {"X", "Z"}
    lease.record.settled, lease.record.blocked = {"X": "d1", "Z": "d2"}, {"X 1.0"}
    it.states.leave(lease)
    assert it.row()["settled"] == {"SS": ["X d1", "Z d2"]}
    for types in ([], ["Y"]):
        again = it.states.take("A1", 100)
        assert (again.record.settled, again.record.blocked) == ({"X": "d1", "Z": "d2"}, {"X 1.0"})
        it.states.begin(again, types, unsettled=["X", "UNKNOWN"])
        assert again.record.settled == {"Z": "d2"}
        assert it.row()["settled"] == {"SS": ["Z d2"]}, "also where the run is killed now"
        again.record.settled["X"] = "d1"
        it.states.leave(again)
    assert it.row()["types"] == {"SS": ["X", "Y", "Z"]}


def test_nothing_to_note_is_not_written(it: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = it.states.take("A1", 100)
    monkeypatch.setattr(it.dynamodb, "update_item", None)
    it.states.begin(lease, [], unsettled=["X"])


def test_a_failed_run_is_remembered_until_one_succeeds_and_without_secrets(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    lease.record.last_error = "refused: Atzr|IwEBIExampleToken " + "x" * 5000
    it.states.leave(lease)
    text = it.row()["lastError"]["S"]
    assert "IwEBIExampleToken" not in text
    assert len(text) <= 2000
    again = it.states.take("A1", 100)
    assert again.record.last_error == text
    again.record.last_error = ""
    it.states.leave(again)
    assert it.row() is None, "nothing else was worth remembering"


def test_what_a_person_sees_of_a_row(it: Setting) -> None:
    assert it.states.show("A1") is None
    lease = it.states.take("A1", 100)
    first = it.states.show("A1")
    assert first is not None
    assert (first.finished_at, first.busy_until) == (None, 1_000_160.0)
    lease.record.types.add("X")
    lease.record.subscriptions |= {("X", "s2"), ("X", "s1")}
    lease.record.settled, lease.record.blocked = {"X": "digest"}, {"X 1.0"}
    it.states.leave(lease)
    view = it.states.show("A1")
    assert view == StateView(
        "A1",
        subscriptions=(("X", "s1"), ("X", "s2")),
        types=("X",),
        blocked=("X 1.0",),
        settled=True,
        closed=False,
        finished_at=FINISHED["S"],
        last_error=None,
        busy_until=None,
    )
    it.states.take("A2", 100)
    assert sorted(row.seller_id for row in it.states.all()) == ["A1", "A2"]
    assert view in list(it.states.all())
    assert it.states.record("A1").subscriptions == {("X", "s1"), ("X", "s2")}
    assert it.states.record("A9") == Record()


def test_a_seller_is_settled_when_all_its_types_are(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    lease.record.types |= {"X", "Y"}
    lease.record.settled = {"X": "d1"}
    it.states.leave(lease)
    assert [view.settled for view in it.states.all()] == [False]
    again = it.states.take("A1", 100)
    again.record.settled["Y"] = "d2"
    it.states.leave(again)
    assert [view.settled for view in it.states.all()] == [True]
    closed = it.states.take("A2", 100)
    closed.record.closed = True
    it.states.leave(closed)
    assert [view.settled for view in it.states.all() if view.closed] == [False]


def test_of_a_forgotten_type_nothing_stays() -> None:
    record = Record(
        {"X", "Y"},
        {("X", "s1"), ("Y", "s2")},
        settled={"X": "d1", "Y": "d2"},
        blocked={"X 1.0", "Y 1.0"},
    )
    record.forget("X")
    assert (record.types, record.subscriptions) == ({"Y"}, {("Y", "s2")})
    assert (record.settled, record.blocked) == ({"Y": "d2"}, {"Y 1.0"})


def test_the_ends_of_requests_are_kept_a_few_and_for_an_hour(it: Setting) -> None:
    lease = it.states.take("A1", 100)
    for number in range(10):
        lease.record.end_request(f"r{number}", it.time.now, "refused: Atzr|IwEB0123" if number == 9 else "")
    lease.record.end_request("r5", it.time.now, "")
    it.states.leave(lease)
    view = it.states.show("A1")
    assert view is not None
    assert [each.request_id for each in view.requests] == ["r2", "r3", "r4", "r6", "r7", "r8", "r9", "r5"]
    ended = view.ended("r9")
    assert ended is not None
    assert ended.error == "refused: [token]"
    assert view.ended("r0") is None
    again = it.states.take("A1", 100)
    again.record.end_request("", it.time.now + 3599)
    assert len(again.record.requests) == 8
    again.record.end_request("", it.time.now + 3600)
    it.states.leave(again)
    assert it.row() is None, "nothing else was to be remembered"
