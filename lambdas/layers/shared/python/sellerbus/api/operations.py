"""Every operation of Amazon that Sellerbus calls, as one table.

Source: Amazon's model of the Notifications API v1. Rates are the default usage plan (requests per second and
burst); an account's own rate is learned from Amazon's answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

SELLER: Final = "seller"
NOTIFICATIONS_SCOPE: Final = "sellingpartnerapi::notifications"

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation.

    grant: SELLER, or the scope of a grantless token. It is a fact of the operation: the wrong one is answered
        with a misleading 403.
    rate, burst: requests per second in the long run, and at once.
    repeatable: a second identical call does no harm, so that a lost answer may be followed by a repeat.
    answers: success comes with a JSON object.
    """

    name: str
    method: str
    path: str
    grant: str
    query: tuple[str, ...] = ()
    rate: float = 1.0
    burst: int = 5
    success: frozenset[int] = field(default=frozenset({200}))
    repeatable: bool
    answers: bool = True

    @property
    def key(self) -> str:
        """The name after its API's version, "feeds/2021-06-30 createFeed": bare names are not unique."""
        return f"{'/'.join(self.path.split('/')[1:3])} {self.name}"

    @property
    def path_parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.path))

    def filled(self, parameters: Mapping[str, str]) -> str:
        """Return the path with `parameters` percent-encoded in their places.

        Raises ValueError where one is missing, unknown, empty or a dot segment: the path would be another's.
        """
        if set(parameters) != set(self.path_parameters):
            raise ValueError(f"{self.name} takes the path parameters {self.path_parameters}")
        unusable = [name for name, value in parameters.items() if value in ("", ".", "..")]
        if unusable:
            raise ValueError(f"{self.name}: unusable path parameters: {', '.join(sorted(unusable))}")
        return _PARAMETER.sub(lambda match: quote(parameters[match[1]], safe=""), self.path)


_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_DESTINATIONS = "/notifications/v1/destinations"

GET_SUBSCRIPTIONS: Final = Operation(
    name="getSubscriptions",
    method="GET",
    path=_SUBSCRIPTIONS,
    query=("notificationTypes", "payloadVersion", "pageSize", "nextToken"),
    grant=SELLER,
    repeatable=True,
)
GET_SUBSCRIPTION: Final = Operation(
    name="getSubscription",
    method="GET",
    path=f"{_SUBSCRIPTIONS}/{{notificationType}}",
    query=("payloadVersion",),
    grant=SELLER,
    repeatable=True,
)
CREATE_SUBSCRIPTION: Final = Operation(
    name="createSubscription",
    method="POST",
    path=f"{_SUBSCRIPTIONS}/{{notificationType}}",
    grant=SELLER,
    repeatable=False,
)
GET_SUBSCRIPTION_BY_ID: Final = Operation(
    name="getSubscriptionById",
    method="GET",
    path=f"{_SUBSCRIPTIONS}/{{notificationType}}/{{subscriptionId}}",
    grant=NOTIFICATIONS_SCOPE,
    repeatable=True,
)
DELETE_SUBSCRIPTION_BY_ID: Final = Operation(
    name="deleteSubscriptionById",
    method="DELETE",
    path=f"{_SUBSCRIPTIONS}/{{notificationType}}/{{subscriptionId}}",
    grant=NOTIFICATIONS_SCOPE,
    repeatable=True,
    answers=False,
)
SEND_TEST_NOTIFICATION: Final = Operation(
    name="sendTestNotification",
    method="POST",
    path=f"{_SUBSCRIPTIONS}/{{notificationType}}/testNotification",
    grant=NOTIFICATIONS_SCOPE,
    repeatable=False,
    answers=False,
)
GET_DESTINATIONS: Final = Operation(
    name="getDestinations",
    method="GET",
    path=_DESTINATIONS,
    grant=NOTIFICATIONS_SCOPE,
    repeatable=True,
)
CREATE_DESTINATION: Final = Operation(
    name="createDestination",
    method="POST",
    path=_DESTINATIONS,
    grant=NOTIFICATIONS_SCOPE,
    repeatable=False,
)
GET_DESTINATION: Final = Operation(
    name="getDestination",
    method="GET",
    path=f"{_DESTINATIONS}/{{destinationId}}",
    grant=NOTIFICATIONS_SCOPE,
    repeatable=True,
)
DELETE_DESTINATION: Final = Operation(
    name="deleteDestination",
    method="DELETE",
    path=f"{_DESTINATIONS}/{{destinationId}}",
    grant=NOTIFICATIONS_SCOPE,
    repeatable=True,
    answers=False,
)

OPERATIONS: Final[Mapping[str, Operation]] = {
    operation.name: operation
    for operation in (
        GET_SUBSCRIPTIONS,
        GET_SUBSCRIPTION,
        CREATE_SUBSCRIPTION,
        GET_SUBSCRIPTION_BY_ID,
        DELETE_SUBSCRIPTION_BY_ID,
        SEND_TEST_NOTIFICATION,
        GET_DESTINATIONS,
        CREATE_DESTINATION,
        GET_DESTINATION,
        DELETE_DESTINATION,
    )
}
