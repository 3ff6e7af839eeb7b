"""All sellers put on the subscription queue: once a day, and by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from sellerbus.notifications.jobs import SellerJob
from sellerbus.sellers.rows import REVOKED


class Sellers(Protocol):
    def ids(self) -> Iterator[tuple[str, str]]: ...


class States(Protocol):
    def seller_ids(self) -> Iterator[str]: ...


class Queue(Protocol):
    def put(self, jobs: Iterable[SellerJob]) -> None: ...


@dataclass(frozen=True)
class Queued:
    """registered: sellers of the registry. forgotten: those whose row is gone and who are on record."""

    registered: int
    forgotten: int


def queue_every_seller(registry: Sellers, states: States, queue: Queue, request_id: str = "") -> Queued:
    """Queue each seller once but those who are revoked, for whom nothing can be called.

    Also those whose row somebody deleted: what is on record for them is deleted without a token. Broken off,
    or done twice, it does no harm: a run for a seller that is as wanted changes nothing. request_id: of who
    waits for the runs of the registry's sellers; nobody waits for the others.
    Raises QueueError, the rest being sent, and what the tables raise.
    """
    statuses = dict(registry.ids())
    registered = [seller_id for seller_id, status in statuses.items() if status != REVOKED]
    forgotten = [seller_id for seller_id in states.seller_ids() if seller_id not in statuses]
    jobs = [SellerJob(seller_id, request_id=request_id) for seller_id in registered]
    queue.put([*jobs, *map(SellerJob, forgotten)])
    return Queued(len(registered), len(forgotten))
