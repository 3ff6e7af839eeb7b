"""The notification types and what each supports.

Source: Amazon's pages "Set up notifications" (SQS and EventBridge workflows), "Create and filter notification
subscriptions", and the notification schemas. Types that Amazon removed (ORDER_STATUS_CHANGE,
MFN_ORDER_STATUS_CHANGE) and those registered in the Developer Console (APPLICATION_OAUTH_CLIENT_*) cannot be
subscribed to and are therefore unknown here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Workflow(Enum):
    """The kind of destination a type is delivered to; the values are the model's property names."""

    SQS = "sqs"
    EVENT_BRIDGE = "eventBridge"


@dataclass(frozen=True)
class NotificationType:
    name: str
    payload_versions: tuple[str, ...] = ("1.0",)
    workflow: Workflow = Workflow.SQS
    camel_case: bool = False
    filter_expression: bool = False
    event_filter_fields: frozenset[str] = frozenset()


_FILTERED = {
    "ANY_OFFER_CHANGED": frozenset({"marketplaceIds", "aggregationSettings"}),
    "ORDER_CHANGE": frozenset({"marketplaceIds", "orderChangeTypes"}),
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": frozenset({"trackingIdentifier"}),
}


def _pascal(name: str) -> NotificationType:
    return NotificationType(
        name, filter_expression=True, event_filter_fields=_FILTERED.get(name, frozenset())
    )


def _camel(name: str, *versions: str, filter_expression: bool = True) -> NotificationType:
    return NotificationType(
        name,
        payload_versions=versions,
        camel_case=True,
        filter_expression=filter_expression,
        event_filter_fields=_FILTERED.get(name, frozenset()),
    )


def _event_bridge(name: str, *versions: str) -> NotificationType:
    return NotificationType(name, payload_versions=versions or ("1.0",), workflow=Workflow.EVENT_BRIDGE)


CATALOGUE = {
    entry.name: entry
    for entry in (
        _pascal("ACCOUNT_STATUS_CHANGED"),
        _pascal("ANY_OFFER_CHANGED"),
        _pascal("B2B_ANY_OFFER_CHANGED"),
        _event_bridge("BRANDED_ITEM_CONTENT_CHANGE"),
        _camel("DATA_KIOSK_QUERY_PROCESSING_FINISHED", "2023-11-15", filter_expression=False),
        _camel("DETAIL_PAGE_TRAFFIC_EVENT", "2020-09-04"),
        _camel("EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE", "1.0"),
        _pascal("FBA_INVENTORY_AVAILABILITY_CHANGES"),
        _pascal("FBA_OUTBOUND_SHIPMENT_STATUS"),
        _pascal("FEE_PROMOTION"),
        # The schemas say 2020-09-04; Amazon's guides subscribe to both with 1.0.
        _camel("FEED_PROCESSING_FINISHED", "1.0", "2020-09-04"),
        _camel("REPORT_PROCESSING_FINISHED", "1.0", "2020-09-04"),
        _pascal("FULFILLMENT_ORDER_STATUS"),
        _camel("ITEM_INVENTORY_EVENT_CHANGE", "2020-09-04"),
        _event_bridge("ITEM_PRODUCT_TYPE_CHANGE"),
        _camel("ITEM_SALES_EVENT_CHANGE", "2020-09-04"),
        _event_bridge("LISTINGS_ITEM_ISSUES_CHANGE", "1.0", "2023-12-13"),
        _event_bridge("LISTINGS_ITEM_MFN_QUANTITY_CHANGE"),
        _event_bridge("LISTINGS_ITEM_STATUS_CHANGE"),
        _pascal("ORDER_CHANGE"),
        _camel("PRICING_HEALTH", "1.0"),
        _event_bridge("PRODUCT_TYPE_DEFINITIONS_CHANGE"),
        _camel("SHIPMENT_TRACKING_MILESTONE_CHANGED", "2026-01-30", filter_expression=False),
        _pascal("TRANSACTION_UPDATE"),
    )
}
