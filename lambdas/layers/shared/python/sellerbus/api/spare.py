"""Calls that nobody waits for: made only out of quota that nobody else is likely to need soon.

The throttle is asked with half of the operation's burst. So a turn is given only while more than half of the
whole burst is left, and it is spent from the same bucket as everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.errors import ThrottledError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation, Query
from sellerbus.api.throttle import Reservation

AT_ONCE_SECONDS: Final = 0.25
"""How long a turn is waited for: where Amazon allows many calls a second, half a burst is soon back."""


class Client(Protocol):
    """The part of SellingPartnerClient used here."""

    def use(self, booking: Booking) -> None: ...

    def call(
        self,
        operation: Operation,
        *,
        seller: SellerGrant | None = None,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer: ...


class Quota(Protocol):
    """The part of the throttle used here."""

    def reserve(
        self, key: tuple[str, str], *, rate: float, burst: int, count: int = 1, most_seconds: float
    ) -> Reservation: ...


class SpareCaller:
    """One seller's calls. Not for several threads, as the client isn't."""

    def __init__(self, client: Client, quota: Quota, seller: SellerGrant) -> None:
        self._client = client
        self._quota = quota
        self._seller = seller

    def call(self, operation: Operation, query: Query) -> Answer:
        """Call `operation`. Raises ThrottledError where no spare quota is left, and what the client raises.

        A call that the client repeats after a fault of Amazon's takes its further turns like any other.
        """
        turn = self._quota.reserve(
            (operation.key, self._seller.seller_id),
            rate=operation.rate,
            burst=max(1, operation.burst // 2),
            most_seconds=AT_ONCE_SECONDS,
        )
        if not turn.granted:
            # Not told to the client's observer: quota is left, only not for this.
            raise ThrottledError(operation.name, turn.wait_seconds)
        self._client.use(
            Booking(
                operation.key,
                self._seller.seller_id,
                turn.count,
                turn.first_due,
                turn.interval_seconds,
            )
        )
        return self._client.call(operation, seller=self._seller, query=query)
