"""Marketplaces, the selling regions they belong to, and the SP-API endpoint of each region.

Source: developer-docs, "Marketplace IDs" and "SP-API Endpoints".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

SellingRegion = Literal["na", "eu", "fe"]
SELLING_REGIONS: tuple[SellingRegion, ...] = ("na", "eu", "fe")

LWA_TOKEN_ENDPOINT = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - an address, not a secret

_MARKETPLACES: Mapping[SellingRegion, Mapping[str, str]] = {
    "na": {"CA": "A2EUQ1WTGCTBG2", "US": "ATVPDKIKX0DER", "MX": "A1AM78C64UM0Y8", "BR": "A2Q3Y263D00KWC"},
    "eu": {
        "IE": "A28R8C7NBKEWEA",
        "ES": "A1RKKUPIHCS9HS",
        "GB": "A1F83G8C2ARO7P",
        "FR": "A13V1IB3VIYZZH",
        "BE": "AMEN7PMS3EDWL",
        "NL": "A1805IZSGTT6HS",
        "DE": "A1PA6795UKMFR9",
        "IT": "APJ6JRA9NG5V4",
        "SE": "A2NODRKZP88ZB9",
        "ZA": "AE08WJ6YKNBMC",
        "PL": "A1C3SOZRARQ6R3",
        "EG": "ARBP9OOSHTCHU",
        "TR": "A33AVAJ2PDY3EV",
        "SA": "A17E79C6D8DWNP",
        "AE": "A2VIGQ35RCS4UG",
        "IN": "A21TJRUUN4KGV",
    },
    "fe": {"SG": "A19VAU5U5O7RUS", "AU": "A39IBJ37TRP1C6", "JP": "A1VC38T7YXB528"},
}

_REGION_OF_ID: Mapping[str, SellingRegion] = MappingProxyType(
    {marketplace: region for region, entries in _MARKETPLACES.items() for marketplace in entries.values()}
)
_ID_OF_COUNTRY: Mapping[str, str] = MappingProxyType(
    {
        **{
            country: marketplace
            for entries in _MARKETPLACES.values()
            for country, marketplace in entries.items()
        },
        # Everybody writes UK; ISO 3166 says GB.
        "UK": _MARKETPLACES["eu"]["GB"],
    }
)


def marketplace_id(name: str) -> str | None:
    """The marketplace id for an id or a two-letter country code; None where there is no such marketplace."""
    return name if name in _REGION_OF_ID else _ID_OF_COUNTRY.get(name)


def region_of_marketplace(identifier: str) -> SellingRegion:
    """The selling region of a marketplace id. Raises KeyError for an unknown id."""
    return _REGION_OF_ID[identifier]


def countries(region: SellingRegion | None = None) -> tuple[str, ...]:
    """Country codes of the marketplaces of one selling region, or of all, sorted."""
    regions = [region] if region else list(_MARKETPLACES)
    return tuple(sorted(country for entry in regions for country in _MARKETPLACES[entry]))


def sp_api_endpoint(region: SellingRegion, *, sandbox: bool) -> str:
    """Base URL of the Selling Partner API for a selling region."""
    host = f"sellingpartnerapi-{region}.amazon.com"
    return f"https://sandbox.{host}" if sandbox else f"https://{host}"
