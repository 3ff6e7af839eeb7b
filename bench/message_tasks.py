"""What sending a message costs, and how near the quota a seller's many messages come.

The real code works on AWS and Amazon in memory, on a clock that is set by hand: the figures are counts and
ratios, not times.
"""

import heapq
import json
from collections import Counter

from bench.processing import Row
from sellerbus.messaging.task import MessageState
from tests.unit.messaging.message_scene import Scene

MESSAGES = 500
RATE = 1.0
BURST = 5
LEAST_CALLS_OF_AMAZON = 3
"""What the order offers, the buyer's language, the message."""
LEAST_WRITES = 4
"""The task, the gate, the answer, and that it was told."""
MOST_OF_QUOTA = 1.05
MOST_DELIVERIES = 2.5


def calls() -> list[Row]:
    """Send one message alone, then many of one seller that come at once."""
    alone = Scene()
    task = alone.accepted()
    alone.send(task)
    operations = Counter(operation for operation, _ in alone.table.requests)
    amazon = len(alone.amazon.sent)
    writes = operations["TransactWriteItems"]
    seconds, deliveries, looks = _many()
    quota = (MESSAGES - BURST) / RATE
    return [
        Row(
            "calls of Amazon to send a message",
            amazon,
            "calls",
            amazon / LEAST_CALLS_OF_AMAZON,
            "look, language, message",
            most=1.0,
        ),
        Row(
            "writes to the table to send a message",
            writes,
            "writes",
            writes / LEAST_WRITES,
            "task, gate, answer, told",
            most=1.0,
        ),
        Row(
            "reads of the table to send a message",
            operations["GetItem"],
            "reads",
            operations["GetItem"] / LEAST_WRITES,
            "a read for each write",
            most=1.0,
        ),
        Row(
            f"{MESSAGES} messages of a seller at once",
            seconds,
            "s",
            seconds / quota,
            "Amazon's quota",
            most=MOST_OF_QUOTA,
        ),
        Row(
            "deliveries of such a message",
            deliveries,
            "deliveries",
            deliveries,
            "one that needs no wait",
            most=MOST_DELIVERIES,
        ),
        Row("looks at its order", looks, "looks", looks, "one", most=MOST_OF_QUOTA),
    ]


def _many() -> tuple[float, float, float]:
    """Seconds until the last was sent, deliveries and looks per message."""
    scene = Scene()
    # Each is worked on by a function of its own: what one sleeps through doesn't delay the others.
    scene.clock.sleep = _no_nap  # type: ignore[method-assign]
    bodies = [json.dumps(scene.request(text=f"Question {number}?")) for number in range(MESSAGES)]
    scene.accept(*(scene.message(body) for body in bodies))
    began = scene.clock()
    queue = [(began, task_id) for task_id, _ in scene.queued]
    deliveries = 0
    while queue:
        due, task_id = heapq.heappop(queue)
        scene.clock.now = max(scene.clock.now, due)
        deliveries += 1
        step = scene.send(task_id)
        if step.wait_seconds is not None:
            heapq.heappush(queue, (scene.clock() + step.wait_seconds, task_id))
        elif step.state is not MessageState.SENT:
            raise RuntimeError(f"a message is {step.state}: the figures would mean nothing")
    return scene.clock() - began, deliveries / MESSAGES, scene.amazon.count("actions") / MESSAGES


def _no_nap(seconds: float) -> None:
    del seconds
