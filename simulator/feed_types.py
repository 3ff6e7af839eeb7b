"""The feed types: how each is written, and which have died.

Source: "Feed type values" and the announcement that XML and flat-file listings feeds end, and in their place
JSON_LISTINGS_FEED: since 2025-07-31 they answer FATAL. Under Feeds 2020-09-04, which ended before that, they
are as they were in its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

JSON_LISTINGS_FEED: Final = "JSON_LISTINGS_FEED"


class Form(Enum):
    """How feeds of a type, and the processing reports on them, are written."""

    JSON_LISTINGS = "json"
    XML = "xml"
    EASY_SHIP = "easyShip"
    FLAT_FILE = "flatFile"
    # Its content is not looked into; the report is a flat file's.
    INVOICE = "invoice"


@dataclass(frozen=True)
class FeedType:
    name: str
    form: Form
    ended: bool = False


_XML = (
    "POST_EXPECTED_SHIP_DATE_SOD",
    "POST_FBA_INBOUND_CARTON_CONTENTS",
    "POST_FULFILLMENT_ORDER_CANCELLATION_REQUEST_DATA",
    "POST_FULFILLMENT_ORDER_REQUEST_DATA",
    "POST_INVOICE_CONFIRMATION_DATA",
    "POST_ORDER_ACKNOWLEDGEMENT_DATA",
    "POST_ORDER_FULFILLMENT_DATA",
    "POST_PAYMENT_ADJUSTMENT_DATA",
)
_FLAT_FILES = (
    "POST_EXPECTED_SHIP_DATE_SOD_FLAT_FILE",
    "POST_FLAT_FILE_FBA_CREATE_INBOUND_PLAN",
    "POST_FLAT_FILE_FBA_CREATE_REMOVAL",
    "POST_FLAT_FILE_FBA_UPDATE_INBOUND_PLAN",
    "POST_FLAT_FILE_FULFILLMENT_DATA",
    "POST_FLAT_FILE_FULFILLMENT_ORDER_CANCELLATION_REQUEST_DATA",
    "POST_FLAT_FILE_FULFILLMENT_ORDER_REQUEST_DATA",
    "POST_FLAT_FILE_IL_ALLOCATION_REQUESTS_CONFIRMATION_FEED",
    "POST_FLAT_FILE_IL_SNAPSHOT_FEED",
    "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA",
    "POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA",
    "RFQ_UPLOAD_FEED",
)
_ENDED_XML = (
    "POST_INVENTORY_AVAILABILITY_DATA",
    "POST_PRODUCT_DATA",
    "POST_PRODUCT_IMAGE_DATA",
    "POST_PRODUCT_OVERRIDES_DATA",
    "POST_PRODUCT_PRICING_DATA",
    "POST_PRODUCT_RELATIONSHIP_DATA",
)
_ENDED_FLAT_FILES = (
    "POST_FLAT_FILE_BOOKLOADER_DATA",
    "POST_FLAT_FILE_CONVERGENCE_LISTINGS_DATA",
    "POST_FLAT_FILE_INVLOADER_DATA",
    "POST_FLAT_FILE_LISTINGS_DATA",
    "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
    "POST_UIEE_BOOKLOADER_DATA",
)

FEED_TYPES: Final = {
    kind.name: kind
    for kind in (
        FeedType(JSON_LISTINGS_FEED, Form.JSON_LISTINGS),
        FeedType("POST_EASYSHIP_DOCUMENTS", Form.EASY_SHIP),
        FeedType("UPLOAD_VAT_INVOICE", Form.INVOICE),
        *(FeedType(name, Form.XML) for name in _XML),
        *(FeedType(name, Form.FLAT_FILE) for name in _FLAT_FILES),
        *(FeedType(name, Form.XML, ended=True) for name in _ENDED_XML),
        *(FeedType(name, Form.FLAT_FILE, ended=True) for name in _ENDED_FLAT_FILES),
    )
}
