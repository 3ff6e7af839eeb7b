"""Counts what became of a batch of notifications, in sum and by type.

In sum a 0 is written too, so that an alarm sees that there is nothing to see. By type it isn't: each name and
type is a metric that costs. The canary is in no sum: it says nothing of what Amazon sends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sellerbus.notifications.ordering import microseconds
from sellerbus.notifications.origin import Origin
from sellerbus.notifications.results import Outcome, Result
from sellerbus.runtime.emf import SERVICE, Group, Measured, MetricUnit, counted, emit

OF_OUTCOME: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.PUBLISHED: "NotificationsPublished",
        Outcome.COPY: "NotificationCopies",
        Outcome.REJECTED: "NotificationsRejected",
        Outcome.HELD: "NotificationsHeld",
        Outcome.FAILED: "NotificationsFailed",
    }
)
RECEIVED: Final = "NotificationsReceived"
STALE: Final = "NotificationsStale"
TAKEN_OVER: Final = "ClaimsAbandoned"
ALWAYS: Final = (RECEIVED, *OF_OUTCOME.values(), STALE, TAKEN_OVER)
_BY_TYPE: Final = (("service", "notificationType"),)


@dataclass(slots=True)
class _Tally:
    """counts by metric. Delays in milliseconds, of what was published: a copy would tell its own again."""

    counts: Counter[str] = field(default_factory=Counter)
    amazons: list[int] = field(default_factory=list)
    ours: list[int] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.counts[RECEIVED] += 1
        self.counts[OF_OUTCOME[result.outcome]] += 1
        if result.stale:
            self.counts[STALE] += 1
        if result.taken_over:
            self.counts[TAKEN_OVER] += 1
        if result.published_at_ms is not None:
            self.ours.append(max(0, result.published_at_ms - result.delivery.sent_at_ms))
            amazons = _amazons_delay(result)
            if amazons is not None:
                self.amazons.append(amazons)

    def metrics(self, names: Iterable[str]) -> dict[str, Measured]:
        measured = {name: counted(self.counts[name]) for name in names}
        for name, delays in (("AmazonDelay", self.amazons), ("OwnDelay", self.ours)):
            if delays:
                measured[name] = Measured(MetricUnit.Milliseconds, delays)
        return measured


def measure(results: Iterable[Result]) -> None:
    """Write the metrics of a batch."""
    everything = _Tally()
    by_type: defaultdict[str, _Tally] = defaultdict(_Tally)
    for result in results:
        envelope = result.envelope
        if envelope is not None:
            by_type[envelope.notification_type].add(result)
        if envelope is None or envelope.origin is not Origin.CANARY:
            everything.add(result)
    emit([Group(SERVICE, everything.metrics(ALWAYS))])
    for notification_type, tally in by_type.items():
        emit([Group(_BY_TYPE, tally.metrics(tally.counts))], notificationType=notification_type)


def _amazons_delay(result: Result) -> int | None:
    """From what is told of to its arrival in the queue; None where Amazon doesn't say, or didn't send it."""
    envelope = result.envelope
    if envelope is None or envelope.origin is not Origin.AMAZON or envelope.event_time is None:
        return None
    at = microseconds(envelope.event_time)
    # Clocks differ: a notification of the future came at once.
    return None if at is None else max(0, result.delivery.sent_at_ms - at // 1000)
