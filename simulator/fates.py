"""What shall become of feeds to come: how long they take, and what shall go wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum


class Status(Enum):
    """`processingStatus` of the models."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    FATAL = "FATAL"
    CANCELLED = "CANCELLED"

    @property
    def is_end(self) -> bool:
        return self in ENDS


ENDS = (Status.DONE, Status.FATAL, Status.CANCELLED)


@dataclass(frozen=True)
class Delays:
    """How long a feed waits in the queue, and how long it is processed."""

    queue_seconds: float = 0.5
    processing_seconds: float = 0.5

    def __post_init__(self) -> None:
        if self.queue_seconds < 0 or self.processing_seconds < 0:
            raise ValueError("queueSeconds and processingSeconds must not be negative")


@dataclass(frozen=True)
class Fate:
    """What shall become of one feed; what is None is left to Amazon.

    `status` is how it ends; CANCELLED from the queue, the others when it was processed. `document` is whether
    there is a report: without a word DONE has one, FATAL by will of a fate and CANCELLED have none. `report`
    is written in place of the real one, with `report_content_type`. `stuck_at` is where it stays until
    somebody releases or ends it. `notifications` is how many copies come, each after
    `notification_delay_seconds`; `early` has the feed processed and its notification sent before createFeed
    answers, and with `answer_lost` createFeed makes it and never answers. getFeeds lists it only after
    `listed_after_seconds`.
    """

    feed_type: str | None = None
    seller_id: str | None = None
    status: Status | None = None
    document: bool | None = None
    report: str | None = None
    report_content_type: str | None = None
    gzip: bool | None = None
    stuck_at: Status | None = None
    notifications: int = 1
    notification_delay_seconds: float = 0.0
    early: bool = False
    answer_lost: bool = False
    listed_after_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.status is not None and not self.status.is_end:
            raise ValueError("status must be DONE, FATAL or CANCELLED; stuckAt keeps a feed from its end")
        if self.stuck_at is not None and self.stuck_at.is_end:
            raise ValueError("stuckAt must be IN_QUEUE or IN_PROGRESS")
        if self.early and self.stuck_at is not None:
            raise ValueError("a feed that is early cannot be stuck: give early or stuckAt")
        if self.report is not None and self.document is False:
            raise ValueError("a report is a document: give report, or document: false")
        if self.notifications < 0:
            raise ValueError("notifications must not be negative")
        if self.notification_delay_seconds < 0 or self.listed_after_seconds < 0:
            raise ValueError("notificationDelaySeconds and listedAfterSeconds must not be negative")

    def befalls(self, feed_type: str, seller_id: str) -> bool:
        return self.feed_type in (None, feed_type) and self.seller_id in (None, seller_id)

    def released(self) -> Fate:
        return replace(self, stuck_at=None)

    def told(self) -> dict[str, object]:
        """What it wills, and for whom, by the control API's names; not what is left to Amazon."""
        willed = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                first, *others = field.name.split("_")
                name = first + "".join(other.capitalize() for other in others)
                willed[name] = value.value if isinstance(value, Status) else value
        return willed


USUAL = Fate()


class Fates:
    """Fates in waiting; the first that fits befalls the next feed."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fate, int | None]] = []
        self._delays: dict[str | None, Delays] = {}

    def add(self, fate: Fate, count: int | None = 1) -> None:
        """For the next `count` feeds that it fits, or with None for all from now on."""
        if count is not None and count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        self._waiting.append((fate, count))

    def take(self, feed_type: str, seller_id: str) -> Fate:
        for place, (fate, count) in enumerate(self._waiting):
            if fate.befalls(feed_type, seller_id):
                if count == 1:
                    del self._waiting[place]
                elif count is not None:
                    self._waiting[place] = (fate, count - 1)
                return fate
        return USUAL

    @property
    def waiting(self) -> tuple[tuple[Fate, int | None], ...]:
        """Those that are there, each with how many feeds it is still for; None: for all."""
        return tuple(self._waiting)

    def clear(self) -> None:
        self._waiting.clear()

    def delay(self, delays: Delays, feed_type: str | None = None) -> None:
        """For feeds of a type, or with None of all types that have none of their own, from now on."""
        self._delays[feed_type] = delays

    def delays(self, feed_type: str) -> Delays:
        known: Mapping[str | None, Delays] = self._delays
        return known.get(feed_type) or known.get(None) or Delays()
