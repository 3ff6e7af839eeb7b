"""Marketplaces, their regions and endpoints."""

from __future__ import annotations

import pytest

from sellerbus.api.endpoints import MARKETPLACES, REGIONS, UnknownMarketplaceError, marketplace, one_region


def test_there_are_23_marketplaces_each_once() -> None:
    assert len(MARKETPLACES) == 23
    assert len({row.marketplace_id for row in MARKETPLACES}) == 23
    assert len({row.country for row in MARKETPLACES}) == 23
    assert {row.region for row in MARKETPLACES} == set(REGIONS)


def test_endpoints() -> None:
    assert REGIONS["eu"].endpoint == "https://sellingpartnerapi-eu.amazon.com"
    assert REGIONS["fe"].sandbox_endpoint == "https://sandbox.sellingpartnerapi-fe.amazon.com"
    assert REGIONS["fe"].aws_region == "us-west-2"


@pytest.mark.parametrize("name", ["US", "us", " ATVPDKIKX0DER "])
def test_found_by_country_and_id(name: str) -> None:
    assert marketplace(name).marketplace_id == "ATVPDKIKX0DER"


def test_uk_is_gb() -> None:
    assert marketplace("UK") == marketplace("GB")


def test_unknown_marketplace_lists_what_is_allowed() -> None:
    with pytest.raises(UnknownMarketplaceError, match=r"'XX' is no marketplace.*US"):
        marketplace("XX")


def test_one_region_keeps_order_and_drops_repeats() -> None:
    region, found = one_region(["CA", "US", "ATVPDKIKX0DER"])
    assert region == "na"
    assert [row.country for row in found] == ["CA", "US"]


@pytest.mark.parametrize("names", [["US", "DE"], []])
def test_several_regions_or_none_are_refused(names: list[str]) -> None:
    with pytest.raises(UnknownMarketplaceError, match="one region"):
        one_region(names)
