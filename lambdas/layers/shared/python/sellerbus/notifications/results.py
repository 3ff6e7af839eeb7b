"""What becomes of the deliveries of one batch."""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sellerbus.notifications.catalogue import Subject
from sellerbus.notifications.envelope import Envelope
from sellerbus.notifications.queues import Delivery, Rejection

_FIRST_LOOK_SECONDS: Final = 3
_FIRST_RETRY_SECONDS: Final = 5
_LONGEST_RETRY_SECONDS: Final = 900


class Outcome(StrEnum):
    """What became of a delivery. The first three acknowledge it; after the others SQS delivers it again."""

    PUBLISHED = "published"
    COPY = "copy"
    REJECTED = "rejected"
    HELD = "held"
    FAILED = "failed"


_ACKNOWLEDGED: Final = frozenset({Outcome.PUBLISHED, Outcome.COPY, Outcome.REJECTED})


@dataclass(frozen=True, slots=True)
class Result:
    """A delivery's outcome. `reason` says why it was rejected, held or failed, without content.

    `retry_seconds` is how long a delivery that isn't acknowledged shall stay invisible. `published_at_ms`:
    when the bus had taken it, ms since 1970. `taken_over`: another delivery had begun it and never ended it.
    """

    delivery: Delivery
    outcome: Outcome
    envelope: Envelope | None = None
    stale: bool = False
    reason: str | None = None
    retry_seconds: int = 0
    published_at_ms: int | None = None
    taken_over: bool = False

    @property
    def acknowledged(self) -> bool:
        """Whether SQS may forget the delivery."""
        return self.outcome in _ACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A parsed notification with all deliveries of the batch that carry the same content."""

    deliveries: tuple[Delivery, ...]
    envelope: Envelope
    subject: Subject


def retry_seconds(receive_count: int) -> int:
    """How long a failed delivery waits for its next try: 5 s, doubling, at most 15 minutes."""
    return min(_FIRST_RETRY_SECONDS << min(receive_count - 1, 10), _LONGEST_RETRY_SECONDS)


def defect(error: Exception) -> str:
    """What is told of an exception that nobody foresaw: its kind and place. Its text may hold content."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"defect: {type(error).__name__} at {place.filename.rpartition('/')[2]}:{place.lineno}"


@dataclass(slots=True)
class BatchResults:
    """Collects the results of a batch, and the rejections that are still to be sent on."""

    results: list[Result] = field(default_factory=list)
    rejections: list[tuple[Rejection, Envelope | None]] = field(default_factory=list)
    taken_over: set[str] = field(default_factory=set)
    """Notification ids whose claims were taken over."""

    def published(self, candidate: Candidate, *, stale: bool, at_ms: int) -> None:
        """Published and complete: its first delivery did it, the others are copies."""
        first, *copies = candidate.deliveries
        self.results.append(
            Result(
                first,
                Outcome.PUBLISHED,
                candidate.envelope,
                stale,
                published_at_ms=at_ms,
                taken_over=candidate.envelope.notification_id in self.taken_over,
            )
        )
        self._copies(copies, candidate.envelope)

    def copies(self, candidate: Candidate) -> None:
        """Published before, and seen to be complete."""
        self._copies(candidate.deliveries, candidate.envelope)

    def held(self, candidate: Candidate, seconds: int) -> None:
        """Another delivery holds the lease for so many seconds more.

        A holder is nearly always done within a second, so a first look comes soon; from then on the
        delivery waits for the lease's end, and so spends no more than one of its receives on waiting.
        """
        self.results += (
            Result(
                delivery,
                Outcome.HELD,
                candidate.envelope,
                reason="lease held",
                retry_seconds=seconds if delivery.receive_count > 1 else min(seconds, _FIRST_LOOK_SECONDS),
            )
            for delivery in candidate.deliveries
        )

    def failed(self, candidates: Iterable[Candidate], reason: str) -> None:
        """Not published as far as is known: to be tried again."""
        for candidate in candidates:
            self._failed(candidate.deliveries, candidate.envelope, reason)

    def defective(self, delivery: Delivery, error: Exception) -> None:
        """Our own code failed on it: it is tried again alone, and ends in the dead-letter queue."""
        self._failed([delivery], None, defect(error))

    def reject(self, deliveries: Iterable[Delivery], envelope: Envelope | None, why: tuple[str, str]) -> None:
        """To be sent to the dead-letter queue, for a (reason, detail)."""
        self.rejections += ((Rejection(delivery, *why), envelope) for delivery in deliveries)

    def settle_rejections(self, arrived: set[str]) -> None:
        """What has arrived in the dead-letter queue is acknowledged; the rest is tried again."""
        for rejection, envelope in self.rejections:
            if rejection.delivery.message_id in arrived:
                self.results.append(
                    Result(rejection.delivery, Outcome.REJECTED, envelope, reason=rejection.reason)
                )
            else:
                self._failed(
                    [rejection.delivery], envelope, f"dead-letter queue did not take it ({rejection.reason})"
                )

    def _copies(self, deliveries: Iterable[Delivery], envelope: Envelope) -> None:
        self.results += (Result(delivery, Outcome.COPY, envelope) for delivery in deliveries)

    def _failed(self, deliveries: Sequence[Delivery], envelope: Envelope | None, reason: str) -> None:
        taken_over = envelope is not None and envelope.notification_id in self.taken_over
        self.results += (
            Result(
                delivery,
                Outcome.FAILED,
                envelope,
                reason=reason,
                retry_seconds=retry_seconds(delivery.receive_count),
                taken_over=taken_over and delivery is deliveries[0],
            )
            for delivery in deliveries
        )
