"""What a day of looking for missed events costs: calls of Amazon per seller against the quota, and of AWS.

The real code works on an Amazon and an AWS in memory: the figures are counts, not times.
"""

from datetime import timedelta

from bench.processing import Row
from sellerbus.api import operations
from sellerbus.missed.change import feed_finished, order_change
from tests.unit.missed.world import NOON, SELLER_ID, MissedWorld, feed, order

DAY = timedelta(days=1)
EVERY = timedelta(minutes=30)
ORDERS, FEEDS = 2000, 200
MISSED_EVERY = 100
_OPERATIONS = {"searchOrders": operations.SEARCH_ORDERS, "getFeeds": operations.GET_FEEDS}


def calls() -> list[Row]:
    """Count for a seller with thousands of changed orders a day, of which some were never notified."""
    world = _day()
    rows = []
    for name, operation in _OPERATIONS.items():
        made = world.calls.count(name)
        rows.append(
            Row(
                f"{name} calls a day for missed events, a seller",
                made,
                "calls",
                made / (operation.rate * DAY.total_seconds()),
                "the seller's quota of a day",
                most=0.25,
            )
        )
    asked = sum(world.calls.count(name) for name in _OPERATIONS)
    aws = len(world.calls) - asked
    rows.append(
        Row(
            "AWS calls a day for missed events, a seller", aws, "calls", aws / asked, "one a call of Amazon's"
        )
    )
    return rows


def _day() -> MissedWorld:
    world = MissedWorld(page_size=100, turns=1_000_000)
    world.orders = [order(f"o{number}", NOON + DAY * number / ORDERS) for number in range(ORDERS)]
    world.feeds = [
        feed(f"f{number}", at, at + timedelta(minutes=2))
        for number in range(FEEDS)
        for at in [NOON + DAY * number / FEEDS]
    ]
    changes = [order_change(SELLER_ID, each) for each in world.orders]
    changes += [feed_finished(SELLER_ID, each) for each in world.feeds]
    for number, change in enumerate(changes):
        if change and number % MISSED_EVERY:
            world.notify(change.notification("1.0", NOON))
    found: set[str] = set()
    end = NOON + DAY + 2 * EVERY
    every_order, every_feed = world.orders, world.feeds
    while world.now < end:
        world.now += EVERY
        # Nothing of the future is listed.
        world.orders = [each for each in every_order if each.updated_at <= world.now.isoformat()]
        world.feeds = [each for each in every_feed if each.ended_at <= world.now.isoformat()]
        for subject in ("orders", "feeds"):
            found |= {change.entity_id for change in world.look(subject).missed}
        world.work_off()
    if len(found) != len(changes) // MISSED_EVERY:
        raise RuntimeError(f"{len(found)} missed changes were found: the figures would mean nothing")
    return world
