"""The sellers of the local stage."""

from __future__ import annotations

from local.deployment import Seller

SELLERS = (
    Seller("A2BAZU3EXAMPLE", ("ATVPDKIKX0DER",)),
    Seller("A2EW6EXAMPLE11", ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")),
)
INDIAN_SELLER = Seller("A5INDIAEXAMPLE", ("A21TJRUUN4KGV",))
"""Of the demo's cell in Amazon's region eu."""
THIRD_SELLER = Seller(
    "A3NEWEXAMPLE33",
    ("A1AM78C64UM0Y8",),
    ("FBA_OUTBOUND_SHIPMENT_STATUS", "LISTINGS_ITEM_STATUS_CHANGE", "ORDER_CHANGE"),
)
