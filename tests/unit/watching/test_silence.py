"""Who has fallen silent, and that each silence is told once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvent, OperationalEvents
from sellerbus.aws.items import attribute
from sellerbus.notifications.arrivals import ArrivalRow, ArrivalRows, iso
from sellerbus.sellers.rows import ACTIVE, PAUSED, REMOVING, REVOKED, SellerOverview
from sellerbus.watching.silence import MOST_TOLD, Heard, SilenceTeller, listen
from tests.fakes import client_error
from tests.unit.notifications.fake_arrivals import FakeArrivals

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
ORDERS, OFFERS = "ORDER_CHANGE", "ANY_OFFER_CHANGED"
TYPES = frozenset({ORDERS, OFFERS, "FEED_PROCESSING_FINISHED"})


def seller(seller_id: str = "S1", status: str = ACTIVE, types: tuple[str, ...] | None = None) -> Any:
    return SellerOverview(seller_id, "na", status, types)


def row(
    seller_id: str = "S1",
    kind: str = ORDERS,
    *,
    quiet_hours: float = 1.0,
    gap_hours: float = 2.0,
    history_days: float = 30.0,
) -> ArrivalRow:
    last = NOW - timedelta(hours=quiet_hours)
    gaps = {last.date().isoformat(): round(gap_hours * 3600)}
    return ArrivalRow(seller_id, kind, last - timedelta(days=history_days), last, gaps)


def hear(sellers: Sequence[SellerOverview], rows: Sequence[ArrivalRow]) -> Heard:
    return listen(sellers, rows, TYPES, NOW)


def gauges(heard: Heard) -> dict[str, float]:
    return {each.name: each.value for each in heard.gauges}


def test_a_seller_is_silent_when_one_of_its_types_is_and_counts_once() -> None:
    rows = [
        row("S1", quiet_hours=5),
        row("S1", OFFERS, quiet_hours=9),
        row("S2", quiet_hours=3),
        row("S2", OFFERS),
    ]
    heard = hear([seller("S1"), seller("S2")], rows)
    assert gauges(heard) == {"SellersSilent": 1, "SellersLearning": 0}
    assert [each.row.notification_type for each in heard.silences] == [OFFERS, ORDERS], "longest first"


@pytest.mark.parametrize("status", [PAUSED, REVOKED, REMOVING])
def test_only_active_sellers_are_missed(status: str) -> None:
    heard = hear([seller(status=status)], [row(quiet_hours=500)])
    assert gauges(heard) == {"SellersSilent": 0, "SellersLearning": 0}


def test_who_is_no_seller_any_more_is_not_missed() -> None:
    assert hear([], [row(quiet_hours=500)]).silences == ()


def test_a_type_is_missed_only_where_it_is_wanted() -> None:
    silent = [row(quiet_hours=500), row(kind="REPORT_X", quiet_hours=500)]
    assert hear([seller(types=(OFFERS,))], silent).silences == ()
    assert len(hear([seller(types=(ORDERS,))], silent).silences) == 1
    assert len(hear([seller(types=None)], silent).silences) == 1, "REPORT_X is not configured"


def test_answers_are_not_missed() -> None:
    heard = hear([seller()], [row(kind="FEED_PROCESSING_FINISHED", quiet_hours=500)])
    assert gauges(heard) == {"SellersSilent": 0, "SellersLearning": 1}


def test_a_seller_is_learnt_while_no_rhythm_of_it_is_known() -> None:
    sellers = [seller("S1"), seller("S2"), seller("S3"), seller("S4", types=("OTHER",))]
    rows = [row("S1", history_days=2, quiet_hours=48), row("S2"), row("S2", OFFERS, history_days=1)]
    assert gauges(hear(sellers, rows)) == {"SellersSilent": 0, "SellersLearning": 2}


class Bus:
    def __init__(self) -> None:
        self.events: list[OperationalEvent] = []
        self.fault: Exception | None = None

    def publish(self, events: Sequence[OperationalEvent]) -> None:
        if self.fault is not None:
            raise self.fault
        self.events += events


def kept(rows: Sequence[ArrivalRow]) -> FakeArrivals:
    """A table that has the rows."""
    table = FakeArrivals()
    for each in rows:
        values = {
            "sellerId": each.seller_id,
            "notificationType": each.notification_type,
            "firstArrivalAt": iso(each.first_at),
            "lastArrivalAt": iso(each.last_at),
            "longestGaps": each.longest_gaps,
        }
        table.rows[each.key] = {name: attribute(value) for name, value in values.items()}
    return table


def tell(table: FakeArrivals, bus: Bus) -> int:
    sellers = [seller(name) for name in {key[0] for key in table.rows}]
    heard = hear(sellers, list(ArrivalRows(table, "arrivals").all()))
    teller = SilenceTeller(bus, table, "arrivals", now=NOW.timestamp)
    return teller.tell(heard.silences)


def test_a_silence_is_told_once_and_the_next_one_again() -> None:
    table, bus = kept([row(quiet_hours=5)]), Bus()
    assert tell(table, bus) == 1
    (event,) = bus.events
    assert (event.source, event.detail_type) == ("sellerbus.sellers", "SellerSilent")
    assert dict(event.detail) == {
        "eventId": event.detail["eventId"],
        "sellerId": "S1",
        "region": "na",
        "notificationType": ORDERS,
        "lastArrivalAt": "2026-03-20T07:00:00.000+00:00",
        "usualSeconds": 2 * 3600,
        "allowedSeconds": 3 * 3600 + 900,
    }
    assert tell(table, bus) == 0
    later = NOW - timedelta(hours=4)
    table.rows["S1", ORDERS]["lastArrivalAt"] = attribute(iso(later))
    assert tell(table, bus) == 1
    first, second = (each.detail["eventId"] for each in bus.events)
    assert first != second


def test_a_crash_before_the_mark_tells_the_same_event_again() -> None:
    table, bus = kept([row(quiet_hours=5)]), Bus()
    table.faults = [None, client_error("UpdateItem", "InternalServerError")]
    with pytest.raises(StoreUnavailableError):
        tell(table, bus)
    assert tell(table, bus) == 1
    first, second = bus.events
    assert first == second


def test_what_the_bus_did_not_take_is_told_later() -> None:
    table, bus = kept([row(quiet_hours=5)]), Bus()
    bus.fault = StoreUnavailableError("PutEvents", "ThrottlingException")
    with pytest.raises(StoreUnavailableError):
        tell(table, bus)
    bus.fault = None
    assert tell(table, bus) == 1


def test_who_comes_back_while_it_is_told_is_not_marked() -> None:
    table, bus = kept([row(quiet_hours=5)]), Bus()
    heard = hear([seller()], list(ArrivalRows(table, "arrivals").all()))
    table.rows["S1", ORDERS]["lastArrivalAt"] = attribute(iso(NOW))
    SilenceTeller(bus, table, "arrivals", now=NOW.timestamp).tell(heard.silences)
    assert "silenceToldOf" not in table.rows["S1", ORDERS]


def test_a_great_silence_is_told_in_parts() -> None:
    rows = [row(f"S{number:03d}", quiet_hours=5 + number / 100) for number in range(MOST_TOLD + 5)]
    table, bus = kept(rows), Bus()
    assert tell(table, bus) == MOST_TOLD
    assert bus.events[0].detail["sellerId"] == f"S{MOST_TOLD + 4}"
    assert tell(table, bus) == 5
    assert len({each.detail["eventId"] for each in bus.events}) == MOST_TOLD + 5


def test_the_event_on_the_bus_carries_its_own_id_as_what_to_follow_it_by() -> None:
    entries: list[dict[str, Any]] = []

    class EventBridge:
        def put_events(self, **request: Any) -> Any:
            entries.extend(request["Entries"])
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    table = kept([row(quiet_hours=5)])
    events = OperationalEvents(EventBridge(), "bus", now=NOW.timestamp)
    heard = hear([seller()], list(ArrivalRows(table, "arrivals").all()))
    SilenceTeller(events, table, "arrivals", now=NOW.timestamp).tell(heard.silences)
    detail = json.loads(entries[0]["Detail"])
    assert detail["correlationId"] == detail["eventId"]
    assert detail["detectedAt"] == iso(NOW)
