"""Feeds as they are handed over, and the seller they are handed over for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sellerbus.feeds.checks import FeedRequest, Rules, check_feed
from sellerbus.feeds.findings import Findings

US, CA, DE, IN = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9", "A21TJRUUN4KGV"
JSON_TYPE = "application/json; charset=UTF-8"
XML_TYPE = "text/xml; charset=UTF-8"
TSV_TYPE = "text/tab-separated-values; charset=UTF-8"
RULES = Rules(largest_bytes=50_000_000)


@dataclass(frozen=True)
class ASeller:
    seller_id: str = "A1SELLER"
    region: str = "na"
    marketplace_ids: tuple[str, ...] = (US, CA)


SELLER = ASeller()
EUROPEAN = ASeller("A1SELLER", "eu", (DE, IN))


def request(feed_type: str = "JSON_LISTINGS_FEED", **changes: Any) -> FeedRequest:
    return FeedRequest(
        **{"marketplace_ids": (US,), "content_type": JSON_TYPE, **changes, "feed_type": feed_type}
    )


def message(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A good DELETE message, or what `changes` make of it; a change to None leaves the field out."""
    fields = {"messageId": number, "sku": f"SKU-{number}", "operationType": "DELETE", **changes}
    return {name: value for name, value in fields.items() if value is not None}


def feed(*messages: object, **header: Any) -> bytes:
    """A JSON_LISTINGS_FEED of the messages."""
    fields = {"sellerId": "A1SELLER", "version": "2.0", **header}
    return json.dumps(
        {"header": {k: v for k, v in fields.items() if v is not None}, "messages": list(messages)}
    ).encode()


def checked(
    content: bytes,
    what: FeedRequest | None = None,
    *,
    seller: ASeller = SELLER,
    rules: Rules = RULES,
    length: int = 11,
) -> Findings:
    chunks = (content[start : start + length] for start in range(0, len(content), length))
    return check_feed(what or request(), seller, chunks, rules)


def rules_of(findings: Findings) -> list[str]:
    return [row.rule for row in findings.kept]
