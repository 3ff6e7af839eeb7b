"""What is known of the feed types: their format, the options they take, and which Amazon has removed.

Sources, pages of the Selling Partner API's documentation:

- live types and their families: "Feed Type Values", with its pages for order, Fulfillment by Amazon, Easy
  Ship, invoicing and listings feeds. Types named FLAT_FILE are tab-separated, POST_EXPECTED_SHIP_DATE_SOD_
  FLAT_FILE too; the other POST_ types have an XML schema.
- the twelve listing types removed on 2025-07-31, and what replaces them: the announcement "Removal date of
  Feeds API support for XML and flat file Listings Feeds changed to July 31, 2025". Amazon still takes such a
  feed, and ends it FATAL ("Feeds API Best Practices").
- the inbound plan types and RFQ_UPLOAD_FEED: "Deprecation Reminders - February 2024" (RFQ_UPLOAD_FEED lasted
  until 2024-08-31 in India). "Feed Type Values" lists no business feed any more.
- options of UPLOAD_VAT_INVOICE: "Invoicing Feed Type Values", "(Option 3) Manually Upload Invoices", the VAT
  Calculation Service guide's section 6.4 (a credit note needs its transaction id), and the report's error
  79513, which names the keys with their prefix `metadata:` and in lower case.
- options of POST_EASYSHIP_DOCUMENTS: the createFeed example of the Feeds v2020-09-04 use case guide; since
  then the documents are asked for in the feed itself, so the options may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Format(Enum):
    """What a feed's document is written in; the value is the content type it is usually given."""

    JSON = "application/json; charset=UTF-8"
    XML = "text/xml; charset=UTF-8"
    FLAT_FILE = "text/tab-separated-values; charset=UTF-8"
    PDF = "application/pdf"

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types that stand for the format; the first is the usual one."""
        return _MEDIA_TYPES[self]


# Amazon's own examples give text/plain for flat files as well as for XML.
_MEDIA_TYPES: Final = {
    Format.JSON: ("application/json",),
    Format.XML: ("text/xml", "application/xml", "text/plain"),
    Format.FLAT_FILE: ("text/tab-separated-values", "text/plain"),
    Format.PDF: ("application/pdf",),
}


@dataclass(frozen=True)
class OptionRules:
    """The feedOptions of a type; keys are compared without regard to case, after the prefix.

    values: each key that the type knows, with the values it may have (empty: any).
    needed: of each group at least one key must be given. needed_with: (key, value, other key): where the key
    has the value, the other key must be given. optional: the feed may come without any options.
    """

    values: Mapping[str, tuple[str, ...]]
    needed: tuple[tuple[str, ...], ...] = ()
    needed_with: tuple[tuple[str, str, str], ...] = ()
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True)
class FeedType:
    """One feed type. removed: the day (ISO) from which Amazon carries none out; None while it is live.

    countries: the marketplaces Amazon's page names, where it names any. options: None where Amazon
    documents none.
    """

    name: str
    family: str
    format: Format
    removed: str | None = None
    replacement: str = ""
    countries: tuple[str, ...] = ()
    options: OptionRules | None = None


JSON_LISTINGS_FEED: Final = "JSON_LISTINGS_FEED"

_EASY_SHIP: Final = OptionRules(
    values={"AmazonOrderId": (), "DocumentType": ("ShippingLabel", "Invoice", "Warranty")},
    needed=(("AmazonOrderId",), ("DocumentType",)),
    optional=True,
)
_VAT_INVOICE: Final = OptionRules(
    values={
        "OrderId": (),
        "ShippingId": (),
        "InvoiceNumber": (),
        "TotalAmount": (),
        "TotalVATAmount": (),
        "DocumentType": ("Invoice", "CreditNote"),
        "TransactionId": (),
    },
    needed=(("ShippingId", "OrderId"), ("InvoiceNumber",)),
    needed_with=(("DocumentType", "CreditNote", "TransactionId"),),
    prefix="metadata:",
)

_LIVE: Final = (
    FeedType(JSON_LISTINGS_FEED, "listings", Format.JSON),
    FeedType(
        "UPLOAD_VAT_INVOICE",
        "invoicing",
        Format.PDF,
        countries=("ES", "GB", "FR", "DE", "IT", "NL", "PL", "SE"),
        options=_VAT_INVOICE,
    ),
    FeedType("POST_EASYSHIP_DOCUMENTS", "easy ship", Format.XML, countries=("IN", "SG"), options=_EASY_SHIP),
    *(
        FeedType(name, "orders", Format.XML)
        for name in (
            "POST_ORDER_ACKNOWLEDGEMENT_DATA",
            "POST_PAYMENT_ADJUSTMENT_DATA",
            "POST_ORDER_FULFILLMENT_DATA",
            "POST_INVOICE_CONFIRMATION_DATA",
            "POST_EXPECTED_SHIP_DATE_SOD",
        )
    ),
    *(
        FeedType(name, "orders", Format.FLAT_FILE)
        for name in (
            "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA",
            "POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA",
            "POST_FLAT_FILE_FULFILLMENT_DATA",
            "POST_FLAT_FILE_IL_SNAPSHOT_FEED",
            "POST_FLAT_FILE_IL_ALLOCATION_REQUESTS_CONFIRMATION_FEED",
            "POST_EXPECTED_SHIP_DATE_SOD_FLAT_FILE",
        )
    ),
    *(
        FeedType(name, "fulfillment by Amazon", Format.XML)
        for name in (
            "POST_FULFILLMENT_ORDER_REQUEST_DATA",
            "POST_FULFILLMENT_ORDER_CANCELLATION_REQUEST_DATA",
            "POST_FBA_INBOUND_CARTON_CONTENTS",
        )
    ),
    *(
        FeedType(name, "fulfillment by Amazon", Format.FLAT_FILE)
        for name in (
            "POST_FLAT_FILE_FULFILLMENT_ORDER_REQUEST_DATA",
            "POST_FLAT_FILE_FULFILLMENT_ORDER_CANCELLATION_REQUEST_DATA",
            "POST_FLAT_FILE_FBA_CREATE_REMOVAL",
        )
    ),
)

_LISTINGS_END: Final = "2025-07-31"
_LISTINGS_NOW: Final = (
    "send the same changes as a JSON_LISTINGS_FEED, or one by one with the Listings Items API"
)

_REMOVED: Final = (
    *(
        FeedType(name, "listings", Format.XML, _LISTINGS_END, _LISTINGS_NOW)
        for name in (
            "POST_PRODUCT_DATA",
            "POST_INVENTORY_AVAILABILITY_DATA",
            "POST_PRODUCT_OVERRIDES_DATA",
            "POST_PRODUCT_PRICING_DATA",
            "POST_PRODUCT_IMAGE_DATA",
            "POST_PRODUCT_RELATIONSHIP_DATA",
        )
    ),
    *(
        FeedType(name, "listings", Format.FLAT_FILE, _LISTINGS_END, _LISTINGS_NOW)
        for name in (
            "POST_FLAT_FILE_INVLOADER_DATA",
            "POST_FLAT_FILE_LISTINGS_DATA",
            "POST_FLAT_FILE_BOOKLOADER_DATA",
            "POST_FLAT_FILE_CONVERGENCE_LISTINGS_DATA",
            "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
            "POST_UIEE_BOOKLOADER_DATA",
        )
    ),
    *(
        FeedType(
            name,
            "fulfillment by Amazon",
            Format.FLAT_FILE,
            "2024-03-27",
            "create and change inbound plans with the Fulfillment Inbound API v2024-03-20",
        )
        for name in ("POST_FLAT_FILE_FBA_CREATE_INBOUND_PLAN", "POST_FLAT_FILE_FBA_UPDATE_INBOUND_PLAN")
    ),
    FeedType(
        "RFQ_UPLOAD_FEED",
        "business",
        Format.FLAT_FILE,
        "2024-08-31",
        "Amazon names no feed in its place: answer requests for quotes in Seller Central",
    ),
)

FEED_TYPES: Final[Mapping[str, FeedType]] = {row.name: row for row in (*_LIVE, *_REMOVED)}


class UnknownFeedTypeError(ValueError):
    """The catalogue does not have the type, and it is not configured as a custom one."""


def feed_type(name: str, custom: Mapping[str, Format]) -> FeedType:
    """Return what is known of a type; `custom` has the types that the deployment adds, with their formats.

    A custom type goes before the catalogue's own: Amazon may change a type sooner than this table does.
    Raises UnknownFeedTypeError.
    """
    if name in custom:
        return FeedType(name, "custom", custom[name])
    found = FEED_TYPES.get(name)
    if found is None:
        # The old Marketplace Web Service wrote its names between underscores.
        meant = name.strip().strip("_").upper()
        hint = f" Did you mean {meant}?" if meant in FEED_TYPES else ""
        raise UnknownFeedTypeError(
            f"{name!r} is no feed type that is known here.{hint} If Amazon has it, add it to the "
            "configuration as a custom feed type, with its format."
        )
    return found
