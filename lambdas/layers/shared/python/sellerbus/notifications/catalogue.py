"""What is known of the notification types: whom a notification concerns, and which thing it describes.

A type that is not listed here passes through all the same; it then has no entity, and so no ordering
guard. Paths are written in camelCase and matched without regard to case, because Amazon writes `ASIN`,
`asin`, `SellerSKU` and `sku` for the same thing in different types.

Source: Amazon's notification schemas; SP-API "Notification type values".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.notifications.envelope import Envelope, usable_identifier

LONGEST_IDENTIFIER: Final = 512


@dataclass(frozen=True, slots=True)
class EntityRule:
    """The thing that notifications of a type describe, and the paths whose values together identify it."""

    kind: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entity:
    """The thing a notification describes, for example kind `order`, id `903-8868176-2219830`."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what a notification concerns; each part None where the payload does not say."""

    seller_id: str | None
    marketplace_id: str | None
    entity: Entity | None


_ORDER: Final = EntityRule("order", ("amazonOrderId",))
_OFFER: Final = EntityRule(
    "offer",
    ("offerChangeTrigger.asin", "offerChangeTrigger.marketplaceId", "offerChangeTrigger.itemCondition"),
)
_LISTING: Final = EntityRule("listing", ("sku", "marketplaceId"))

ENTITY_RULES: Final[Mapping[str, EntityRule | None]] = {
    "ACCOUNT_STATUS_CHANGED": EntityRule("account", ("marketplaceId",)),
    "ANY_OFFER_CHANGED": _OFFER,
    "B2B_ANY_OFFER_CHANGED": _OFFER,
    "BRANDED_ITEM_CONTENT_CHANGE": EntityRule("item", ("asin", "marketplaceId")),
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": EntityRule("query", ("queryId",)),
    # Traffic, inventory and sales events each describe their own hour: a later one replaces nothing.
    "DETAIL_PAGE_TRAFFIC_EVENT": None,
    "EXTERNAL_FULFILLMENT_SHIPMENT_STATUS_CHANGE": EntityRule("shipment", ("shipmentId",)),
    "FBA_INVENTORY_AVAILABILITY_CHANGES": EntityRule("inventory", ("sku",)),
    "FBA_OUTBOUND_SHIPMENT_STATUS": EntityRule("shipment", ("amazonShipmentId",)),
    "FEE_PROMOTION": None,
    "FEED_PROCESSING_FINISHED": EntityRule("feed", ("feedId",)),
    "FULFILLMENT_ORDER_STATUS": EntityRule("fulfillmentOrder", ("sellerFulfillmentOrderId",)),
    "ITEM_INVENTORY_EVENT_CHANGE": None,
    "ITEM_PRODUCT_TYPE_CHANGE": EntityRule("item", ("asin", "marketplaceId")),
    "ITEM_SALES_EVENT_CHANGE": None,
    "LISTINGS_ITEM_ISSUES_CHANGE": _LISTING,
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": _LISTING,
    "LISTINGS_ITEM_STATUS_CHANGE": _LISTING,
    "ORDER_CHANGE": _ORDER,
    "PRICING_HEALTH": _OFFER,
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": None,
    "REPORT_PROCESSING_FINISHED": EntityRule("report", ("reportId",)),
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": EntityRule("tracking", ("trackingDetail.identifier",)),
    "TRANSACTION_UPDATE": None,
    "APPLICATION_OAUTH_CLIENT_NEW_SECRET": None,
    "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY": None,
    # Withdrawn by Amazon and refused in the configuration, but subscriptions made before may still send.
    "MFN_ORDER_STATUS_CHANGE": _ORDER,
    "ORDER_STATUS_CHANGE": _ORDER,
}

STATE_PATHS: Final[Mapping[str, str]] = {
    "FEED_PROCESSING_FINISHED": "processingStatus",
    "ORDER_CHANGE": "summary.orderStatus",
}
"""Where a notification says which state its thing is in, for types whose things Amazon can be asked for."""

_SELLER_PATHS: Final = ("sellerId", "merchantId", "accountId")
_MARKETPLACE_PATHS: Final = (
    "marketplaceId",
    "offerChangeTrigger.marketplaceId",
    "summary.marketplaceId",
)
_ACCOUNT_PREFIX: Final = "amzn1.merchant.o."


def describe(envelope: Envelope) -> Subject:
    """Find the seller, the marketplace and the entity in the payload, whatever its shape; never fails."""
    content = _content(envelope.payload)
    seller = _first(content, _SELLER_PATHS)
    return Subject(
        seller_id=seller.removeprefix(_ACCOUNT_PREFIX) or None if seller else None,
        marketplace_id=_first(content, _MARKETPLACE_PATHS),
        entity=_entity(content, ENTITY_RULES.get(envelope.notification_type)),
    )


def described_state(envelope: Envelope) -> str | None:
    """The state that a notification says its thing is in; None where its type says none."""
    path = STATE_PATHS.get(envelope.notification_type)
    return _identifier(_at(_content(envelope.payload), path)) if path else None


def _content(payload: Any) -> Any:
    """The payload without the wrapper `{"AnyOfferChangedNotification": {...}}` that most types have."""
    if isinstance(payload, dict) and len(payload) == 1:
        ((name, inner),) = payload.items()
        if name.casefold().endswith("notification") and isinstance(inner, dict):
            return inner
    return payload


def _entity(content: Any, rule: EntityRule | None) -> Entity | None:
    if rule is None:
        return None
    parts = []
    for path in rule.paths:
        part = _identifier(_at(content, path))
        if part is None:
            return None
        parts.append(part)
    return Entity(rule.kind, "#".join(parts))


def _first(content: Any, paths: tuple[str, ...]) -> str | None:
    found: Iterator[str | None] = (_identifier(_at(content, path)) for path in paths)
    return next((value for value in found if value is not None), None)


def _identifier(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, dict) and len(value) == 1:
        # One of several kinds of identifier: {"aftn": "AFTN987654321"}.
        ((name, inner),) = value.items()
        value = f"{name}:{inner}" if isinstance(inner, str) else None
    return usable_identifier(value, LONGEST_IDENTIFIER)


def _at(content: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(content, dict):
            return None
        content = next((v for k, v in content.items() if k.casefold() == name.casefold()), None)
    return content
