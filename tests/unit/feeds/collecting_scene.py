"""A feed that has ended at Amazon, and all that collecting its report works on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sellerbus.documents.limits import Limits
from sellerbus.documents.transfer import DocumentTransfer
from sellerbus.feeds.collecting import Collected, FeedCollector
from sellerbus.feeds.fetching import ReportFetcher
from sellerbus.feeds.keeping import ReportKeeper
from tests.unit.documents.fake_s3 import FakeS3
from tests.unit.documents.wire import Answer, Storage, answering
from tests.unit.feeds.following_scene import DOCUMENT, Scene
from tests.unit.feeds.reports import listings

PART = 1000
BUCKET = "results"
REPORT = (BUCKET, "tasks/t1/report")
RESULTS = (BUCKET, "tasks/t1/results.jsonl")
JSON = {"Content-Type": "application/json; charset=UTF-8"}
BAD = [
    {"messageId": 3, "sku": "SKU-3", "code": "90220", "severity": "ERROR", "message": "missing"},
    {"messageId": 5, "sku": "SKU-5", "code": "90220", "severity": "ERROR", "message": "missing"},
]
WITH_ERRORS = listings(BAD, errors=2, messagesProcessed=9, messagesAccepted=7, messagesInvalid=2)
CLEAN = listings([], messagesProcessed=9, messagesAccepted=9)


class CollectingScene(Scene):
    """status and document: as the notification told them; status None: nobody told an end yet."""

    def __init__(
        self,
        *answers: Answer,
        status: str | None = "DONE",
        document: str | None = DOCUMENT,
        limits: Limits | None = None,
        remaining: Callable[[], float] = lambda: 800.0,
        **changes: Any,
    ) -> None:
        super().__init__(**changes)
        self.s3 = FakeS3(least_part_bytes=PART)
        self.storage: Storage = answering(*(answers or (Answer(body=CLEAN, headers=JSON),)))
        self.limits = limits or Limits()
        self.remaining = remaining
        if status is not None:
            self.store.note_processed(self.first.seller_id, str(self.first.feed_id), status, document)

    def collector(self) -> FeedCollector:
        keeper = ReportKeeper(
            transfer=DocumentTransfer(
                s3=self.s3.client, storage=self.storage.presigned(), limits=self.limits
            ),
            s3=self.s3.client,
            bucket=BUCKET,
            remaining_seconds=self.remaining,
            part_bytes=PART,
        )
        return FeedCollector(
            store=self.store,
            events=self.events,
            fetcher=ReportFetcher(store=self.store, feeds=self.amazon.of, keeper=keeper),
            result_bucket=BUCKET,
            now=self.clock,
        )

    def collect(self) -> Collected:
        return self.collector().collect("t1")

    def collect_to_the_end(self, most: int = 200) -> list[int]:
        """Collect as the state machine does; return the waits it was told."""
        waits: list[int] = []
        for _ in range(most):
            answer = self.collect().answer
            if answer["next"] != "wait":
                return waits
            waits.append(answer["waitSeconds"])
            self.clock.now += answer["waitSeconds"]
        raise AssertionError("it goes on and on")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.s3.objects[RESULTS].decode().splitlines()]
