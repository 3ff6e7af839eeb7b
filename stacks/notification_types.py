"""The notification types a configuration may name, as facts for synthesis.

Source: developer-docs, "Set up notifications using the Amazon SQS workflow" and "... EventBridge workflow"
(which type needs which workflow), "Create and filter notification subscriptions" (filter expressions),
the schemas in amzn/selling-partner-api-models schemas/notifications (payload versions) and the
notifications-api-model (event filters), state of August 2026.

The functions carry a catalogue of their own: this one decides what may be subscribed to, theirs how an
envelope is read, and stacks never import code of the functions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Workflow(Enum):
    """How Amazon delivers a type. What is registered in the Developer Console takes no subscription."""

    SQS = "sqs"
    EVENTBRIDGE = "eventbridge"
    DEVELOPER_CONSOLE = "developer_console"


@dataclass(frozen=True)
class NotificationType:
    """One notificationType and what createSubscription accepts for it.

    `event_filter_keys` are eventFilter's keys beside eventFilterType; None where a type has no eventFilter.
    """

    name: str
    payload_versions: tuple[str, ...]
    workflow: Workflow = Workflow.SQS
    filter_expression: bool = False
    event_filter_keys: tuple[str, ...] | None = None


def _sqs(name: str, *versions: str, event_filter: tuple[str, ...] | None = None) -> NotificationType:
    return NotificationType(
        name=name, payload_versions=versions, filter_expression=True, event_filter_keys=event_filter
    )


def _eventbridge(name: str, *versions: str) -> NotificationType:
    return NotificationType(name=name, payload_versions=versions, workflow=Workflow.EVENTBRIDGE)


def _developer_console(name: str, *versions: str) -> NotificationType:
    return NotificationType(name=name, payload_versions=versions, workflow=Workflow.DEVELOPER_CONSOLE)


_ALL = (
    _sqs("ACCOUNT_STATUS_CHANGED", "1.0"),
    _sqs("ANY_OFFER_CHANGED", "1.0", event_filter=("marketplaceIds", "aggregationSettings")),
    _sqs("B2B_ANY_OFFER_CHANGED", "1.0"),
    _eventbridge("BRANDED_ITEM_CONTENT_CHANGE", "1.0"),
    NotificationType("DATA_KIOSK_QUERY_PROCESSING_FINISHED", ("2023-11-15",)),
    _sqs("DETAIL_PAGE_TRAFFIC_EVENT", "2020-09-04"),
    _sqs("EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE", "1.0"),
    _sqs("FBA_INVENTORY_AVAILABILITY_CHANGES", "1.0"),
    _sqs("FBA_OUTBOUND_SHIPMENT_STATUS", "1.0"),
    _sqs("FEE_PROMOTION", "1.0"),
    # The schema says 2020-09-04, Amazon's own guides also subscribe with 1.0: the reader has to choose.
    _sqs("FEED_PROCESSING_FINISHED", "2020-09-04", "1.0"),
    _sqs("FULFILLMENT_ORDER_STATUS", "1.0"),
    _sqs("ITEM_INVENTORY_EVENT_CHANGE", "2020-09-04"),
    _eventbridge("ITEM_PRODUCT_TYPE_CHANGE", "1.0"),
    _sqs("ITEM_SALES_EVENT_CHANGE", "2020-09-04"),
    _eventbridge("LISTINGS_ITEM_ISSUES_CHANGE", "1.0", "2023-12-13"),
    _eventbridge("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "1.0"),
    _eventbridge("LISTINGS_ITEM_STATUS_CHANGE", "1.0"),
    _sqs("ORDER_CHANGE", "1.0", event_filter=("marketplaceIds", "orderChangeTypes")),
    _sqs("PRICING_HEALTH", "1.0"),
    _eventbridge("PRODUCT_TYPE_DEFINITIONS_CHANGE", "1.0"),
    _sqs("REPORT_PROCESSING_FINISHED", "2020-09-04", "1.0"),
    NotificationType(
        "SHIPMENT_TRACKING_MILESTONE_CHANGED", ("2026-01-30",), event_filter_keys=("trackingIdentifier",)
    ),
    _sqs("TRANSACTION_UPDATE", "1.0"),
    _developer_console("APPLICATION_OAUTH_CLIENT_NEW_SECRET", "2023-11-30"),
    _developer_console("APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY", "2023-11-30"),
)

NOTIFICATION_TYPES: Mapping[str, NotificationType] = MappingProxyType({entry.name: entry for entry in _ALL})

REMOVED_TYPES: Mapping[str, str] = MappingProxyType(
    {"ORDER_STATUS_CHANGE": "ORDER_CHANGE", "MFN_ORDER_STATUS_CHANGE": "ORDER_CHANGE"}
)
"""Types that Amazon took out of service, with what replaced them."""


def subscribable_types() -> tuple[str, ...]:
    """Names of the types that createSubscription accepts, sorted."""
    return tuple(
        sorted(
            name
            for name, entry in NOTIFICATION_TYPES.items()
            if entry.workflow is not Workflow.DEVELOPER_CONSOLE
        )
    )


def eventbridge_types(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the types that come by Amazon's EventBridge workflow only, sorted, each once.

    A type that is not known here counts as one of the SQS workflow, as nearly all are.
    """
    return tuple(
        sorted(
            {
                name
                for name in names
                if name in NOTIFICATION_TYPES and NOTIFICATION_TYPES[name].workflow is Workflow.EVENTBRIDGE
            }
        )
    )


def default_payload_version(name: str) -> str | None:
    """The payloadVersion of a type that has exactly one; None where there is a choice or no such type."""
    entry = NOTIFICATION_TYPES.get(name)
    return entry.payload_versions[0] if entry and len(entry.payload_versions) == 1 else None
