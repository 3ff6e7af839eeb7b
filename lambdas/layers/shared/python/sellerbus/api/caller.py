"""The part of the client that the APIs of messages, uploads and orders use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.errors import OutcomeUnknownError, RetryableError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation, Query


class Caller(Protocol):
    """See sellerbus.api.client.SellingPartnerClient."""

    def call(
        self,
        operation: Operation,
        *,
        seller: SellerGrant | None = None,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer: ...

    def book(
        self, operation: Operation, *, seller: SellerGrant | None = None, count: int, most_seconds: float
    ) -> Booking: ...

    def use(self, booking: Booking) -> None: ...


def malformed(operation: Operation, answer: Answer, what: str) -> RetryableError | OutcomeUnknownError:
    """Return the error for a success whose body is not as Amazon's model says."""
    kind = RetryableError if operation.repeatable else OutcomeUnknownError
    return kind(
        operation.name,
        f"the answer is not as Amazon's model says: {what}",
        status=answer.status,
        request_id=answer.request_id,
    )
