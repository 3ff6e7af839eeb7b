"""What gathering listing changes saves: createFeed calls, and AWS calls per change by how many come at once.

The real code works on AWS in memory: the figures are counts, not times.
"""

from bench.processing import Row
from sellerbus.feeds.task import Outcome
from tests.unit.feeds.changes_world import WINDOW, World, change

CHANGES = 10_000
FEWER = 500
BATCH = 100
"""What the event source mapping hands over at once."""
MOST_CALLS_OF_ONE_BY_ONE = 0.05


def calls() -> list[Row]:
    """Count for all changes in batches, and for fewer one by one, which cost the same each."""
    gathered, told, feeds = _calls_per_change(CHANGES, BATCH)
    alone, _, _ = _calls_per_change(FEWER, 1)
    return [
        Row(
            f"createFeed calls, {CHANGES} listing changes",
            feeds,
            "calls",
            feeds / CHANGES,
            "a feed for each",
            most=1 / CHANGES,
        ),
        Row(
            f"AWS calls to gather a listing change, {BATCH} a batch",
            gathered,
            "calls/change",
            gathered / alone,
            "one a batch",
            most=MOST_CALLS_OF_ONE_BY_ONE,
        ),
        Row("AWS calls to tell a listing change its result", told, "calls/change", told, "an event for each"),
    ]


def _calls_per_change(count: int, batch: int) -> tuple[float, float, int]:
    """AWS calls per change, from the queue to the inbox and from the report to the bus; and the feeds."""
    world = World(most_changes=25_000, most_bytes=10 << 20)
    for start in range(0, count, batch):
        for number in range(start, min(start + batch, count)):
            world.send(change(number, f"SKU-{number}"))
        world.work(batch=batch)
    world.later(WINDOW)
    world.work()
    gathered = len(world.calls)
    for task_id in world.feeds:
        world.end(task_id, Outcome.COMPLETED)
        world.report(task_id)
    succeeded = sum(event["outcome"] == "SUCCEEDED" for event in world.events)
    if succeeded != count:
        raise RuntimeError(f"{succeeded} of {count} changes succeeded: the figures would mean nothing")
    return gathered / count, (len(world.calls) - gathered) / count, len(world.feeds)
