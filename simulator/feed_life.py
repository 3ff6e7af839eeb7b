"""The life of a feed, from the queue to its end, its report and its notification.

A feed whose form or content cannot be processed ends FATAL, with a report where there is one to write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from simulator.blob import blob_of
from simulator.deliveries import Sleep
from simulator.document_content import Encryption, compress
from simulator.fates import Delays, Status
from simulator.feed_book import Document, Feed
from simulator.feed_processing import Processed, Report, process
from simulator.operations import ENCRYPTED_FEEDS_VERSION
from simulator.publish_request import PublishRequest
from simulator.publisher import Publisher, PublishError
from simulator.world import World

FEED_PROCESSING_FINISHED = "FEED_PROCESSING_FINISHED"
_AT_ONCE = Delays(0.0, 0.0)


class FeedLife:
    def __init__(self, world: World, publisher: Publisher, sleep: Sleep) -> None:
        self._world = world
        self._publisher = publisher
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()

    def make_document(
        self, *, client_id: str, seller_id: str, region: str, version: str, content_type: str
    ) -> Document:
        """A new document without content; encrypted where its version is."""
        mint = self._world.mint
        encryption = Encryption(mint.secret(32), mint.secret(16))
        document = Document(
            document_id=mint.feed_document_id(region),
            client_id=client_id,
            seller_id=seller_id,
            region=region,
            version=version,
            content_type=content_type,
            created_at=self._world.clock(),
            encryption=encryption if version == ENCRYPTED_FEEDS_VERSION else None,
        )
        self._world.feeds.documents[document.document_id] = document
        return document

    def begin(self, feed: Feed) -> None:
        """Starts, or goes on with, a feed's life, and returns at once."""
        self._soon(self._live(feed, self._world.feeds.fates.delays(feed.feed_type)))

    async def hurry(self, feed: Feed) -> None:
        """The whole life without delays; returns when the notification is sent."""
        await self._live(feed, _AT_ONCE)

    def release(self, feed: Feed) -> None:
        """Lets a feed go on that is stuck."""
        feed.fate = feed.fate.released()
        feed.stuck = False
        self.begin(feed)

    def end_soon(self, feed: Feed, status: Status) -> None:
        """Ends a feed at once, without a report; its notification follows."""
        self._end(feed, status, None)
        self._soon(self.notify(feed, feed.fate.notifications))

    async def end(self, feed: Feed, status: Status, *, document: bool) -> None:
        """Ends a feed at once, with the report that its content deserves where it shall have one."""
        processed = await asyncio.to_thread(self._processed, feed) if document else None
        if not feed.status.is_end:
            self._end(feed, status, processed.report if processed else None)
            await self.notify(feed, feed.fate.notifications)

    async def notify(self, feed: Feed, copies: int) -> None:
        """Publishes a feed's end to the subscriptions of its seller.

        Where AWS refuses, the feed keeps why. Nothing is sent where nobody has subscribed.
        """
        subscribed = self._world.subscriptions_of(
            feed.seller_id, FEED_PROCESSING_FINISHED, region=feed.region
        )
        versions = sorted({held.payload_version for held in subscribed})
        if not versions or not copies or not self._publisher.sends:
            return
        asked = [
            PublishRequest(
                notification=self._notification(feed, version),
                seller_id=feed.seller_id,
                region=feed.region,
                copies=copies,
                delay_seconds=feed.fate.notification_delay_seconds,
            )
            for version in versions
        ]
        try:
            for outcome in await self._publisher.publish(asked):
                feed.notifications += outcome.sent
        except PublishError as error:
            feed.notification_errors.append(str(error))

    def _soon(self, life: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(life)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, feed: Feed, delays: Delays) -> None:
        if feed.status is Status.IN_QUEUE:
            await self._wait(delays.queue_seconds)
            if not self._goes_on(feed, Status.IN_QUEUE):
                return
            if feed.fate.status is Status.CANCELLED:
                self._end(feed, Status.CANCELLED, None)
                await self.notify(feed, feed.fate.notifications)
                return
            feed.status, feed.started_at = Status.IN_PROGRESS, self._world.clock()
        await self._wait(delays.processing_seconds)
        if not self._goes_on(feed, Status.IN_PROGRESS):
            return
        processed = await asyncio.to_thread(self._processed, feed)
        if self._goes_on(feed, Status.IN_PROGRESS):
            self._end(feed, feed.fate.status or processed.status, _report(feed, processed))
            await self.notify(feed, feed.fate.notifications)

    async def _wait(self, seconds: float) -> None:
        if seconds:
            await self._sleep(seconds)

    def _goes_on(self, feed: Feed, status: Status) -> bool:
        """Whether a feed is still there and as it was, and not stuck from now on."""
        if not self._world.feeds.holds(feed) or feed.status is not status:
            return False
        feed.stuck = feed.fate.stuck_at is status
        return not feed.stuck

    def _processed(self, feed: Feed) -> Processed:
        return process(feed, self._world.feeds.documents[feed.input_document_id])

    def _end(self, feed: Feed, status: Status, report: Report | None) -> None:
        feed.status, feed.stuck, feed.ended_at = status, False, self._world.clock()
        if report is not None:
            feed.report_document_id = self._store(feed, report).document_id

    def _store(self, feed: Feed, report: Report) -> Document:
        document = self.make_document(
            client_id=feed.client_id,
            seller_id=feed.seller_id,
            region=feed.region,
            version=feed.version,
            content_type=report.content_type,
        )
        document.is_report, document.gzip = True, report.gzip
        content = [compress(report.body) if report.gzip else report.body]
        document.content = blob_of(document.encryption.encrypt(content) if document.encryption else content)
        return document

    def _notification(self, feed: Feed, payload_version: str) -> dict[str, object]:
        """As Amazon's schema FeedProcessingFinishedNotification has it."""
        finished: dict[str, object] = {
            "sellerId": feed.seller_id,
            "accountId": f"amzn1.merchant.o.{feed.seller_id}",
            "feedId": feed.feed_id,
            "feedType": feed.feed_type,
            "processingStatus": feed.status.value,
        }
        if feed.report_document_id is not None:
            finished["resultFeedDocumentId"] = feed.report_document_id
        return {
            "notificationVersion": "2020-09-04",
            "notificationType": FEED_PROCESSING_FINISHED,
            "payloadVersion": payload_version,
            "eventTime": self._world.mint.timestamp(),
            "payload": {"feedProcessingFinishedNotification": finished},
        }


def _report(feed: Feed, processed: Processed) -> Report | None:
    """The report that a feed gets: that of its fate, that of its content, or none."""
    fate = feed.fate
    wanted = fate.document
    if wanted is None:
        wanted = fate.report is not None or fate.status is not Status.FATAL
    return processed.report if wanted else None
