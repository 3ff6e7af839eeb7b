"""The commands that a person is told to run for a seller, whole: they are copied as they stand."""

from __future__ import annotations

from collections.abc import Sequence

from sellerbus.api import endpoints

REFUSED_BY_AMAZON = "Amazon refuses its authorisation (revoked, expired, or another application's)"
"""What is known of a seller that is marked as revoked: Amazon's answer doesn't tell which of these it is."""


def add_again(seller_id: str, stage: str, marketplace_ids: Sequence[str]) -> str:
    """Return the command that replaces the seller's refresh token and makes it active."""
    countries = {row.marketplace_id: row.country for row in endpoints.MARKETPLACES}
    codes = ",".join(countries.get(name, name) for name in marketplace_ids)
    return f"bin/sellerbus sellers add {seller_id} --stage {stage} --marketplaces {codes} --replace"
