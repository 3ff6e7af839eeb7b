"""What a replay is of: the archived events that are chosen, counted first and sent afterwards."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ops import console, notification_events
from ops.dead_letter_moving import Pace, steady
from ops.notification_events import Wanted
from ops.notification_replaying import Bus, Progress, Queue, Target, replayed, send_all
from ops.stage import NOTIFICATIONS, Cell
from sellerbus.notifications.archive import Archive, ArchivedEvent

QUEUE_URL: Final = re.compile(
    r"https?://(?:sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com|[^/]+)/\d{12}/[\w.-]+"
)
_SAMPLES: Final = 2


@dataclass
class Counted:
    """What a replay would send. samples: the first and the last of each type."""

    total: int = 0
    types: Counter[str] = field(default_factory=Counter)
    sellers: set[str] = field(default_factory=set)
    samples: dict[str, list[ArchivedEvent]] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    def add(self, event: ArchivedEvent) -> None:
        self.total += 1
        self.types[event.notification_type] += 1
        self.sellers |= {event.seller_id} if event.seller_id else set()
        of_type = self.samples.setdefault(event.notification_type, [])
        self.samples[event.notification_type] = [*of_type[: _SAMPLES - 1], event]


@dataclass(frozen=True)
class Replay:
    """One replay; counted and sent from the same archive, in the same order."""

    places: list[tuple[Cell, Archive]]
    wanted: Wanted
    since: datetime
    until: datetime
    replay_id: str
    to: str | None
    at: str

    def events(self, counted: Counted) -> Iterator[tuple[Cell, ArchivedEvent]]:
        for cell, archive in self.places:
            found = notification_events.events(
                archive, self.since, self.until, damaged=counted.damaged.append
            )
            yield from ((cell, event) for event in found if self.wanted.takes(event))

    def count(self) -> Counted:
        counted = Counted()
        with console.progress(1, "Reading the archive") as bar:
            for _, event in self.events(counted):
                counted.add(event)
                if counted.total % 100 == 0:
                    bar.describe(f"Reading the archive: {counted.total:,} events so far")
        return counted

    def send(self, progress: Progress, total: int, per_second: float) -> None:
        """Send what progress.passed has not passed yet. Raises AWS_ERRORS."""
        targets = {cell.region: self._target(cell) for cell, _ in self.places}
        tick = steady(per_second, now=time.monotonic, wait=console.wait)
        rest = itertools.islice(self.events(Counted()), progress.passed, None)
        with console.progress(total, "Sending") as bar:
            bar.reached(progress.passed)
            for region, events in itertools.groupby(rest, key=lambda one: one[0].region):
                send_all(
                    (replayed(event, self.replay_id, self.at) for _, event in events),
                    targets[region],
                    progress,
                    pace=lambda count: _ticks(tick, count),
                    wait=console.wait,
                    told=lambda: bar.reached(progress.passed),
                )

    def _target(self, cell: Cell) -> Target:
        if self.to is None:
            return Bus(cell.client("events"), cell.output("EventBusName", NOTIFICATIONS))
        found = QUEUE_URL.fullmatch(self.to)
        aws_region = (found and found["region"]) or cell.settings.aws_region
        account = self.to.split("/")[-2]
        client = cell.clients("sqs", aws_region)
        return Queue(client, self.to, account=account, aws_region=aws_region, at=self.at)


def _ticks(tick: Pace, count: int) -> None:
    for _ in range(count):
        tick()
