"""The names of Amazon's stores, as buyers know them. Pure."""

from __future__ import annotations

from typing import Final

from sellerbus.api.endpoints import marketplace

# Every other store has its country's code as the ending.
_ENDINGS: Final = {
    "US": "com",
    "CA": "ca",
    "MX": "com.mx",
    "BR": "com.br",
    "GB": "co.uk",
    "BE": "com.be",
    "ZA": "co.za",
    "TR": "com.tr",
    "AU": "com.au",
    "JP": "co.jp",
}


def store_name(marketplace_id: str) -> str:
    """Return the store's name: "Amazon.de". Raises UnknownMarketplaceError."""
    country = marketplace(marketplace_id).country
    return f"Amazon.{_ENDINGS.get(country, country.lower())}"
