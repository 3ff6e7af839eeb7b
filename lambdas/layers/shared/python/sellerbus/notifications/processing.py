"""A batch of deliveries, from the queue to the bus: claim, publish, complete, acknowledge.

The protocol (docs/reliability.md) holds for each notification alone, whatever becomes of the others in
its batch; the calls are shared. A batch costs one claim, one look at the ordering guard, and per ten
events one PutEvents and one completion.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.candidates import claim_of, parsed, waves
from sellerbus.notifications.ledger import (
    AlreadyComplete,
    Claim,
    Claimed,
    ClaimOutcome,
    ContentDiffers,
    HeldByOther,
    Ledger,
    event_id,
)
from sellerbus.notifications.ordering import OrderingGuard, sighting_of
from sellerbus.notifications.partner_event import notification_text
from sellerbus.notifications.publishing import (
    Event,
    EventBus,
    PayloadStore,
    PublishFailure,
    build_event,
    chunked,
)
from sellerbus.notifications.queues import DeadLetterQueue, Delivery, NotificationQueue
from sellerbus.notifications.results import BatchResults, Candidate, Result, defect

_CONTENT_DIFFERS: Final = (
    "content-differs",
    "this notificationId came before with another type, version, event time or payload",
)


@dataclass(frozen=True, slots=True)
class _Publication:
    """A claimed notification on its way to the bus."""

    candidate: Candidate
    claim: Claim
    stale: bool
    event: Event


class NotificationProcessor:
    """The processing of batches; one instance serves all invocations of a function instance.

    `now` gives ms since 1970. `lease_margin_ms` is added to the invocation's deadline: for a kill that
    comes late, and for clocks that differ. `publish_budget_ms` is what PutEvents and the completion can
    take at worst, with all their time-outs and attempts: with less time left nothing is published.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        guard: OrderingGuard,
        bus: EventBus,
        payloads: PayloadStore,
        queue: NotificationQueue,
        dead_letters: DeadLetterQueue,
        now: Callable[[], int],
        lease_margin_ms: int,
        publish_budget_ms: int,
        maximum_event_bytes: int,
    ) -> None:
        self._ledger = ledger
        self._guard = guard
        self._bus = bus
        self._payloads = payloads
        self._queue = queue
        self._dead_letters = dead_letters
        self._now = now
        self._lease_margin_ms = lease_margin_ms
        self._publish_budget_ms = publish_budget_ms
        self._maximum_event_bytes = maximum_event_bytes

    def process(self, deliveries: Sequence[Delivery], remaining_ms: Callable[[], int]) -> list[Result]:
        """Process a batch; one result per delivery, in no particular order.

        `remaining_ms` tells how long the invocation may still run. What AWS refuses for now comes back as
        FAILED with nothing lost; it does not raise.
        """
        batch = BatchResults()
        for wave in waves(parsed(deliveries, batch)):
            self._process_wave(wave, batch, remaining_ms)
        batch.settle_rejections(self._dead_letters.reject([rejection for rejection, _ in batch.rejections]))
        return batch.results

    def hide(self, results: Sequence[Result]) -> None:
        """Let the deliveries that were not acknowledged come back when they should, not all at once.

        Raises StoreUnavailableError; they then come back after the queue's visibility time-out.
        """
        self._queue.hide([(r.delivery, r.retry_seconds) for r in results if not r.acknowledged])

    def _process_wave(
        self, candidates: Sequence[Candidate], batch: BatchResults, remaining_ms: Callable[[], int]
    ) -> None:
        abandoned = self._abandoned(candidates)
        # After the look: the lease is counted from here, and must outlast the function.
        now = self._now()
        claims = [claim_of(candidate, now) for candidate in candidates]
        try:
            outcomes = self._ledger.claim(claims, now + remaining_ms() + self._lease_margin_ms)
        except StoreUnavailableError as error:
            # Some may be claimed all the same. Giving them back frees the next delivery from waiting.
            self._give_back(list(zip(candidates, claims, strict=True)), batch, str(error))
            return
        mine = [
            (candidate, claim)
            for candidate, claim, outcome in zip(candidates, claims, outcomes, strict=True)
            if self._is_mine(candidate, outcome, batch)
        ]
        batch.taken_over |= abandoned & {claim.notification_id for _, claim in mine}
        publications = {p.event.event_id: p for p in self._prepare(mine, batch)}
        for events in chunked([p.event for p in publications.values()], self._maximum_event_bytes):
            self._publish([publications[event.event_id] for event in events], batch, remaining_ms)

    def _abandoned(self, candidates: Sequence[Candidate]) -> set[str]:
        """The notifications that somebody began and left. A first delivery is nobody's: it costs no look."""
        again = [
            candidate.envelope.notification_id
            for candidate in candidates
            if any(delivery.receive_count > 1 for delivery in candidate.deliveries)
        ]
        try:
            return self._ledger.abandoned(again)
        except StoreUnavailableError:
            # They go uncounted; the claim will tell whether the table can be reached.
            return set()

    def _is_mine(self, candidate: Candidate, outcome: ClaimOutcome, batch: BatchResults) -> bool:
        match outcome:
            case Claimed():
                return True
            case AlreadyComplete():
                batch.copies(candidate)
            case HeldByOther(until):
                # Neither acknowledged (the holder may crash) nor failed at once (a healthy copy would
                # burn its receives): hidden until the lease has ended.
                batch.held(candidate, max(1, math.ceil((until - self._now()) / 1000) + 1))
            case ContentDiffers():
                batch.reject(candidate.deliveries, candidate.envelope, _CONTENT_DIFFERS)
        return False

    def _prepare(self, mine: Sequence[tuple[Candidate, Claim]], batch: BatchResults) -> list[_Publication]:
        """Ask the ordering guard and make the events; what fails here is given back."""
        try:
            stale = self._guard.stale([sighting_of(c.envelope, c.subject) for c, _ in mine])
        except StoreUnavailableError as error:
            self._give_back(mine, batch, str(error))
            return []
        publications = []
        for (candidate, claim), is_stale in zip(mine, stale, strict=True):
            try:
                event = self._event(candidate, is_stale)
            except StoreUnavailableError as error:
                self._give_back([(candidate, claim)], batch, str(error))
            except Exception as error:  # noqa: BLE001 - a defect of ours costs this one, never its batch
                self._give_back([(candidate, claim)], batch, defect(error))
            else:
                publications.append(_Publication(candidate, claim, is_stale, event))
        return publications

    def _event(self, candidate: Candidate, stale: bool) -> Event:
        envelope, subject = candidate.envelope, candidate.subject
        identity = event_id(envelope.notification_id)
        event = build_event(envelope, subject, identity, stale=stale)
        if event is None or event.size_bytes > self._maximum_event_bytes:
            location = self._payloads.keep(identity, notification_text(candidate.deliveries[0].body))
            event = build_event(envelope, subject, identity, stale=stale, payload_location=location)
            assert event is not None, "an event without its payload fits every bus"  # noqa: S101
        return event

    def _publish(
        self,
        publications: Sequence[_Publication],
        batch: BatchResults,
        remaining_ms: Callable[[], int],
    ) -> None:
        """Publish one chunk and complete what the bus took; the rest is given back."""
        if remaining_ms() < self._publish_budget_ms:
            self._give_back_publications(publications, batch, "too little time left to publish safely")
            return
        try:
            answers = self._bus.publish([p.event for p in publications])
        except StoreUnavailableError as error:
            self._give_back_publications(publications, batch, str(error))
            return
        published_at = self._now()
        taken: list[tuple[_Publication, str]] = []
        for publication, answer in zip(publications, answers, strict=True):
            if isinstance(answer, PublishFailure):
                reason = f"PutEvents refused the entry with {answer.code}"
                self._give_back_publications([publication], batch, reason)
            else:
                taken.append((publication, answer))
        self._complete(taken, published_at, batch)

    def _complete(
        self, taken: Sequence[tuple[_Publication, str]], published_at: int, batch: BatchResults
    ) -> None:
        try:
            completed = self._ledger.complete([(p.claim, bus_event_id) for p, bus_event_id in taken])
        except StoreUnavailableError as error:
            # Published, but not known as such. The lease stays: a copy must not publish before it ends.
            batch.failed([p.candidate for p, _ in taken], str(error))
            return
        for (publication, _), is_complete in zip(taken, completed, strict=True):
            if is_complete:
                batch.published(publication.candidate, stale=publication.stale, at_ms=published_at)
            else:
                batch.failed([publication.candidate], "the ledger's row has changed under the publish")

    def _give_back_publications(
        self, publications: Sequence[_Publication], batch: BatchResults, reason: str
    ) -> None:
        self._give_back([(p.candidate, p.claim) for p in publications], batch, reason)

    def _give_back(
        self, claimed: Sequence[tuple[Candidate, Claim]], batch: BatchResults, reason: str
    ) -> None:
        """Fail these deliveries, and release their claims so that the next try need not wait."""
        try:
            self._ledger.release([claim for _, claim in claimed])
        except StoreUnavailableError as error:
            reason = f"{reason}; releasing the claim: {error}"
        batch.failed([candidate for candidate, _ in claimed], reason)
