"""One run for one seller: under the seller's lease, as the seller's row in the registry says then.

No two runs of a seller overlap, whoever starts them: the deploy, a deletion, a job of the queue. Row and
wanted subscriptions are read under the lease; what changes later is followed by a run that begins after this.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sellerbus.api.errors import (
    CredentialsError,
    OutOfTimeError,
    ThrottledError,
)
from sellerbus.notifications.deletion_turns import DeletionsWaitError, DeletionTurns
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.error_texts import brief, whole
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.seller_work import Events, Sellers, SellerWork, States
from sellerbus.notifications.type_run import SubscriptionsApi
from sellerbus.notifications.wanted import Wanted

LONGEST_RUN_SECONDS: Final = 240.0
"""So that a run that is killed doesn't hold its seller for the quarter of an hour that a deploy may take."""

_CLOSED: Final = "the stage is being deleted: nothing is made any more"

_WAITING: Final = (ThrottledError, OutOfTimeError, DeletionsWaitError)

ApiFactory = Callable[[Callable[[], float]], SubscriptionsApi]
"""Makes a client that calls no longer than the time (seconds) that it is given."""


class SellerReconciler:
    """Does one seller's job as the seller's row says: active, paused, removing; revoked is left alone.

    application: tells the client id that Amazon is called with. patient: nobody can take the work back, so
    turns are waited for as long as the time lasts. Threads may share it.
    """

    def __init__(
        self,
        *,
        registry: Sellers,
        states: States,
        events: Events,
        api: ApiFactory,
        application: Callable[[], str],
        remaining_seconds: Callable[[], float],
        patient: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._application = application
        self._registry = registry
        self._states = states
        self._events = events
        self._api = api
        self._remaining = remaining_seconds
        self._patient = patient
        self._clock = clock
        self._sleep = sleep

    def run(
        self,
        job: SellerJob,
        wanted: Callable[[], Wanted],
        *,
        clear: bool | None = None,
        drifted: list[Finding] | None = None,
    ) -> Outcome | None:
        """Return what was done; None where there is nothing to do for the seller (gone, revoked, closed).

        clear: True deletes the subscriptions whatever the row says, of a revoked or unknown seller those on
        record, and closes the seller: jobs of the queue (None) that were on their way make nothing more for
        it. The deploy's False opens it again.
        drifted: gets the drift that was told of, also where something raises.
        Raises SellerBusyError, DeletionsWaitError, StoreUnavailableError where an event could not be
        published, what `SellerRun` raises, and what registry and states raise.
        """
        seconds = min(self._remaining(), LONGEST_RUN_SECONDS)
        ends_at = self._clock() + seconds

        def left() -> float:
            return min(self._remaining(), ends_at - self._clock())

        begun: tuple[SubscriptionsApi, DeletionTurns] | None = None
        if job.deletions and job.booked is None:
            # Who waits for turns and has got none yet costs Amazon no call, and the table no lease.
            begun = self._begun(job, left)
            begun[1].book_ahead(job.deletions)
        lease = self._states.take(job.seller_id, seconds)
        try:
            outcome = None
            if not lease.record.closed or clear is False:
                application = self._application()
                check_application(job.seller_id, lease.record, application)
                lease.record.caller = application
                if lease.record.blank:
                    lease.record.application = ""
                api, turns = begun or self._begun(job, left)
                run = SellerWork(
                    self._registry,
                    self._states,
                    self._events,
                    api,
                    turns,
                    lease,
                    job,
                    self._clock,
                    drifted if drifted is not None else [],
                )
                outcome = run.work(wanted, clear=bool(clear))
                lease.record.closed = bool(clear)
        except Exception as error:
            if not isinstance(error, _WAITING):
                text = whole(error)
                lease.record.failed(text, brief(error))
                lease.record.end_request(job.request_id, self._clock(), text)
            try:
                self._states.leave(lease)
            except Exception as second:  # noqa: BLE001 - the first error is the one to tell; the lease ends by itself
                error.add_note(f"The seller's state could not be written either: {second}")
            raise
        closed = lease.record.closed and clear is None
        lease.record.end_request(job.request_id, self._clock(), _CLOSED if closed else "")
        self._states.leave(lease)
        return outcome

    def _begun(self, job: SellerJob, left: Callable[[], float]) -> tuple[SubscriptionsApi, DeletionTurns]:
        api = self._api(left)
        turns = DeletionTurns(
            api,
            booked=job.booked,
            look_seconds=job.look_seconds,
            patient_seconds=left if self._patient else None,
            clock=self._clock,
            sleep=self._sleep,
        )
        return api, turns


def check_application(seller_id: str, record: Record, current: str) -> None:
    """Refuse to work with another application's credentials than those that made what is on record.

    Amazon would answer that every seller has revoked the authorisation, and that nothing on record is there:
    every seller would be marked, and the record of what still stands be lost. Raises CredentialsError.
    """
    known = record.application
    if known and known != current and not record.blank:
        raise CredentialsError(
            "LWA token",
            f"seller {seller_id}'s subscriptions were made by the application {known}, but the "
            f"secret holds the credentials of {current}",
            hint="Write the right ones with `bin/sellerbus secrets set --stage <stage>`. To change the "
            "application, let the old one remove its sellers first.",
        )
