"""What processing costs: AWS calls per notification, time of our own code, and what a cold start imports.

Every figure is a ratio against a baseline of the same run: machines are noisy.
"""

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sellerbus.notifications.ledger import Ledger
from sellerbus.notifications.ordering import OrderingGuard
from sellerbus.notifications.processing import NotificationProcessor
from sellerbus.notifications.publishing import EventBus, PayloadStore
from sellerbus.notifications.queues import DeadLetterQueue, Delivery, NotificationQueue
from tests.builders import body, order_change
from tests.fakes import FakeDynamoDb

ROOT = Path(__file__).resolve().parent.parent
NOTIFICATIONS = 1000
ROUNDS = 5
LAYER = ROOT / "lambdas" / "layers" / "shared" / "python"


@dataclass(frozen=True)
class Row:
    """One measurement: what, the figure, its unit, and how it stands to the baseline of the same run.

    most: the ratio that is promised; above it the measurements fail.
    """

    what: str
    figure: float
    unit: str
    ratio: float
    baseline: str
    most: float | None = None


class _CountingAws:
    """The services in memory; counts calls and takes no time of its own to speak of."""

    def __init__(self) -> None:
        self.db = FakeDynamoDb()
        self.calls: Counter[str] = Counter()

    def transact_write_items(self, **request: Any) -> Any:
        self.calls["TransactWriteItems"] += 1
        return self.db.transact_write_items(**request)

    def put_events(self, **request: Any) -> Any:
        self.calls["PutEvents"] += 1
        return {"Entries": [{"EventId": "bus"} for _ in request["Entries"]]}

    def processor(self) -> NotificationProcessor:
        aws: Any = self

        def now() -> int:
            return time.time_ns() // 1_000_000

        return NotificationProcessor(
            ledger=Ledger(aws, "ledger", completed_retention_seconds=60, now=now, sleep=time.sleep),
            guard=OrderingGuard(aws, "ledger", retention_seconds=60, now=now, sleep=time.sleep),
            bus=EventBus(aws, "bus"),
            payloads=PayloadStore(aws, "bucket"),
            queue=NotificationQueue(aws, "queue"),
            dead_letters=DeadLetterQueue(aws, "dead-letters"),
            now=now,
            lease_margin_ms=35_000,
            publish_budget_ms=18_000,
            maximum_event_bytes=262_144,
        )


def _deliveries() -> list[Delivery]:
    bodies = [
        body(order_change(f"n-{number}", order_id=f"order-{number}")) for number in range(NOTIFICATIONS)
    ]
    return [Delivery(f"m-{number}", "r", text, 1, sent_at_ms=0) for number, text in enumerate(bodies)]


def _processed(batch: int, deliveries: list[Delivery]) -> _CountingAws:
    aws = _CountingAws()
    processor = aws.processor()
    for start in range(0, len(deliveries), batch):
        results = processor.process(deliveries[start : start + batch], lambda: 55_000)
        if not all(result.acknowledged for result in results):
            raise RuntimeError("not every notification was published: the figures would mean nothing")
    return aws


def _seconds(work: Callable[[], object]) -> float:
    """The median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def calls() -> list[Row]:
    """AWS calls per notification by batch size, against one notification at a time."""
    deliveries = _deliveries()
    counts = {batch: sum(_processed(batch, deliveries).calls.values()) for batch in (1, 10, 100)}
    return [
        Row(
            f"AWS calls, {batch} a batch",
            counts[batch] / NOTIFICATIONS,
            "calls/notification",
            counts[batch] / counts[1],
            "one a batch",
        )
        for batch in counts
    ]


def own_code() -> list[Row]:
    """Time of our own code (and the in-memory AWS), against reading and writing the same JSON once."""
    deliveries = _deliveries()

    def bare() -> None:
        for delivery in deliveries:
            json.dumps(json.loads(delivery.body))

    baseline = _seconds(bare)
    return [
        Row(
            f"own code, {batch} a batch",
            _seconds(lambda batch=batch: _processed(batch, deliveries)) / NOTIFICATIONS * 1e6,  # type: ignore[misc]
            "µs/notification",
            _seconds(lambda batch=batch: _processed(batch, deliveries)) / baseline,  # type: ignore[misc]
            "JSON read and written",
        )
        for batch in (10, 100)
    ]


def cold_start() -> list[Row]:
    """What a new function instance imports, against importing boto3 alone, each in a process of its own."""

    def importing(module: str, folder: Path) -> float:
        command = [sys.executable, "-c", f"import {module}"]
        environment = {"PYTHONPATH": f"{LAYER}:{folder}", "POWERTOOLS_SERVICE_NAME": "bench"}
        return _seconds(lambda: subprocess.run(command, env=environment, check=True))

    baseline = importing("boto3", ROOT)
    return [
        Row(f"import {name}", taken * 1000, "ms", taken / baseline, "import boto3")
        for name in ("process_notifications", "reconcile_subscriptions")
        for taken in [importing("handler", ROOT / "lambdas" / name)]
    ]
