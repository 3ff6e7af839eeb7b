"""Amazon's three regions, each with destinations, subscriptions and authorisations of its own. Pure.

Source: "SP-API endpoints" and "Marketplace IDs". Login with Amazon is one for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

DEFAULT_REGION: Final = "na"

MARKETPLACES: Final = {
    "na": frozenset({"A2EUQ1WTGCTBG2", "ATVPDKIKX0DER", "A1AM78C64UM0Y8", "A2Q3Y263D00KWC"}),
    "eu": frozenset(
        {
            *("A28R8C7NBKEWEA", "A1RKKUPIHCS9HS", "A1F83G8C2ARO7P", "A13V1IB3VIYZZH", "AMEN7PMS3EDWL"),
            *("A1805IZSGTT6HS", "A1PA6795UKMFR9", "APJ6JRA9NG5V4", "A2NODRKZP88ZB9", "AE08WJ6YKNBMC"),
            *("A1C3SOZRARQ6R3", "ARBP9OOSHTCHU", "A33AVAJ2PDY3EV", "A17E79C6D8DWNP", "A2VIGQ35RCS4UG"),
            "A21TJRUUN4KGV",
        }
    ),
    "fe": frozenset({"A19VAU5U5O7RUS", "A39IBJ37TRP1C6", "A1VC38T7YXB528"}),
}
REGIONS: Final = tuple(MARKETPLACES)


def region_of(marketplace_ids: Iterable[str]) -> str:
    """The region of some marketplaces, DEFAULT_REGION where none is known; ValueError where they differ."""
    ids = frozenset(marketplace_ids)
    found = [region for region, known in MARKETPLACES.items() if ids & known]
    if len(found) > 1:
        raise ValueError(f"the marketplaces lie in {' and '.join(found)}: authorisations are per region")
    return found[0] if found else DEFAULT_REGION
