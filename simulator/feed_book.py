"""Feeds and feed documents, as Amazon keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.blob import Blob
from simulator.document_content import Encryption, plain
from simulator.fates import USUAL, Fate, Fates, Status

URL_SECONDS = 300
FEEDS_KEPT_SECONDS = 90 * 24 * 3600
# "Feed type values": feed result documents are retained for 28 days.
REPORTS_KEPT_SECONDS = 28 * 24 * 3600
FIRST_FEED_NUMBER = 53_347_000_001


@dataclass
class Document:
    """A feed or a report. `content` is what lies in the storage, so encrypted where there is `encryption`."""

    document_id: str
    client_id: str
    seller_id: str
    region: str
    version: str
    content_type: str
    created_at: float
    encryption: Encryption | None = None
    content: Blob | None = None
    gzip: bool = False
    is_report: bool = False

    @property
    def path(self) -> str:
        """In the storage. Amazon's paths have an encoded slash too."""
        return f"/%2FNinetyDays/{self.document_id}"

    def plain(self) -> Iterator[bytes]:
        """Its content as the seller wrote it; raises ContentError."""
        return plain(self.content.chunks() if self.content else (), self.encryption)


@dataclass
class Feed:
    """One feed. `content_sha256` is of what the seller wrote, None where that cannot be read."""

    feed_id: str
    sequence: int
    client_id: str
    seller_id: str
    region: str
    version: str
    feed_type: str
    marketplace_ids: tuple[str, ...]
    input_document_id: str
    options: dict[str, str]
    created_at: float
    fate: Fate = USUAL
    content_sha256: str | None = None
    status: Status = Status.IN_QUEUE
    stuck: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    report_document_id: str | None = None
    notifications: int = 0
    notification_errors: list[str] = field(default_factory=list)

    @property
    def listed_at(self) -> float:
        return self.created_at + self.fate.listed_after_seconds

    def as_json(self) -> dict[str, object]:
        """`Feed` of the models."""
        body: dict[str, object] = {
            "feedId": self.feed_id,
            "feedType": self.feed_type,
            "marketplaceIds": list(self.marketplace_ids),
            "createdTime": _time(self.created_at),
            "processingStatus": self.status.value,
        }
        if self.started_at is not None:
            body["processingStartTime"] = _time(self.started_at)
        if self.ended_at is not None:
            body["processingEndTime"] = _time(self.ended_at)
        if self.report_document_id is not None:
            body["resultFeedDocumentId"] = self.report_document_id
        return body


class FeedBook:
    """All feeds and documents, and what shall become of those to come."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.feeds: dict[tuple[str, str, str], Feed] = {}
        self.fates = Fates()
        self.url_seconds = URL_SECONDS
        self._sequence = 0
        self._numbers: Counter[tuple[str, str]] = Counter()

    def add_feed(self, **known: Any) -> Feed:
        """A feedId is unique only together with the seller: every seller's first feed has the same."""
        self._sequence += 1
        seller = (known["region"], known["seller_id"])
        number = FIRST_FEED_NUMBER + self._numbers[seller]
        self._numbers[seller] += 1
        feed = Feed(feed_id=str(number), sequence=self._sequence, **known)
        self.feeds[(feed.region, feed.seller_id, feed.feed_id)] = feed
        return feed

    def holds(self, feed: Feed) -> bool:
        return self.feeds.get((feed.region, feed.seller_id, feed.feed_id)) is feed

    def named(self, feed_id: str, seller_id: str | None, region: str | None) -> list[Feed]:
        return [
            feed
            for feed in self.feeds.values()
            if feed.feed_id == feed_id
            and seller_id in (None, feed.seller_id)
            and region in (None, feed.region)
        ]

    def document_at(self, path: str) -> Document | None:
        held = self.documents.get(path.rsplit("/", 1)[-1])
        return held if held and held.path == path else None

    def _encrypted(self, feed: Feed) -> int:
        """How many of the feed's two documents lie encrypted."""
        held = (self.documents.get(name or "") for name in (feed.input_document_id, feed.report_document_id))
        return sum(document is not None and document.encryption is not None for document in held)

    def overview(self, feeds: Iterable[Feed]) -> list[dict[str, object]]:
        """For the control API. `submissions` is how many feeds of the seller and type have its content."""
        submissions = Counter(_content_key(feed) for feed in self.feeds.values())
        return [
            {
                **feed.as_json(),
                "sellerId": feed.seller_id,
                "region": feed.region,
                "clientId": feed.client_id,
                "apiVersion": feed.version,
                "inputFeedDocumentId": feed.input_document_id,
                "feedOptions": feed.options,
                "stuck": feed.stuck,
                "contentSha256": feed.content_sha256,
                "submissions": submissions[_content_key(feed)],
                "encryptedDocuments": self._encrypted(feed),
                "notifications": feed.notifications,
                "notificationErrors": feed.notification_errors,
            }
            for feed in feeds
        ]


def _content_key(feed: Feed) -> tuple[str, str, str, str | None]:
    return feed.region, feed.seller_id, feed.feed_type, feed.content_sha256


def _time(seconds: float) -> str:
    """As Feeds answers write it: UTC in whole seconds, `+00:00`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
