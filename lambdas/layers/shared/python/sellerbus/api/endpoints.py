"""Amazon's regions, their endpoints and marketplaces (Selling Partner API: endpoints, marketplace IDs)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


class UnknownMarketplaceError(ValueError):
    """The text names no marketplace, or the marketplaces are not all of one region."""


@dataclass(frozen=True)
class Region:
    """A region of the Selling Partner API; `name` is na, eu or fe."""

    name: str
    endpoint: str
    sandbox_endpoint: str
    aws_region: str


@dataclass(frozen=True)
class Marketplace:
    marketplace_id: str
    country: str
    region: str


def _region(name: str, aws_region: str) -> Region:
    host = f"sellingpartnerapi-{name}.amazon.com"
    return Region(name, f"https://{host}", f"https://sandbox.{host}", aws_region)


REGIONS: Final[Mapping[str, Region]] = {
    name: _region(name, aws_region)
    for name, aws_region in (("na", "us-east-1"), ("eu", "eu-west-1"), ("fe", "us-west-2"))
}

_MARKETPLACES = {
    "na": "CA A2EUQ1WTGCTBG2 US ATVPDKIKX0DER MX A1AM78C64UM0Y8 BR A2Q3Y263D00KWC",
    "eu": (
        "IE A28R8C7NBKEWEA ES A1RKKUPIHCS9HS GB A1F83G8C2ARO7P FR A13V1IB3VIYZZH BE AMEN7PMS3EDWL "
        "NL A1805IZSGTT6HS DE A1PA6795UKMFR9 IT APJ6JRA9NG5V4 SE A2NODRKZP88ZB9 ZA AE08WJ6YKNBMC "
        "PL A1C3SOZRARQ6R3 EG ARBP9OOSHTCHU TR A33AVAJ2PDY3EV SA A17E79C6D8DWNP AE A2VIGQ35RCS4UG "
        "IN A21TJRUUN4KGV"
    ),
    "fe": "SG A19VAU5U5O7RUS AU A39IBJ37TRP1C6 JP A1VC38T7YXB528",
}


def _table() -> tuple[Marketplace, ...]:
    rows: list[Marketplace] = []
    for region, text in _MARKETPLACES.items():
        words = text.split()
        pairs = zip(words[::2], words[1::2], strict=True)
        rows += [Marketplace(identifier, country, region) for country, identifier in pairs]
    return tuple(rows)


MARKETPLACES: Final = _table()
_BY_NAME = {row.marketplace_id: row for row in MARKETPLACES} | {row.country: row for row in MARKETPLACES}
# Amazon's own pages call the marketplace UK; ISO 3166 calls the country GB.
_BY_NAME["UK"] = _BY_NAME["GB"]


def marketplace(name: str) -> Marketplace:
    """Return the marketplace with the id or country code `name`; raises UnknownMarketplaceError."""
    found = _BY_NAME.get(name.strip().upper())
    if found is None:
        countries = ", ".join(row.country for row in MARKETPLACES)
        raise UnknownMarketplaceError(
            f"{name!r} is no marketplace: give a marketplace id or one of {countries}"
        )
    return found


def one_region(names: Iterable[str]) -> tuple[str, tuple[Marketplace, ...]]:
    """Return the region's name and the marketplaces, each once, in the order given.

    Raises UnknownMarketplaceError for none at all, an unknown one and marketplaces of several regions: a
    seller's authorisation, its endpoint and its destination belong to one region.
    """
    found = tuple(dict.fromkeys(marketplace(name) for name in names))
    regions = sorted({row.region for row in found})
    if len(regions) != 1:
        listed = ", ".join(f"{row.country} ({row.region})" for row in found) or "none given"
        raise UnknownMarketplaceError(
            f"a seller's marketplaces must be of one region: {listed}. "
            "Add the seller once for each region, with that region's marketplaces and token."
        )
    return regions[0], found
