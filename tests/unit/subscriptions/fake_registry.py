"""The seller registry in memory, and what is put on the subscription queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from sellerbus.api.lwa import SellerGrant
from sellerbus.notifications.jobs import SellerJob
from sellerbus.sellers.rows import ACTIVE, REMOVING, Seller, UnknownSellerError


def row(seller_id: str, status: str = ACTIVE) -> Seller:
    return Seller(seller_id, "na", ("ATVPDKIKX0DER",), status, "t0", "t0", b"sealed")


@dataclass
class FakeRegistry:
    """on_find is called before each look-up: the place to change a row behind somebody's back."""

    rows: dict[str, Seller] = field(default_factory=dict)
    on_find: Callable[[], None] = lambda: None
    writes: int = 0

    @staticmethod
    def of(*rows: Seller) -> FakeRegistry:
        return FakeRegistry({item.seller_id: item for item in rows})

    def change(self, seller_id: str, status: str) -> Seller:
        self.writes += 1
        self.rows[seller_id] = replace(self.rows[seller_id], status=status, updated_at=f"t{self.writes}")
        return self.rows[seller_id]

    def sellers(self) -> Iterator[Seller]:
        yield from list(self.rows.values())

    def ids(self) -> Iterator[tuple[str, str]]:
        yield from [(item.seller_id, item.status) for item in self.rows.values()]

    def find(self, seller_id: str) -> Seller | None:
        self.on_find()
        return self.rows.get(seller_id)

    def grant(self, seller: Seller) -> SellerGrant:
        return SellerGrant(seller.seller_id, lambda: f"Atzr|{seller.seller_id}", "v1")

    def add_again(self, seller: Seller) -> str:
        return f"add {seller.seller_id} again"

    def set_status(self, seller_id: str, status: str, *, seen: Seller | None = None) -> Seller:
        found = self.rows.get(seller_id)
        if found is None or (seen is not None and found.updated_at != seen.updated_at):
            raise UnknownSellerError(seller_id)
        return self.change(seller_id, status)

    def delete_removed(self, seller_id: str) -> bool:
        found = self.rows.get(seller_id)
        if found is not None and found.status != REMOVING:
            return False
        self.rows.pop(seller_id, None)
        return True


@dataclass
class FakeQueue:
    jobs: list[SellerJob] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    fault: Exception | None = None

    def put(self, jobs: Iterable[SellerJob]) -> None:
        self.put_delayed((job, 0) for job in jobs)

    def put_delayed(self, jobs: Iterable[tuple[SellerJob, int]]) -> None:
        if self.fault is not None:
            raise self.fault
        for job, seconds in jobs:
            self.jobs.append(job)
            self.delays.append(seconds)

    def put_later(self, job: SellerJob, seconds: int) -> None:
        if self.fault is not None:
            raise self.fault
        self.jobs.append(job)
        self.delays.append(seconds)
