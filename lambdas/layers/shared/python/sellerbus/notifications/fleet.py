"""All sellers at once, at deploy time: as many as the time allows are done here, the others go to the queue.

A deployment neither fails nor waits for one seller; a deletion has no queue to lean on and does all itself.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from sellerbus.api.errors import AuthorizationRevokedError, CredentialsError, OutOfTimeError, ThrottledError
from sellerbus.notifications.deletion_turns import DeletionsWaitError
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.fleet_summary import Summary
from sellerbus.notifications.job_runner import delayed
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.seller_reconciler import SellerReconciler
from sellerbus.notifications.subscription_state import SellerBusyError
from sellerbus.notifications.wanted import Wanted
from sellerbus.sellers.rows import ACTIVE, REMOVING, REVOKED, Seller

WORKERS: Final = 4
RESERVE_SECONDS: Final = 20.0
RESERVE_SECONDS_PER_SELLER: Final = 0.005
"""What queueing one seller takes, a tenth of a call with ten messages, with room."""

_PASSES: Final = 5
_PAUSE_SECONDS: Final = 2.0


class ClearingIncompleteError(Exception):
    """Sellers are left whose subscriptions could not be deleted; a further deletion continues there."""

    def __init__(self, left: int, reason: str) -> None:
        self.left = left
        super().__init__(
            f"the subscriptions of {left} sellers are not deleted yet: {reason}. "
            "Delete again: it continues there."
        )


class _NotReachedError(Exception):
    """The time, or the quota that all sellers share, was over before the seller's turn."""


_NOT_YET: Final = (SellerBusyError, ThrottledError, OutOfTimeError, _NotReachedError)
"""Nothing is wrong with the seller."""


class Sellers(Protocol):
    """The part of the seller registry that is used."""

    def sellers(self) -> Iterator[Seller]: ...


class States(Protocol):
    """The part of the subscription states that is used."""

    def seller_ids(self) -> Iterator[str]: ...


class Queue(Protocol):
    def put_delayed(self, jobs: Iterable[tuple[SellerJob, int]]) -> None: ...


class SellerFleet:
    """reconciler makes one, shared by a few threads, that works no longer than the time it is given.

    Its second argument: whether it waits for turns, as it must where nobody can take the work back.
    """

    def __init__(
        self,
        *,
        registry: Sellers,
        states: States,
        reconciler: Callable[[Callable[[], float], bool], SellerReconciler],
        queue: Queue,
        remaining_seconds: Callable[[], float],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._registry = registry
        self._states = states
        self._reconciler = reconciler
        self._queue = queue
        self._remaining = remaining_seconds
        self._clock = clock
        self._sleep = sleep

    def bring_all_to(
        self,
        wanted: Wanted,
        *,
        retired_types: Sequence[str] = (),
        retired_destination_ids: Sequence[str] = (),
        first: bool = True,
    ) -> Summary:
        """Reconcile the active sellers; those that failed, are busy or were not reached go to the queue.

        The listing says only whom to look at: what becomes of a seller is read again under its lease.
        first: nothing is there yet, so that bad credentials fail the deployment with CredentialsError. Later
        they don't: the way back would call with the same credentials, and the stack could go neither way.
        Raises what the registry and the queue raise.
        """
        rows = list(self._registry.sellers())
        jobs = {
            row.seller_id: SellerJob(row.seller_id, tuple(retired_types), tuple(retired_destination_ids))
            for row in rows
            if row.status in (ACTIVE, REMOVING)
        }
        reserve = RESERVE_SECONDS + RESERVE_SECONDS_PER_SELLER * len(jobs)
        summary = Summary(revoked=sum(1 for row in rows if row.status == REVOKED))

        def time_to_call() -> float:
            return self._remaining() - reserve

        drifted: list[Finding] = []
        one = self._run(self._reconciler(time_to_call, False), time_to_call, wanted, drifted, clear=False)
        later = [jobs[row.seller_id] for row in rows if row.status == REMOVING]
        for job, result in self._each([jobs[row.seller_id] for row in rows if row.status == ACTIVE], one):
            if isinstance(result, CredentialsError):
                if first:
                    raise result
                summary.refused_credentials = True
            if isinstance(result, Outcome):
                summary.add(job.seller_id, result)
            elif isinstance(result, AuthorizationRevokedError):
                summary.revoked += 1
                summary.marked += 1
                summary.failures[job.seller_id] = str(result)
            elif isinstance(result, DeletionsWaitError):
                # Now, and not when all are done: the turns that are booked would be over by then.
                self._queue.put_delayed([delayed(job, result, self._clock())])
                summary.queued += 1
            elif result is not None:
                if not isinstance(result, _NOT_YET):
                    summary.failures[job.seller_id] = str(result)
                later.append(job)
        self._queue.put_delayed((job, 0) for job in later)
        summary.queued += len(later)
        summary.drifted = len(drifted)
        return summary

    def clear_all(self, wanted: Wanted) -> Summary:
        """Delete all subscriptions to this deployment's destinations, of every seller that is or was.

        Of sellers whose authorisation is revoked, or who are gone from the registry, those on record.
        Raises ClearingIncompleteError where time or repeats did not suffice, CredentialsError.
        """
        registered = [row.seller_id for row in self._registry.sellers()]
        left = [SellerJob(name) for name in dict.fromkeys((*registered, *self._states.seller_ids()))]
        summary = Summary()
        reason = "the time was over"
        one = self._run(self._reconciler(self._remaining, True), self._remaining, wanted, [], clear=True)
        passes = 0
        # Before that time a throttled seller isn't tried again: the tries would take the quota themselves.
        not_before: dict[str, float] = {}
        while left:
            now = self._clock()
            due = [job for job in left if not_before.get(job.seller_id, now) <= now]
            left = [job for job in left if not_before.get(job.seller_id, now) > now]
            waiting = bool(left)
            for job, result in self._each(due, one):
                if isinstance(result, CredentialsError):
                    raise result
                if isinstance(result, Outcome):
                    summary.add(job.seller_id, result)
                elif result is not None:
                    left.append(job)
                    waiting = waiting or isinstance(result, SellerBusyError | ThrottledError)
                    if isinstance(result, ThrottledError):
                        not_before[job.seller_id] = self._clock() + result.seconds
                    reason = reason if isinstance(result, _NotReachedError) else str(result)
            # Whoever is busy ends with its lease, and quota comes back; that is worth all the time there is.
            passes += not waiting
            if not left or passes >= _PASSES or self._remaining() <= 0:
                break
            self._sleep(min(_PAUSE_SECONDS, max(0.0, self._remaining())))
        if left:
            raise ClearingIncompleteError(len(left), reason)
        return summary

    def _run(
        self,
        reconciler: SellerReconciler,
        time_left: Callable[[], float],
        wanted: Wanted,
        drifted: list[Finding],
        *,
        clear: bool,
    ) -> Callable[[SellerJob], Outcome | Exception | None]:
        # Once turns are further off than is booked, looking at more sellers would only take their quota.
        crowded = threading.Event()

        def one(job: SellerJob) -> Outcome | Exception | None:
            if time_left() <= 0 or crowded.is_set():
                return _NotReachedError()
            try:
                return reconciler.run(job, lambda: wanted, clear=clear, drifted=drifted)
            except Exception as error:  # noqa: BLE001 - one seller's failure, whatever it is, is that seller's alone
                if isinstance(error, DeletionsWaitError) and error.booking is None:
                    crowded.set()
                return error

        return one

    def _each(
        self, jobs: Sequence[SellerJob], one: Callable[[SellerJob], Outcome | Exception | None]
    ) -> Iterator[tuple[SellerJob, Outcome | Exception | None]]:
        """Yield each job's result as soon as it and those before it are there."""
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            # Each in a copy of the context: a call of Amazon's API says what it belongs to.
            contexts = [contextvars.copy_context() for _ in jobs]
            results = pool.map(lambda context, job: context.run(one, job), contexts, jobs)
            yield from zip(jobs, results, strict=True)
