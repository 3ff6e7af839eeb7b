"""A seller who withdraws the authorisation is marked, told of, and not called for any more."""

from __future__ import annotations

from typing import Any

from local.deployment import Seller
from tests.integration.system import System

SELLER = Seller("A6REVOKEDEXAMPLE", ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"), ("ORDER_CHANGE",))


def calls(system: System, since: int) -> list[dict[str, Any]]:
    """What Amazon was asked for the seller since then; token requests name nobody, but are refused."""
    return [
        entry
        for entry in system.deployment.simulator.requests()[since:]
        if entry["sellerId"] == SELLER.seller_id
        or (entry["operation"] == "lwa" and entry["status"] == 400)
        or entry["status"] in (401, 403)
    ]


def test_a_revoked_authorisation_is_found_told_and_kept_in_mind(system: System) -> None:
    system.add_seller(SELLER)
    system.await_quiet_jobs()
    system.deployment.simulator.revoke(SELLER.seller_id)

    system.invoke("QueueEverySellerFunctionName", {})

    told = system.await_operational("SellerAuthorizationRevoked", sellerId=SELLER.seller_id)
    assert told.source == "sellerbus.sellers"
    assert told.detail["region"] == "na"
    assert sorted(told.detail["marketplaceIds"]) == sorted(SELLER.marketplace_ids)
    assert told.detail["reason"]
    system.wait_for(
        lambda: system.seller_row(SELLER.seller_id)["status"]["S"] == "revoked", "the seller to be marked"
    )
    system.await_quiet_jobs()
    since = len(system.deployment.simulator.requests())

    system.invoke("QueueEverySellerFunctionName", {})
    system.await_quiet_jobs()

    assert calls(system, since) == []
    assert len(system.operational("SellerAuthorizationRevoked", sellerId=SELLER.seller_id)) == 1
