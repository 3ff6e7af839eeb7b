"""Looks for missed events of all sellers, those first who were longest not looked at, until the time is over.

Only active sellers are looked at, and only for what is wanted for them whole: where an expression of Amazon's
leaves notifications out, nobody can say which were missed. Whoever is not active, or no longer wants a type,
is looked at anew when that changes: what happened meanwhile was not to be notified.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from sellerbus.api.errors import CredentialsError
from sellerbus.missed.looking import Found
from sellerbus.missed.marks import Key, Mark
from sellerbus.missed.subjects import FEEDS, ORDERS, TYPES, Subject, is_wanted_whole, marketplaces_wanted
from sellerbus.notifications.wanted import Wanted
from sellerbus.sellers.rows import ACTIVE, Seller

THREADS: Final = 8


class Sellers(Protocol):
    """See sellerbus.sellers.rows.SellerRows."""

    def sellers(self) -> Iterable[Seller]: ...


class Marks(Protocol):
    """See sellerbus.missed.marks.Marks."""

    def all(self) -> Iterable[Mark]: ...

    def forget(self, mark: Mark) -> None: ...


class Looker(Protocol):
    """See sellerbus.missed.looking.Looker."""

    def look(
        self, seller_id: str, subject: Subject, payload_version: str, mark: Mark | None, first_since: datetime
    ) -> Found: ...


class Subjects(Protocol):
    """Makes what asks Amazon, for one look."""

    def orders(self, seller: Seller, marketplace_ids: tuple[str, ...]) -> Subject: ...

    def feeds(self, seller: Seller) -> Subject: ...


@dataclass(frozen=True)
class Failed:
    """A look that didn't come about. The next run tries again."""

    seller_id: str
    notification_type: str
    error: Exception


@dataclass(frozen=True)
class Run:
    """left: looks for which there was no time; they come first in the next run."""

    found: tuple[Found, ...]
    failed: tuple[Failed, ...]
    left: int


@dataclass(frozen=True)
class _Job:
    seller: Seller
    subject: str
    payload_version: str
    marketplace_ids: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return (self.seller.seller_id, self.subject)


class MissedEvents:
    """last_arrival: when a notification of a seller and type last came; None where none is known.

    remaining_seconds: the time that is left; no look is begun after it. now: seconds since 1970.
    """

    def __init__(
        self,
        *,
        sellers: Sellers,
        marks: Marks,
        looker: Looker,
        subjects: Subjects,
        last_arrival: Callable[[str, str], datetime | None],
        remaining_seconds: Callable[[], float],
        now: Callable[[], float],
        threads: int = THREADS,
    ) -> None:
        self._sellers = sellers
        self._marks = marks
        self._looker = looker
        self._subjects = subjects
        self._last_arrival = last_arrival
        self._remaining = remaining_seconds
        self._now = now
        self._threads = threads

    def find(self, wanted: Wanted) -> Run:
        """Look for all. Raises StoreUnavailableError where the table of marks can't be read."""
        marks = {mark.key: mark for mark in self._marks.all()}
        jobs = [
            job
            for seller in self._sellers.sellers()
            if seller.status == ACTIVE
            for job in _jobs(seller, wanted)
        ]
        looked_for = {job.key for job in jobs}
        for key, mark in marks.items():
            if key not in looked_for:
                self._marks.forget(mark)
        never = datetime.min.replace(tzinfo=UTC)
        jobs.sort(key=lambda job: marks[job.key].looked_at if job.key in marks else never)
        stop = threading.Event()

        def done(job: _Job) -> Found | Failed | None:
            if stop.is_set() or self._remaining() <= 0:
                return None
            try:
                return self._look(job, marks.get(job.key))
            except Exception as error:  # noqa: BLE001 - told by the caller, for this seller alone
                if isinstance(error, CredentialsError):
                    # It is the application's: no seller fares better.
                    stop.set()
                return Failed(job.seller.seller_id, TYPES[job.subject], error)

        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            results = list(pool.map(done, jobs))
        return Run(
            tuple(each for each in results if isinstance(each, Found)),
            tuple(each for each in results if isinstance(each, Failed)),
            results.count(None),
        )

    def _look(self, job: _Job, mark: Mark | None) -> Found:
        seller = job.seller
        subject = (
            self._subjects.orders(seller, job.marketplace_ids)
            if job.subject == ORDERS
            else self._subjects.feeds(seller)
        )
        first_since = self._first_since(job) if mark is None else mark.since
        return self._looker.look(seller.seller_id, subject, job.payload_version, mark, first_since)

    def _first_since(self, job: _Job) -> datetime:
        """Since when notifications can have been missed: since one came, while the seller is as it is now."""
        last = self._last_arrival(job.seller.seller_id, TYPES[job.subject])
        if last is None:
            return datetime.fromtimestamp(self._now(), UTC)
        return max(last, datetime.fromisoformat(job.seller.updated_at))


def _jobs(seller: Seller, wanted: Wanted) -> Iterable[_Job]:
    own = wanted.limited_to(seller.notification_types)
    orders, feeds = own.of_type(TYPES[ORDERS]), own.of_type(TYPES[FEEDS])
    places = marketplaces_wanted(orders, seller.marketplace_ids)
    if places:
        yield _Job(seller, ORDERS, orders[0].payload_version, places)
    if feeds and is_wanted_whole(feeds):
        yield _Job(seller, FEEDS, feeds[0].payload_version)


def by_type(run: Run) -> Mapping[str, tuple[int, int]]:
    """Return how many changes were checked and missed, by notification type."""
    return {
        each: (
            sum(found.checked for found in run.found if found.notification_type == each),
            sum(len(found.missed) for found in run.found if found.notification_type == each),
        )
        for each in TYPES.values()
    }
