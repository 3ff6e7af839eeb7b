"""When notifications came: what is noted of it, and how rarely."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.arrival_recorder import Arrival, ArrivalRecorder, arrivals_of
from sellerbus.notifications.arrivals import ArrivalRow, ArrivalRows
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.origin import Origin, own_notification
from sellerbus.notifications.queues import Delivery
from sellerbus.notifications.results import Outcome, Result
from tests.builders import SELLER_ID, body, order_change
from tests.fakes import client_error
from tests.unit.notifications.fake_arrivals import FakeArrivals

TABLE = "arrivals"
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTES = 15
ORDERS, OFFERS = "ORDER_CHANGE", "ANY_OFFER_CHANGED"


@pytest.fixture(params=["moto", "fake"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "fake":
        yield FakeArrivals()
        return
    with mock_aws():
        dynamodb = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("sellerId", "notificationType")
            ],
            KeySchema=[
                {"AttributeName": "sellerId", "KeyType": "HASH"},
                {"AttributeName": "notificationType", "KeyType": "RANGE"},
            ],
        )
        yield dynamodb


def recorder(client: Any) -> ArrivalRecorder:
    """One function instance's."""
    return ArrivalRecorder(client, TABLE, interval_seconds=MINUTES * 60, now=lambda: START.timestamp())


def at(minutes: float, *, seller: str = "S1", kind: str = ORDERS) -> Arrival:
    when = START + timedelta(minutes=minutes)
    return Arrival(seller, kind, round(when.timestamp() * 1000))


def forever() -> bool:
    return True


def row(client: Any, seller: str = "S1", kind: str = ORDERS) -> ArrivalRow:
    found = ArrivalRows(client, TABLE).find(seller, kind)
    assert found is not None
    return found


def minutes_of(when: datetime) -> float:
    return (when - START).total_seconds() / 60


def test_the_first_arrival_is_noted_and_the_next_ones_only_after_the_interval(client: Any) -> None:
    instance = recorder(client)
    assert ArrivalRows(client, TABLE).find("S1", ORDERS) is None
    assert instance.note([at(0), at(1)], forever) == 1
    assert instance.note([at(10)], forever) == 0
    assert minutes_of(row(client).last_at) == 1
    assert instance.note([at(16)], forever) == 1
    found = row(client)
    assert (minutes_of(found.first_at), minutes_of(found.last_at)) == (1, 16)
    assert found.longest_gaps == {"2026-03-02": 15 * 60}
    assert found.silence_told_of is None


def test_each_seller_and_type_has_a_row(client: Any) -> None:
    arrivals = [at(0), at(0, seller="S2"), at(1, kind=OFFERS), at(2, seller="S3")]
    assert recorder(client).note(arrivals, forever) == 4
    rows = ArrivalRows(client, TABLE)
    assert {each.key for each in rows.all()} == {(a.seller_id, a.notification_type) for a in arrivals}
    assert [each.notification_type for each in rows.of_seller("S1")] == [OFFERS, ORDERS]


def test_the_longest_gap_of_a_day_is_kept_for_two_weeks(client: Any) -> None:
    instance = recorder(client)
    day = 24 * 60
    for minutes in (0, 60, 200, 260, day, 15 * day):
        instance.note([at(minutes)], forever)
    assert row(client).longest_gaps == {"2026-03-03": (day - 260) * 60, "2026-03-17": 14 * day * 60}
    instance.note([at(16 * day)], forever)
    assert row(client).longest_gaps == {"2026-03-17": 14 * day * 60, "2026-03-18": day * 60}


def test_what_another_instance_has_noted_counts(client: Any) -> None:
    one, two = recorder(client), recorder(client)
    one.note([at(0)], forever)
    assert two.note([at(14)], forever) == 0, "noted a moment ago"
    assert two.note([at(15)], forever) == 1, "the interval counts from what was noted, not from the look"
    assert minutes_of(row(client).last_at) == 15
    assert one.note([at(5)], forever) == 0, "an older one that comes late changes nothing"
    assert minutes_of(row(client).last_at) == 15


def test_a_row_is_forgotten_half_a_year_after_the_last_arrival() -> None:
    client = FakeArrivals()
    recorder(client).note([at(0)], forever)
    expires = int(client.rows["S1", ORDERS]["expiresAt"]["N"])
    assert expires == (START + timedelta(days=180)).timestamp()


