"""What others do to subscriptions at Amazon is found by the daily look at every seller."""

from __future__ import annotations

from local.deployment import Seller
from tests.integration.system import System

DELETED, MOVED = "ORDER_CHANGE", "PRICING_HEALTH"
SELLER = Seller("A5DRIFTEXAMPLE", ("ATVPDKIKX0DER",), (DELETED, MOVED))
FOREIGN_QUEUE = "arn:aws:sqs:us-east-1:000000000000:of-another-program"


def test_what_is_gone_is_put_back_and_what_is_anothers_is_only_reported(system: System) -> None:
    system.add_seller(SELLER)
    system.await_quiet_jobs()
    amazon, ours = system.deployment.simulator, system.outputs["DestinationId"]
    before = system.subscriptions(SELLER.seller_id)
    foreign = amazon.add_destination("of-another-program", FOREIGN_QUEUE)
    system.foreign.append(foreign)
    amazon.delete_subscription(before[DELETED]["subscriptionId"])
    moved = amazon.move_subscription(before[MOVED]["subscriptionId"], foreign)

    queued = system.invoke("QueueEverySellerFunctionName", {})

    assert queued["sellersQueued"] >= 3
    about = {"sellerId": SELLER.seller_id, "region": "na"}
    gone = system.await_operational("SubscriptionDrifted", **about, notificationType=DELETED)
    assert gone.source == "sellerbus.subscriptions"
    assert (gone.detail["drift"], gone.detail["action"]) == ("missing", "restoring")
    assert gone.detail["subscriptionId"] is None
    system.wait_for(lambda: DELETED in system.subscriptions(SELLER.seller_id), "the one that is put back")
    theirs = system.await_operational("SubscriptionDrifted", **about, notificationType=MOVED)
    assert (theirs.detail["drift"], theirs.detail["action"]) == ("other-destination", "reported")
    assert (theirs.detail["subscriptionId"], theirs.detail["destinationId"]) == (moved, foreign)
    system.await_quiet_jobs()
    after = system.subscriptions(SELLER.seller_id)
    assert after[DELETED]["destinationId"] == ours
    assert (after[MOVED]["subscriptionId"], after[MOVED]["destinationId"]) == (moved, foreign)

    # The next look finds nothing new.
    known = {event.detail["eventId"] for event in system.operational("SubscriptionDrifted")}
    system.invoke("QueueEverySellerFunctionName", {})
    system.await_quiet_jobs()
    assert {event.detail["eventId"] for event in system.operational("SubscriptionDrifted")} == known
    assert system.subscriptions(SELLER.seller_id) == after
