"""The demo's feeds pass Sellerbus's own checks, and Amazon finds exactly what is bad in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from local.cast import INDIAN_SELLER, SELLERS
from local.deployment import Seller
from local.feed_documents import (
    FLAT_FILE_TYPE,
    JSON_TYPE,
    LISTINGS,
    XML_TYPE,
    bad_numbers,
    document,
    listings_feed,
    price_change,
    skus,
)
from local.handing_over import EASY_SHIP, EASY_SHIP_OPTIONS, PRODUCT_MARKETPLACES, PRODUCTS, SHIPMENTS
from sellerbus.feeds.checks import FeedRequest, Rules, check_feed
from simulator.report_json import read, write
from simulator.reporting import Submission


@dataclass(frozen=True)
class Registered:
    seller_id: str
    region: str
    marketplace_ids: tuple[str, ...]


def registered(seller: Seller, region: str = "na") -> Registered:
    return Registered(seller.seller_id, region, tuple(seller.marketplace_ids))


@pytest.mark.parametrize(("count", "bad"), [(1000, 37), (500, 12), (3, 3), (5, 0)])
def test_as_many_messages_are_bad_as_shall_be(count: int, bad: int) -> None:
    numbers = bad_numbers(count, bad)

    assert len(numbers) == bad
    assert numbers <= set(range(1, count + 1))


def test_the_listings_pass_the_own_checks_and_amazon_finds_the_bad_ones() -> None:
    seller, bad = registered(SELLERS[0]), bad_numbers(1000, 37)
    content = listings_feed(seller.seller_id, 1000, bad, "CUP")

    request = FeedRequest(LISTINGS, ("ATVPDKIKX0DER",), JSON_TYPE, None, "a-task")
    findings = check_feed(request, seller, [content], Rules(10 << 20))

    assert (findings.refused, list(findings.kept)) == (False, [])
    submission = Submission("1", seller.seller_id, LISTINGS, {})
    report = json.loads(write(submission, read(submission, [content])))
    assert sorted(issue["messageId"] for issue in report["issues"]) == sorted(bad)
    wanted = [sku for number, sku in enumerate(skus(1000, "CUP"), start=1) if number in bad]
    assert [issue["sku"] for issue in report["issues"]] == wanted


@pytest.mark.parametrize(
    ("feed_type", "name", "content_type", "seller", "marketplaces", "options"),
    [
        (PRODUCTS, "product.xml", XML_TYPE, registered(SELLERS[1]), PRODUCT_MARKETPLACES, None),
        (SHIPMENTS, "shipments.txt", FLAT_FILE_TYPE, registered(SELLERS[0]), ("ATVPDKIKX0DER",), None),
        (
            EASY_SHIP,
            "easy_ship.xml",
            XML_TYPE,
            registered(INDIAN_SELLER, "eu"),
            tuple(INDIAN_SELLER.marketplace_ids),
            EASY_SHIP_OPTIONS,
        ),
    ],
)
def test_the_small_ones_pass_the_own_checks(
    feed_type: str,
    name: str,
    content_type: str,
    seller: Registered,
    marketplaces: tuple[str, ...],
    options: dict[str, str] | None,
) -> None:
    request = FeedRequest(feed_type, marketplaces, content_type, options)

    findings = check_feed(request, seller, [document(name)], Rules(10 << 20, removed_allowed=True))

    assert (findings.refused, list(findings.kept)) == (False, [])


def test_a_bad_change_is_one_whose_price_is_below_zero() -> None:
    def price(change: dict[str, Any]) -> float:
        (offer,) = change["patches"][0]["value"]
        return float(offer["our_price"][0]["schedule"][0]["value_with_tax"])

    assert price(price_change("A")) > 0 > price(price_change("A", bad=True))