def test_who_loses_a_race_writes_nothing_and_looks_again() -> None:
    client = FakeArrivals()
    one, two = recorder(client), recorder(client)
    one.note([at(0)], forever)
    overtaken = client.get_item

    def read_then_be_overtaken(**request: Any) -> Any:
        answer = overtaken(**request)
        client.get_item = overtaken  # type: ignore[method-assign]
        one.note([at(61)], forever)
        return answer

    client.get_item = read_then_be_overtaken  # type: ignore[method-assign]
    assert two.note([at(60)], forever) == 0
    found = row(client)
    assert (minutes_of(found.last_at), found.longest_gaps) == (61, {"2026-03-02": 61 * 60})
    assert two.note([at(76)], forever) == 1
    assert row(client).longest_gaps == {"2026-03-02": 61 * 60}


def test_what_could_not_be_noted_is_noted_with_the_next_call() -> None:
    client = FakeArrivals()
    instance = recorder(client)
    client.faults = [client_error("GetItem", "ThrottlingException")]
    with pytest.raises(StoreUnavailableError, match="ThrottlingException"):
        instance.note([at(0), at(0, seller="S2")], forever)
    assert instance.note([], forever) == 2
    assert {each.key for each in ArrivalRows(client, TABLE).all()} == {("S1", ORDERS), ("S2", ORDERS)}


def test_an_answer_that_was_lost_is_no_second_arrival() -> None:
    client = FakeArrivals()
    instance = recorder(client)
    instance.note([at(0)], forever)
    written = client.update_item

    def lost(**request: Any) -> Any:
        written(**request)
        client.update_item = written  # type: ignore[method-assign]
        raise client_error("UpdateItem", "InternalServerError")

    client.update_item = lost  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailableError):
        instance.note([at(60)], forever)
    assert instance.note([], forever) == 0
    assert row(client).longest_gaps == {"2026-03-02": 3600}


def test_without_time_left_nothing_is_begun_and_nothing_forgotten() -> None:
    client = FakeArrivals()
    instance = recorder(client)
    turns = iter([True, False])
    assert instance.note([at(3), at(1, seller="S2"), at(2, seller="S3")], lambda: next(turns)) == 1
    assert list(client.rows) == [("S2", ORDERS)], "the oldest comes first"
    assert instance.note([], forever) == 2


def test_nothing_is_read_while_nothing_is_due() -> None:
    client = FakeArrivals()
    instance = recorder(client)
    instance.note([at(0)], forever)
    client.calls.clear()
    for minutes in range(15):
        instance.note([at(minutes)], forever)
    assert client.calls == []


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.floats(0.02, 24 * 60 * 3, allow_nan=False)), min_size=1, max_size=40
    )
)
def test_a_row_is_behind_by_less_than_the_interval_and_no_gap_is_told_too_short(
    steps: list[tuple[int, float]],
) -> None:
    client = FakeArrivals()
    instances = [recorder(client) for _ in range(3)]
    now, true_gaps = 0.0, dict[str, float]()
    for number, (instance, minutes) in enumerate(steps):
        now += minutes
        instances[instance].note([at(now)], forever)
        if number:
            day = (START + timedelta(minutes=now)).date().isoformat()
            true_gaps[day] = max(minutes, true_gaps.get(day, 0))
        found = row(client)
        assert 0 <= now - minutes_of(found.last_at) + 0.001 < MINUTES + 0.002
    longest = max(true_gaps.values(), default=0.0)
    if longest > 2 * MINUTES:
        told = max(found.longest_gaps.values(), default=0) / 60
        kept = [gap for day, gap in true_gaps.items() if day >= min(found.longest_gaps)]
        assert max(kept, default=0.0) - 0.02 <= told <= longest + MINUTES + 0.02


def result(notification: dict[str, Any], outcome: Outcome, sent_at_ms: int) -> Result:
    text = body(notification)
    return Result(Delivery("m", "r", text, 1, sent_at_ms), outcome, parse_envelope(text))


def test_what_came_counts_whatever_became_of_it() -> None:
    results = [result(order_change(f"n-{each}"), each, 5_000) for each in Outcome]
    results.append(Result(Delivery("m", "r", "bad", 1, 5_000), Outcome.REJECTED))
    assert arrivals_of(results) == [Arrival(SELLER_ID, ORDERS, 5_000)] * len(Outcome)


@pytest.mark.parametrize("origin", [Origin.CANARY, Origin.RECONCILED, Origin.SYNTHETIC])
def test_what_sellerbus_made_itself_has_not_come(origin: Origin) -> None:
    own = own_notification(
        origin,
        identity="1",
        notification_type=ORDERS,
        payload_version="1.0",
        event_time="2026-03-02T08:00:00Z",
        publish_time="2026-03-02T08:00:00Z",
        payload={"sellerId": "S1"},
    )
    assert arrivals_of([result(own, Outcome.PUBLISHED, 1)]) == []


def test_what_names_no_seller_is_nobodys() -> None:
    nameless = {"notificationType": "X", "payload": {"a": 1}}
    assert arrivals_of([result(nameless, Outcome.PUBLISHED, 1)]) == []
