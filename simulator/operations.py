"""The operations of all simulated APIs, with usage plans.

Source: the models notifications.json, feeds_2021-06-30.json, feeds_2020-09-04.json, messaging.json,
uploads_2020-11-01.json, ordersV0.json, orders_2026-01-01.json and application_2023-11-30.json. They state
their usage plans, but for Feeds 2020-09-04, whose plans are of its last whole model, before Amazon removed
it, and sendInvoice, whose plan is that of Amazon's SDK. The plan of listings feeds is of Amazon's change log
of 2025-05-06: five submissions in five minutes, per region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"
ROTATION_SCOPE = "sellingpartnerapi::client_credential:rotation"


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
    success: int = 200
    sandbox_only: bool = False
    # The model lists no x-amzn-RateLimit-Limit for sendTestNotification, not even on success.
    announces_rate: bool = True
    # createUploadDestinationForResource is a POST with all it says in its query.
    takes_body: bool = True
    media_type: str = "application/json"
    # Of a grantless operation: what its token must be for.
    scope: str = NOTIFICATIONS_SCOPE

    @property
    def api(self) -> str:
        """The API and its version, as in the path: `feeds/2021-06-30`."""
        return "/".join(self.path.split("/")[1:3])

    @property
    def key(self) -> str:
        """Its name among all operations; versions of one API share names, so the API goes before those."""
        return self.name if self.api == NOTIFICATIONS_API else f"{self.api}/{self.name}"

    @property
    def has_body(self) -> bool:
        return self.takes_body and self.method in ("POST", "PATCH")

    def announces_rate_at(self, status: int) -> bool:
        """Whether the model lists x-amzn-RateLimit-Limit for an answer of this status."""
        return self.announces_rate and status in (self.success, 400, 404)


# Amazon's documented usage plan of every sandbox operation.
SANDBOX_RATE = Rate(5.0, 15)

NOTIFICATIONS_API = "notifications/v1"
MESSAGING_API = "messaging/v1"
UPLOADS_API = "uploads/2020-11-01"
ORDERS_V0_API = "orders/v0"
ORDERS_API = "orders/2026-01-01"
APPLICATIONS_API = "applications/2023-11-30"
ENCRYPTED_FEEDS_VERSION = "2020-09-04"
FEEDS_VERSIONS = ("2021-06-30", ENCRYPTED_FEEDS_VERSION)
# The key of a plan that is of a feed type, beside that of createFeed.
LISTINGS_FEED_PLAN = "feeds/JSON_LISTINGS_FEED"

_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_DESTINATIONS = "/notifications/v1/destinations"

NOTIFICATIONS = (
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


def _feeds(version: str, *, cancel_feed: Rate, create_feed_document: Rate) -> tuple[Operation, ...]:
    feeds, documents = f"/feeds/{version}/feeds", f"/feeds/{version}/documents"
    seldom = Rate(0.0222, 10)
    return (
        Operation("getFeeds", "GET", feeds, Grant.SELLER, seldom),
        Operation("createFeed", "POST", feeds, Grant.SELLER, Rate(0.0083, 15), success=202),
        Operation("getFeed", "GET", feeds + "/{feedId}", Grant.SELLER, Rate(2.0, 15)),
        Operation("cancelFeed", "DELETE", feeds + "/{feedId}", Grant.SELLER, cancel_feed),
        Operation("createFeedDocument", "POST", documents, Grant.SELLER, create_feed_document, success=201),
        Operation("getFeedDocument", "GET", documents + "/{feedDocumentId}", Grant.SELLER, seldom),
    )


def _messaging() -> tuple[Operation, ...]:
    order = "/messaging/v1/orders/{amazonOrderId}"
    asking = (("getMessagingActionsForOrder", order), ("GetAttributes", order + "/attributes"))
    sending = (
        ("confirmCustomizationDetails", "confirmCustomizationDetails"),
        ("createConfirmDeliveryDetails", "confirmDeliveryDetails"),
        ("createLegalDisclosure", "legalDisclosure"),
        ("createConfirmOrderDetails", "confirmOrderDetails"),
        ("createConfirmServiceDetails", "confirmServiceDetails"),
        ("CreateWarranty", "warranty"),
        ("createDigitalAccessKey", "digitalAccessKey"),
        ("createUnexpectedProblem", "unexpectedProblem"),
        ("sendInvoice", "invoice"),
    )
    hal = "application/hal+json"
    return (
        *(Operation(name, "GET", path, Grant.SELLER, media_type=hal) for name, path in asking),
        *(
            Operation(name, "POST", f"{order}/messages/{kind}", Grant.SELLER, success=201, media_type=hal)
            for name, kind in sending
        ),
    )


_UPLOADS = (
    Operation(
        "createUploadDestinationForResource",
        "POST",
        "/uploads/2020-11-01/uploadDestinations/{resource+}",
        Grant.SELLER,
        Rate(10.0, 10),
        success=201,
        takes_body=False,
    ),
)


def _orders_v0() -> tuple[Operation, ...]:
    orders, order = "/orders/v0/orders", "/orders/v0/orders/{orderId}"
    single = Rate(0.5, 30)
    reading = (
        ("getOrder", order),
        ("getOrderBuyerInfo", order + "/buyerInfo"),
        ("getOrderAddress", order + "/address"),
        ("getOrderItems", order + "/orderItems"),
        ("getOrderItemsBuyerInfo", order + "/orderItems/buyerInfo"),
        ("getOrderRegulatedInfo", order + "/regulatedInfo"),
    )
    changing = (
        ("updateShipmentStatus", "POST", order + "/shipment", Rate(5.0, 15)),
        ("updateVerificationStatus", "PATCH", order + "/regulatedInfo", single),
        ("confirmShipment", "POST", order + "/shipmentConfirmation", Rate(2.0, 10)),
    )
    return (
        Operation("getOrders", "GET", orders, Grant.SELLER, Rate(0.0167, 20)),
        *(Operation(name, "GET", path, Grant.SELLER, single) for name, path in reading),
        *(
            Operation(name, method, path, Grant.SELLER, rate, success=204)
            for name, method, path, rate in changing
        ),
    )


_ORDERS = (
    Operation("searchOrders", "GET", "/orders/2026-01-01/orders", Grant.SELLER, Rate(0.0056, 20)),
    Operation("getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", Grant.SELLER, Rate(0.5, 30)),
)

_APPLICATIONS = (
    Operation(
        "rotateApplicationClientSecret",
        "POST",
        "/applications/2023-11-30/clientSecret",
        Grant.GRANTLESS,
        Rate(0.0167, 1),
        success=204,
        takes_body=False,
        scope=ROTATION_SCOPE,
    ),
)

OPERATIONS = {
    operation.key: operation
    for operation in (
        *NOTIFICATIONS,
        *_feeds("2021-06-30", cancel_feed=Rate(2.0, 15), create_feed_document=Rate(0.5, 15)),
        *_feeds("2020-09-04", cancel_feed=Rate(0.0222, 10), create_feed_document=Rate(0.0083, 15)),
        *_messaging(),
        *_UPLOADS,
        *_orders_v0(),
        *_ORDERS,
        *_APPLICATIONS,
    )
}
PLANS = {key: operation.rate for key, operation in OPERATIONS.items()} | {
    LISTINGS_FEED_PLAN: Rate(5 / 300, 5)
}


def _pattern(path: str) -> re.Pattern[str]:
    """Of `{name}` one segment, of `{name+}` all the rest of a path."""
    single = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return re.compile(re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", single))


_PATTERNS = [(_pattern(operation.path), operation) for operation in OPERATIONS.values()]


def match(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation that a request addresses and its path parameters, or None."""
    for pattern, operation in _PATTERNS:
        found = pattern.fullmatch(path)
        if found and operation.method == method:
            return operation, found.groupdict()
    return None
