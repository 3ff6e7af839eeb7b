"""Tells each listing change of a feed what became of it, once the feed's task has ended.

Part by part: what the report says of a part's messages is read, the part's events are published, its rows are
written, and then that so many were told. Killed in between, a part is told again, with the same eventIds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.documents.objects import ObjectLocation, S3Client, reading
from sellerbus.feeds.changes import events as changes_events
from sellerbus.feeds.changes.change import Group
from sellerbus.feeds.changes.document import Entry
from sellerbus.feeds.changes.inbox import ChangesInbox
from sellerbus.feeds.changes.results import Issues, doubt_of, issues_of, result_of
from sellerbus.feeds.changes.rows import ChangeRows, Result
from sellerbus.feeds.task import FeedTask
from sellerbus.feeds.task_store import TaskStore

PART: Final = 2000
"""Changes that are told in one go; of no more than these are the issues held in memory."""
PART_SECONDS: Final = 60.0
"""What is left of the function's time when a part is begun."""


class Events(Protocol):
    """aws.event_publisher.OperationalEvents."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


class NotEndedError(Exception):
    """The task has not ended, so that nothing can be told of its changes."""


@dataclass(frozen=True)
class Told:
    """What a step came to. answer: for the state machine. counted: metrics. told: so many of `changes`."""

    task: FeedTask
    answer: Mapping[str, Any]
    counted: Mapping[str, int]
    told: int
    changes: int


class ChangesReporter:
    """remaining_seconds: of the function's time."""

    def __init__(
        self,
        *,
        store: TaskStore,
        rows: ChangeRows,
        inbox: ChangesInbox,
        s3: S3Client,
        events: Events,
        remaining_seconds: Callable[[], float],
        part: int = PART,
    ) -> None:
        self._store = store
        self._rows = rows
        self._inbox = inbox
        self._s3 = s3
        self._events = events
        self._remaining_seconds = remaining_seconds
        self._part = part

    def report(self, task_id: str) -> Told:
        """Tell as many as there is time for.

        Raises UnknownTaskError, NotEndedError, StoreUnavailableError (also where the manifest is gone), and
        DocumentError where the results can't be read.
        """
        task = self._store.get(task_id)
        if not task.is_ended:
            raise NotEndedError(f"task {task_id} is {task.state}: its changes are told when it has ended")
        entries = self._inbox.manifest(task_id)
        told = self._rows.reported(task_id)
        counted: Counter[str] = Counter()
        begun = False
        doubt: str | None = None
        if told < len(entries):
            # Nothing of a report is told before all of it was looked at.
            doubt = doubt_of(task, self._rows_of(task), {each.sku: each.message_id for each in entries})
        while told < len(entries):
            if begun and self._remaining_seconds() < PART_SECONDS:
                return Told(task, {"next": "again"}, counted, told, len(entries))
            begun = True
            part = entries[told : told + self._part]
            counted.update(self._tell(task, part, doubt))
            told += len(part)
            self._rows.set_reported(task_id, told)
        return Told(task, {"next": "ended"}, counted, told, len(entries))

    def _tell(self, task: FeedTask, part: Sequence[Entry], doubt: str | None) -> Mapping[str, int]:
        ids = range(part[0].message_id, part[-1].message_id + 1)
        found = issues_of(self._rows_of(task), ids, {each.sku: each.message_id for each in part})
        group = Group(task.seller_id, task.marketplace_ids[0])
        results = [result_of(task, found.get(entry.message_id) or Issues(), doubt) for entry in part]
        pairs = list(zip(part, results, strict=True))
        self._events.publish([changes_events.ended(group, entry, task, result) for entry, result in pairs])
        self._rows.end(
            task.seller_id,
            task.task_id,
            [
                Result(entry.change_id, result.state, changes_events.details(entry, task, result))
                for entry, result in pairs
            ],
        )
        return changes_events.counts(results)

    def _rows_of(self, task: FeedTask) -> Iterator[Mapping[str, Any]]:
        if not task.results or not task.results.get("messages", 1):
            return
        location = ObjectLocation(task.results["bucket"], task.results["key"])
        with reading(self._s3, location) as content:
            for line in _lines(content.chunks):
                yield json.loads(line)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest
