"""What the client tells of its calls to whoever counts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sellerbus.api.errors import SellingPartnerError


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One attempt at an operation.

    status: None where no whole answer came. code: that of Amazon's first error. seconds: from sending to the
    whole answer. quota_used: how much of the burst was given out before this turn, 0 to 1; None for a turn
    that was not drawn just now.
    """

    operation: str
    seller_id: str
    status: int | None
    seconds: float
    request_id: str | None = None
    code: str | None = None
    quota_used: float | None = None


class Observer(Protocol):
    """Is told of each attempt and must not raise: nobody's call is to fail by its being counted."""

    def called(self, call: ApiCall) -> None:
        """Amazon was called."""

    def withheld(self, operation: str, seller_id: str, wait_seconds: float) -> None:
        """Amazon was not called: the quota is used up, and the work goes back for so long."""

    def no_token(self, grant: str, error: SellingPartnerError) -> None:
        """Login with Amazon gave no token, or could not be asked. grant: a seller's id, or a scope.

        Not told of a seller's revoked authorisation: that is the seller's, and acted upon.
        """


class Unobserved:
    """Counts nothing."""

    def called(self, call: ApiCall) -> None: ...

    def withheld(self, operation: str, seller_id: str, wait_seconds: float) -> None: ...

    def no_token(self, grant: str, error: SellingPartnerError) -> None: ...
