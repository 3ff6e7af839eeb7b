"""Every operation of Amazon that Sellerbus calls, as one table.

Source: Amazon's models of the Notifications API v1, Feeds API 2021-06-30 and 2020-09-04, Messaging API v1,
Uploads API 2020-11-01, Orders API v0 and 2026-01-01, Tokens API 2021-03-01, Application Management API
2023-11-30. Rate and burst are the default usage plan; an account's own rate is learned from Amazon's answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sellerbus.api.operation import SELLER, Operation

NOTIFICATIONS_SCOPE: Final = "sellingpartnerapi::notifications"
ROTATION_SCOPE: Final = "sellingpartnerapi::client_credential:rotation"

Plan = tuple[float, int]
"""Requests per second in the long run, and at once."""


def _get(
    name: str, path: str, plan: Plan, query: str = "", needs: str = "", grant: str = SELLER
) -> Operation:
    return _row(name, "GET", path, plan, query, needs, grant=grant, repeatable=True)


def _delete(name: str, path: str, plan: Plan, grant: str = SELLER) -> Operation:
    return _row(name, "DELETE", path, plan, grant=grant, repeatable=True, answers=False)


def _post(
    name: str,
    path: str,
    plan: Plan,
    query: str = "",
    needs: str = "",
    *,
    repeatable: bool = False,
    success: int = 200,
    grant: str = SELLER,
    answers: bool = True,
    greedy: str = "",
) -> Operation:
    return _row(
        name, "POST", path, plan, query, needs,
        grant=grant, repeatable=repeatable, success=success, answers=answers, greedy=greedy,
    )  # fmt: skip


def _row(
    name: str,
    method: str,
    path: str,
    plan: Plan,
    query: str = "",
    needs: str = "",
    *,
    grant: str,
    repeatable: bool,
    success: int = 200,
    answers: bool = True,
    greedy: str = "",
) -> Operation:
    """query and needs: names of the optional and of the required parameters, with blanks between them."""
    return Operation(
        name=name,
        method=method,
        path=path,
        grant=grant,
        rate=plan[0],
        burst=plan[1],
        query=frozenset(f"{query} {needs}".split()),
        required=frozenset(needs.split()),
        greedy=greedy,
        success=frozenset({success}),
        repeatable=repeatable,
        answers=answers,
    )


_PLAN: Final = (1.0, 5)

_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_OF_TYPE = _SUBSCRIPTIONS + "/{notificationType}"
_BY_ID = _OF_TYPE + "/{subscriptionId}"
_DESTINATIONS = "/notifications/v1/destinations"
_SCOPE = NOTIFICATIONS_SCOPE

GET_SUBSCRIPTIONS: Final = _get(
    "getSubscriptions", _SUBSCRIPTIONS, _PLAN, "payloadVersion pageSize nextToken", needs="notificationTypes"
)
GET_SUBSCRIPTION: Final = _get("getSubscription", _OF_TYPE, _PLAN, "payloadVersion")
CREATE_SUBSCRIPTION: Final = _post("createSubscription", _OF_TYPE, _PLAN)
GET_SUBSCRIPTION_BY_ID: Final = _get("getSubscriptionById", _BY_ID, _PLAN, grant=_SCOPE)
DELETE_SUBSCRIPTION_BY_ID: Final = _delete("deleteSubscriptionById", _BY_ID, _PLAN, grant=_SCOPE)
SEND_TEST_NOTIFICATION: Final = _post(
    "sendTestNotification", _OF_TYPE + "/testNotification", _PLAN, grant=_SCOPE, answers=False
)
GET_DESTINATIONS: Final = _get("getDestinations", _DESTINATIONS, _PLAN, grant=_SCOPE)
CREATE_DESTINATION: Final = _post("createDestination", _DESTINATIONS, _PLAN, grant=_SCOPE)
GET_DESTINATION: Final = _get("getDestination", _DESTINATIONS + "/{destinationId}", _PLAN, grant=_SCOPE)
DELETE_DESTINATION: Final = _delete(
    "deleteDestination", _DESTINATIONS + "/{destinationId}", _PLAN, grant=_SCOPE
)

_FEEDS = "/feeds/2021-06-30/feeds"
_FEED_DOCUMENTS = "/feeds/2021-06-30/documents"
_FEED_FILTERS = "feedTypes marketplaceIds pageSize processingStatuses createdSince createdUntil nextToken"

GET_FEEDS: Final = _get("getFeeds", _FEEDS, (0.0222, 10), _FEED_FILTERS)
CREATE_FEED: Final = _post("createFeed", _FEEDS, (0.0083, 15), success=202)
CANCEL_FEED: Final = _delete("cancelFeed", _FEEDS + "/{feedId}", (2.0, 15))
GET_FEED: Final = _get("getFeed", _FEEDS + "/{feedId}", (2.0, 15))
# A document that nobody uses does no harm.
CREATE_FEED_DOCUMENT: Final = _post(
    "createFeedDocument", _FEED_DOCUMENTS, (0.5, 15), success=201, repeatable=True
)
GET_FEED_DOCUMENT: Final = _get(
    "getFeedDocument", _FEED_DOCUMENTS + "/{feedDocumentId}", (0.0222, 10), "enableContentEncodingUrlHeader"
)

# Amazon has removed this version, and its plan from the model: these are the last that the model had.
_FEEDS_2020 = "/feeds/2020-09-04/feeds"
_FEED_DOCUMENTS_2020 = "/feeds/2020-09-04/documents"

GET_FEEDS_2020_09_04: Final = _get("getFeeds", _FEEDS_2020, (0.0222, 10), _FEED_FILTERS)
CREATE_FEED_2020_09_04: Final = _post("createFeed", _FEEDS_2020, (0.0083, 15), success=202)
GET_FEED_2020_09_04: Final = _get("getFeed", _FEEDS_2020 + "/{feedId}", (2.0, 15))
CANCEL_FEED_2020_09_04: Final = _delete("cancelFeed", _FEEDS_2020 + "/{feedId}", (0.0222, 10))
CREATE_FEED_DOCUMENT_2020_09_04: Final = _post(
    "createFeedDocument", _FEED_DOCUMENTS_2020, (0.0083, 15), success=201, repeatable=True
)
GET_FEED_DOCUMENT_2020_09_04: Final = _get(
    "getFeedDocument", _FEED_DOCUMENTS_2020 + "/{feedDocumentId}", (0.0222, 10)
)

_ORDER = "/messaging/v1/orders/{amazonOrderId}"
_MARKETPLACE = "marketplaceIds"


def _message(name: str, action: str) -> Operation:
    path = f"{_ORDER}/messages/{action}"
    return _post(name, path, _PLAN, needs=_MARKETPLACE, success=201, answers=False)


GET_MESSAGING_ACTIONS_FOR_ORDER: Final = _get(
    "getMessagingActionsForOrder", _ORDER, _PLAN, needs=_MARKETPLACE
)
GET_ATTRIBUTES: Final = _get("GetAttributes", _ORDER + "/attributes", _PLAN, needs=_MARKETPLACE)
CONFIRM_CUSTOMIZATION_DETAILS: Final = _message("confirmCustomizationDetails", "confirmCustomizationDetails")
CREATE_CONFIRM_DELIVERY_DETAILS: Final = _message("createConfirmDeliveryDetails", "confirmDeliveryDetails")
CREATE_LEGAL_DISCLOSURE: Final = _message("createLegalDisclosure", "legalDisclosure")
CREATE_CONFIRM_ORDER_DETAILS: Final = _message("createConfirmOrderDetails", "confirmOrderDetails")
CREATE_CONFIRM_SERVICE_DETAILS: Final = _message("createConfirmServiceDetails", "confirmServiceDetails")
CREATE_WARRANTY: Final = _message("CreateWarranty", "warranty")
CREATE_DIGITAL_ACCESS_KEY: Final = _message("createDigitalAccessKey", "digitalAccessKey")
CREATE_UNEXPECTED_PROBLEM: Final = _message("createUnexpectedProblem", "unexpectedProblem")
# The model states no plan for it; Amazon's own SDK keeps to this one.
SEND_INVOICE: Final = _message("sendInvoice", "invoice")

CREATE_UPLOAD_DESTINATION: Final = _post(
    "createUploadDestinationForResource",
    "/uploads/2020-11-01/uploadDestinations/{resource}",
    (10.0, 10),
    "contentType",
    needs="marketplaceIds contentMD5",
    success=201,
    repeatable=True,
    greedy="resource",
)

GET_ORDERS_V0: Final = _get(
    "getOrders",
    "/orders/v0/orders",
    (0.0167, 20),
    "CreatedAfter CreatedBefore LastUpdatedAfter LastUpdatedBefore OrderStatuses FulfillmentChannels "
    "PaymentMethods BuyerEmail SellerOrderId MaxResultsPerPage EasyShipShipmentStatuses "
    "ElectronicInvoiceStatuses NextToken AmazonOrderIds ActualFulfillmentSupplySourceId IsISPU "
    "StoreChainStoreId EarliestDeliveryDateBefore EarliestDeliveryDateAfter LatestDeliveryDateBefore "
    "LatestDeliveryDateAfter",
    needs="MarketplaceIds",
)
GET_ORDER_V0: Final = _get("getOrder", "/orders/v0/orders/{orderId}", (0.5, 30))
SEARCH_ORDERS: Final = _get(
    "searchOrders",
    "/orders/2026-01-01/orders",
    (0.0056, 20),
    "createdAfter createdBefore lastUpdatedAfter lastUpdatedBefore fulfillmentStatuses marketplaceIds "
    "fulfilledBy maxResultsPerPage paginationToken includedData",
)

# A token that nobody uses does no harm: it ends by itself.
CREATE_RESTRICTED_DATA_TOKEN: Final = _post(
    "createRestrictedDataToken", "/tokens/2021-03-01/restrictedDataToken", (1.0, 10), repeatable=True
)
# A repeat after a lost answer would rotate the new secret away before anybody has it.
ROTATE_APPLICATION_CLIENT_SECRET: Final = _post(
    "rotateApplicationClientSecret",
    "/applications/2023-11-30/clientSecret",
    (0.0167, 1),
    success=204,
    grant=ROTATION_SCOPE,
    answers=False,
)

OPERATIONS: Final[Mapping[str, Operation]] = {
    row.key: row for row in tuple(globals().values()) if isinstance(row, Operation)
}
"""All rows by their keys."""
