"""The ten operations of the Notifications API v1: method, path, grant, usage plan.

Source: the model notifications.json, including the usage plans that its descriptions state.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Grant(Enum):
    SELLER = "seller"
    GRANTLESS = "grantless"


@dataclass(frozen=True)
class Rate:
    """A usage plan: `per_second` requests in the long run, `burst` at once."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError(f"a usage plan needs a rate above 0 and a burst of at least 1, got {self}")


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    grant: Grant
    rate: Rate = Rate(1.0, 5)
    sandbox_only: bool = False
    # The model lists no x-amzn-RateLimit-Limit for sendTestNotification, not even on success.
    announces_rate: bool = True

    @property
    def has_body(self) -> bool:
        return self.method == "POST"

    def announces_rate_at(self, status: int) -> bool:
        """Whether the model lists x-amzn-RateLimit-Limit for an answer of this status."""
        return self.announces_rate and status in (200, 400, 404)


# Amazon's documented usage plan of every sandbox operation.
SANDBOX_RATE = Rate(5.0, 15)
NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"

_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_DESTINATIONS = "/notifications/v1/destinations"

OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("getSubscriptions", "GET", _SUBSCRIPTIONS, Grant.SELLER),
        Operation("getSubscription", "GET", _SUBSCRIPTIONS + "/{notificationType}", Grant.SELLER),
        Operation("createSubscription", "POST", _SUBSCRIPTIONS + "/{notificationType}", Grant.SELLER),
        Operation(
            "sendTestNotification",
            "POST",
            _SUBSCRIPTIONS + "/{notificationType}/testNotification",
            Grant.GRANTLESS,
            sandbox_only=True,
            announces_rate=False,
        ),
        Operation(
            "getSubscriptionById",
            "GET",
            _SUBSCRIPTIONS + "/{notificationType}/{subscriptionId}",
            Grant.GRANTLESS,
        ),
        Operation(
            "deleteSubscriptionById",
            "DELETE",
            _SUBSCRIPTIONS + "/{notificationType}/{subscriptionId}",
            Grant.GRANTLESS,
        ),
        Operation("getDestinations", "GET", _DESTINATIONS, Grant.GRANTLESS),
        Operation("createDestination", "POST", _DESTINATIONS, Grant.GRANTLESS),
        Operation("getDestination", "GET", _DESTINATIONS + "/{destinationId}", Grant.GRANTLESS),
        Operation("deleteDestination", "DELETE", _DESTINATIONS + "/{destinationId}", Grant.GRANTLESS),
    )
}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


_PATTERNS = [(_pattern(operation.path), operation) for operation in OPERATIONS.values()]


def match(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation that a request addresses and its path parameters, or None."""
    for pattern, operation in _PATTERNS:
        found = pattern.fullmatch(path)
        if found and operation.method == method:
            return operation, found.groupdict()
    return None
