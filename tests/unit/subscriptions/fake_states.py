"""The subscription states in memory, and a reconciler put together from fakes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.notifications.seller_reconciler import SellerReconciler
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.subscription_state import (
    LEASE_MARGIN_SECONDS,
    Lease,
    LeaseLostError,
    SellerBusyError,
)
from sellerbus.notifications.type_run import SubscriptionsApi
from tests.unit.api.wire import Time
from tests.unit.subscriptions.fake_registry import FakeRegistry


@dataclass
class Row:
    record: Record = field(default_factory=Record)
    holder: str | None = None
    until: float = 0.0


@dataclass
class FakeStates:
    """A killed run leaves its lease; on_begin and on_leave may kill it there."""

    time: Time = field(default_factory=lambda: Time(ends_at=1_000_600.0))
    rows: dict[str, Row] = field(default_factory=dict)
    on_begin: Callable[[], None] = lambda: None
    on_leave: Callable[[], None] = lambda: None
    leases: int = 0
    taken: list[str] = field(default_factory=list)

    def take(self, seller_id: str, seconds: float) -> Lease:
        row = self.rows.setdefault(seller_id, Row())
        now = self.time.clock()
        if row.holder is not None and row.until >= now:
            raise SellerBusyError(seller_id, row.until - now)
        self.leases += 1
        row.holder, row.until = f"h{self.leases}", now + seconds + LEASE_MARGIN_SECONDS
        self.taken.append(seller_id)
        return Lease(seller_id, row.holder, row.until, copy.deepcopy(row.record))

    def begin(self, lease: Lease, types: Iterable[str] = (), *, unsettled: Iterable[str] = ()) -> None:
        types, ending = set(types), set(unsettled) & set(lease.record.settled)
        if not types and not ending:
            return
        self.on_begin()
        for record in (self._held(lease).record, lease.record):
            record.types |= types
            record.settled = {name: record.settled[name] for name in record.settled if name not in ending}

    def leave(self, lease: Lease) -> None:
        self.on_leave()
        row = self._held(lease)
        if lease.record.empty:
            del self.rows[lease.seller_id]
        else:
            row.record, row.holder = copy.deepcopy(lease.record), None

    def seller_ids(self) -> Iterator[str]:
        yield from list(self.rows)

    @property
    def records(self) -> dict[str, Record]:
        return {seller_id: row.record for seller_id, row in self.rows.items()}

    def wait_for_leases(self) -> None:
        """Let the time pass after which every lease is over."""
        self.time.now = max([self.time.now, *(row.until for row in self.rows.values())]) + 1

    def _held(self, lease: Lease) -> Row:
        row = self.rows[lease.seller_id]
        if row.holder != lease.holder:
            raise LeaseLostError(lease.seller_id)
        return row


@dataclass
class FakeEvents:
    """The bus. fault, where set, is raised instead of taking the events."""

    published: list[OperationalEvent] = field(default_factory=list)
    fault: Exception | None = None
    on_publish: Callable[[], None] = lambda: None

    def publish(self, events: Sequence[OperationalEvent]) -> None:
        if self.fault is not None:
            raise self.fault
        self.published += events
        self.on_publish()

    @property
    def drifts(self) -> list[str]:
        """What was told of subscriptions, as "TYPE drift action"."""
        return [
            f"{event.detail['notificationType']} {event.detail['drift']} {event.detail['action']}"
            for event in self.published
            if event.detail_type == "SubscriptionDrifted"
        ]


def reconciler(
    registry: FakeRegistry,
    amazon: SubscriptionsApi,
    states: FakeStates,
    *,
    application: str = "application-1",
    events: FakeEvents | None = None,
    remaining: Callable[[], float] = lambda: 300.0,
    patient: bool = False,
) -> SellerReconciler:
    """A reconciler with all the time that a run may take."""
    return SellerReconciler(
        registry=registry,
        states=states,
        events=events or FakeEvents(),
        api=lambda remaining: amazon,
        application=lambda: application,
        remaining_seconds=remaining,
        patient=patient,
        clock=states.time.clock,
        sleep=states.time.sleep,
    )
