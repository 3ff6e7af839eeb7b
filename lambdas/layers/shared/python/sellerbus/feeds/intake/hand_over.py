"""A feed as it was handed over, and the record that each object of the inbox is handed over once.

    pk                      sk      row
    handed-over/<32 hex>    taken   what an object's version was handed over as: handOver (JSON), expiresAt
    same                    asked   the same, of an event that asks for it after it was refused

The record is written before the task. Its side file may be replaced, or come late, and the message may come
again: what was first understood of the object stays, so that no version of it can become two tasks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from sellerbus.aws.task_table import Key, RefusedError, TaskTable, Write
from sellerbus.feeds.feed_events import told
from sellerbus.feeds.intake.inbox import derived_task_id, fingerprint
from sellerbus.feeds.intake.request import request_hash
from sellerbus.feeds.task import FeedTask, Source, iso

KEPT_DAYS: Final = 60
"""Longer than a message can come again: the queue's retention, the dead-letter queue's, and a redrive."""


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """What is asked for, read and put together, but not yet checked.

    asked_task_id: the caller's, None where there is none. own_task_id: made of the hand-over itself.
    content_type: "" where only the check can tell the feed type's own. handed_over_ms: ms since 1970.
    side_version: the version of the side file it was read from. refusal: why it can't be taken. notes:
    what its sender may want to know.
    """

    seller_id: str
    feed_type: str
    own_task_id: str
    handed_over_ms: int
    bucket: str
    key: str = ""
    version_id: str = ""
    marketplace_ids: tuple[str, ...] = ()
    content_type: str = ""
    feed_options: Mapping[str, str] | None = None
    asked_task_id: str | None = None
    origin: str = "inbox"
    resubmission_of: str | None = None
    side_version: str | None = None
    refusal: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        return Source(self.bucket, self.key, self.version_id)

    @property
    def request_hash(self) -> str:
        return request_hash(
            self.seller_id, self.feed_type, self.marketplace_ids, self.content_type, self.feed_options
        )

    @property
    def refused_task_id(self) -> str:
        """The id under which it is kept where the one that it asks for can't be its own."""
        return derived_task_id("refused", self.own_task_id)

    def task(self, task_id: str, *, now: float, execution_arn: str, refusal: str | None = None) -> FeedTask:
        """Return the row of a task that has just been received.

        refusal: a reason beside the hand-over's own; the check ends a task that has one as refused.
        """
        why = refusal or self.refusal
        return FeedTask(
            task_id=task_id,
            seller_id=self.seller_id,
            feed_type=self.feed_type,
            marketplace_ids=self.marketplace_ids,
            content_type=self.content_type,
            source=self.source,
            origin=self.origin,
            request_hash=self.request_hash,
            handed_over_at=iso(self.handed_over_ms / 1000),
            created_at=iso(now),
            updated_at=iso(now),
            feed_options=self.feed_options or None,
            resubmission_of=self.resubmission_of,
            asked_task_id=self.asked_task_id if self.asked_task_id != task_id else None,
            reason=told(why) if why else None,
            notes=self.notes,
            execution_arn=execution_arn,
        )


class HandOvers:
    """now: seconds since 1970. Raises StoreUnavailableError where DynamoDB does not do it now."""

    def __init__(self, table: TaskTable, *, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def find(self, source: Source) -> HandOver | None:
        """Return what the version of an object was handed over as; None where it was not yet."""
        item = self._table.get(_key(source))
        return _hand_over(item) if item else None

    def keep(self, hand_over: HandOver, *, after_refusal: bool = False) -> HandOver:
        """Keep it as what its object's version is handed over as; return what was kept first.

        after_refusal: beside the first, which was refused.
        """
        key = _key(hand_over.source, "asked" if after_refusal else "taken")
        row = {
            "handOver": json.dumps(asdict(hand_over)),
            "expiresAt": round(self._now()) + KEPT_DAYS * 86_400,
        }
        try:
            self._table.write(Write.put(key, row, condition="attribute_not_exists(pk)"))
        except RefusedError as refused:
            return _hand_over(refused.items[key])
        return hand_over


def _key(source: Source, place: str = "taken") -> Key:
    return (f"handed-over/{fingerprint(source.bucket, source.key, source.version_id)}", place)


def _hand_over(item: Mapping[str, Any]) -> HandOver:
    found = json.loads(item["handOver"])
    lists = {name: tuple(found.get(name, ())) for name in ("marketplace_ids", "notes")}
    return HandOver(**{**found, **lists})
