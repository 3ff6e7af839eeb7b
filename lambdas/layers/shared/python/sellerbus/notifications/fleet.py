"""All sellers at once, at deploy time: as many as the time allows are done here, the others go to the queue.

A deployment neither fails nor waits for one seller; a deletion has no queue to lean on and does all itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.api.errors import AuthorizationRevokedError, CredentialsError
from sellerbus.api.lwa import SellerGrant
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.reconciliation import Outcome, SubscriptionsApi, bring_to
from sellerbus.notifications.subscriptions import Wanted
from sellerbus.sellers.registry import ACTIVE, REMOVING, REVOKED, Seller

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


class Sellers(Protocol):
    """The part of the seller registry that is used."""

    def sellers(self) -> Iterator[Seller]: ...

    def grant(self, seller: Seller) -> SellerGrant: ...


class Queue(Protocol):
    def put(self, jobs: Iterable[SellerJob]) -> None: ...


@dataclass
class Summary:
    """What became of the sellers. failures: seller id and reason, for the log."""

    sellers: int = 0
    in_place: int = 0
    created: int = 0
    deleted: int = 0
    queued: int = 0
    revoked: int = 0
    foreign: int = 0
    blocked: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        self.sellers += 1
        self.in_place += outcome.in_place
        self.created += outcome.created
        self.deleted += outcome.deleted
        self.foreign += len(outcome.foreign)
        self.blocked += len(outcome.blocked)

    def text(self) -> str:
        parts = [f"{self.sellers} sellers, {self.in_place} subscriptions in place"]
        for count, words in (
            (self.queued, "sellers queued for later"),
            (self.revoked, "sellers with a revoked authorisation left out"),
            (self.foreign, "subscriptions to other destinations left alone"),
            (self.blocked, "wanted subscriptions kept out by others"),
        ):
            if count:
                parts.append(f"{count} {words}")
        return "; ".join(parts)


class SellerFleet:
    """api makes a client, shared by a few threads, that calls no longer than the time it is given."""

    def __init__(
        self,
        *,
        registry: Sellers,
        api: Callable[[Callable[[], float]], SubscriptionsApi],
        queue: Queue,
        remaining_seconds: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._registry = registry
        self._api = api
        self._queue = queue
        self._remaining = remaining_seconds
        self._sleep = sleep

    def bring_all_to(
        self,
        wanted: Wanted,
        *,
        retired_types: Sequence[str] = (),
        retired_destination_ids: Sequence[str] = (),
    ) -> Summary:
        """Reconcile the active sellers; those that failed or were not reached go to the queue.

        Raises CredentialsError, which no queue mends, and what the registry and the queue raise.
        """
        rows = list(self._registry.sellers())
        jobs = {
            row.seller_id: SellerJob(row.seller_id, tuple(retired_types), tuple(retired_destination_ids))
            for row in rows
            if row.status in (ACTIVE, REMOVING)
        }
        active = [row for row in rows if row.status == ACTIVE]
        reserve = RESERVE_SECONDS + RESERVE_SECONDS_PER_SELLER * len(jobs)
        summary = Summary(revoked=sum(1 for row in rows if row.status == REVOKED))

        def time_to_call() -> float:
            return self._remaining() - reserve

        api = self._api(time_to_call)

        def one(row: Seller) -> Outcome | Exception | None:
            if time_to_call() <= 0:
                return None
            return self._outcome(api, row, wanted, jobs[row.seller_id], clear=False)

        later = [jobs[row.seller_id] for row in rows if row.status == REMOVING]
        for row, result in self._each(active, one):
            if isinstance(result, Outcome):
                summary.add(result)
                continue
            if isinstance(result, CredentialsError):
                raise result
            if result is not None:
                summary.failures[row.seller_id] = str(result)
            later.append(jobs[row.seller_id])
        self._queue.put(later)
        summary.queued = len(later)
        return summary

    def clear_all(self, wanted: Wanted) -> Summary:
        """Delete the subscriptions of all sellers to the destination in `wanted`.

        Sellers whose authorisation is revoked are counted and left: nothing of theirs can be listed.
        Raises ClearingIncompleteError where time or repeats did not suffice, CredentialsError.
        """
        rows = list(self._registry.sellers())
        left = [row for row in rows if row.status != REVOKED]
        summary = Summary(revoked=len(rows) - len(left))
        reason = "the time was over"
        api = self._api(self._remaining)

        def one(row: Seller) -> Outcome | Exception | None:
            if self._remaining() <= 0:
                return None
            return self._outcome(api, row, wanted, SellerJob(row.seller_id), clear=True)

        for attempt in range(_PASSES):
            if attempt:
                self._sleep(min(_PAUSE_SECONDS, max(0.0, self._remaining())))
            results = list(self._each(left, one))
            left = []
            for row, result in results:
                if isinstance(result, Outcome):
                    summary.add(result)
                elif isinstance(result, AuthorizationRevokedError):
                    summary.revoked += 1
                    summary.failures[row.seller_id] = str(result)
                elif isinstance(result, CredentialsError):
                    raise result
                else:
                    left.append(row)
                    reason = str(result) if result is not None else reason
            if not left or self._remaining() <= 0:
                break
        if left:
            raise ClearingIncompleteError(len(left), reason)
        return summary

    def _outcome(
        self, api: SubscriptionsApi, row: Seller, wanted: Wanted, job: SellerJob, *, clear: bool
    ) -> Outcome | Exception:
        try:
            return bring_to(api, self._registry.grant(row), wanted, job, clear=clear)
        except Exception as error:  # noqa: BLE001 - one seller's failure, whatever it is, is that seller's alone
            return error

    def _each(
        self, rows: Sequence[Seller], one: Callable[[Seller], Outcome | Exception | None]
    ) -> Iterable[tuple[Seller, Outcome | Exception | None]]:
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return list(zip(rows, pool.map(one, rows), strict=True))
