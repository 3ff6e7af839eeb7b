"""The documents of the demo's feeds: small ones from local/data/feeds, large ones made here.

Messages of listings that are bad are so in a way that only Amazon finds: their form is in order, and their
price is below zero.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from local.commands import ROOT

FOLDER = ROOT / "local" / "data" / "feeds"
LISTINGS = "JSON_LISTINGS_FEED"
JSON_TYPE = "application/json; charset=UTF-8"
XML_TYPE = "text/xml; charset=UTF-8"
FLAT_FILE_TYPE = "text/tab-separated-values; charset=UTF-8"


def document(name: str) -> bytes:
    """A document of local/data/feeds."""
    return (FOLDER / name).read_bytes()


def bad_numbers(count: int, bad: int) -> frozenset[int]:
    """Which of `count` messages, numbered from 1, shall be bad: `bad` of them, spread over all."""
    return frozenset(1 + number * count // bad for number in range(bad))


def listings_feed(seller_id: str, count: int, bad: Collection[int], prefix: str) -> bytes:
    """A JSON_LISTINGS_FEED of `count` messages; those whose number is in `bad` are bad."""
    feed = {
        "header": {"sellerId": seller_id, "version": "2.0", "issueLocale": "en_US"},
        "messages": [
            {"messageId": number, **price_change(sku, bad=number in bad)}
            for number, sku in enumerate(skus(count, prefix), start=1)
        ],
    }
    return json.dumps(feed, separators=(",", ":")).encode()


def skus(count: int, prefix: str) -> Iterator[str]:
    """The SKUs of messages 1 to `count`."""
    return (f"{prefix}-{number:05}" for number in range(1, count + 1))


def price_change(sku: str, *, bad: bool = False) -> dict[str, Any]:
    """One PATCH of a price, without a messageId."""
    price = -1.0 if bad else 19.9
    offer = {
        "marketplace_id": "ATVPDKIKX0DER",
        "currency": "USD",
        "our_price": [{"schedule": [{"value_with_tax": price}]}],
    }
    return {
        "sku": sku,
        "operationType": "PATCH",
        "productType": "CUP",
        "patches": [{"op": "replace", "path": "/attributes/purchasable_offer", "value": [offer]}],
    }
