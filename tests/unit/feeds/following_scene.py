"""A task whose feed is at Amazon, and all that following it works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sellerbus.api.feeds import Feed, FeedDocument
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.aws.task_tokens import TaskTokens
from sellerbus.feeds.following import FeedFollower
from sellerbus.feeds.processed import Finished, ProcessedFeeds
from sellerbus.feeds.task import FeedTask, TaskState, iso
from sellerbus.feeds.task_store import feed_key, turn_key
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.unit.feeds.tasks import NOW, SELLER, TYPE, Clock, store_on, task

FEED = "53347018456"
DOCUMENT = "amzn1.tortuga.3.report"
URL = "https://tortuga-prod-na.s3.amazonaws.com/report?X-Amz-Signature=5ec2e7"
SECRET = "5ec2e7"


class FakeStepFunctions:
    """Knows the tokens that are waited for, and what they were answered with."""

    def __init__(self, *waiting: str) -> None:
        self.waiting = set(waiting)
        self.answered: list[tuple[str, str]] = []
        self.error: Exception | None = None

    @property
    def client(self) -> Any:
        return self

    def send_task_success(self, *, taskToken: str, output: str) -> Mapping[str, Any]:
        if self.error is not None:
            raise self.error
        if taskToken not in self.waiting:
            raise client_error("SendTaskSuccess", "TaskTimedOut")
        self.waiting.discard(taskToken)
        self.answered.append((taskToken, output))
        return {}


class FakeEvents:
    """The bus. before: called with the events before they are taken; what it raises is raised."""

    def __init__(self) -> None:
        self.published: list[OperationalEvent] = []
        self.before: Callable[[Sequence[OperationalEvent]], None] = lambda events: None

    def publish(self, events: Sequence[OperationalEvent]) -> None:
        self.before(events)
        self.published += events

    @property
    def names(self) -> list[str]:
        return [event.detail_type for event in self.published]


class FakeFeeds:
    """Amazon: getFeed and getFeedDocument by script, the last answer again and again."""

    def __init__(self) -> None:
        self.feeds: list[str | Feed | Exception] = ["IN_PROGRESS"]
        self.documents: list[FeedDocument | Exception] = [FeedDocument(DOCUMENT, URL)]
        self.calls: list[str] = []
        self.refusal: Exception | None = None

    def of(self, task: FeedTask) -> FakeFeeds:
        if self.refusal is not None:
            raise self.refusal
        assert task.api_version == "2021-06-30"
        return self

    def feed(self, feed_id: str) -> Feed:
        self.calls.append("getFeed")
        assert feed_id == FEED
        answer = self.feeds.pop(0) if len(self.feeds) > 1 else self.feeds[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Feed) else shown(answer)

    def document(self, document_id: str) -> FeedDocument:
        self.calls.append("getFeedDocument")
        assert document_id == DOCUMENT
        answer = self.documents.pop(0) if len(self.documents) > 1 else self.documents[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def shown(status: str, document: str | None = None) -> Feed:
    """A feed as getFeed shows it."""
    return Feed(FEED, TYPE, status, iso(NOW), result_feed_document_id=document)


def notice(status: str = "DONE", document: str | None = DOCUMENT, feed_id: str = FEED) -> Finished:
    """What a notification says."""
    return Finished(SELLER, feed_id, status, document)


class Scene:
    """A task that is PROCESSING, submitted now; it holds its lane, and the feed is bound to it."""

    def __init__(self, *, bound: bool = True, **changes: Any) -> None:
        self.table = FakeTable()
        self.clock = Clock()
        self.store = store_on(self.table, self.clock)
        self.functions = FakeStepFunctions("token-1")
        self.tokens = TaskTokens(self.functions.client)
        self.events = FakeEvents()
        self.amazon = FakeFeeds()
        self.first = processing(**changes)
        self.store.create(self.first)
        if bound:
            self.store.bind(SELLER, FEED, self.first.task_id)
        self.table.rows[turn_key(self.first)] = {
            "pk": {"S": turn_key(self.first)[0]},
            "sk": {"S": "turn"},
            "holder": {"S": self.first.task_id},
            "heldSince": {"S": iso(NOW)},
        }

    @property
    def task(self) -> FeedTask:
        return self.store.get(self.first.task_id)

    @property
    def holds_its_lane(self) -> bool:
        return "holder" in self.table.rows[turn_key(self.first)]

    @property
    def known_end(self) -> str | None:
        row = self.table.rows.get(feed_key(SELLER, FEED), {})
        return row["processingStatus"]["S"] if "processingStatus" in row else None

    def follower(self) -> FeedFollower:
        return FeedFollower(
            store=self.store,
            tokens=self.tokens,
            events=self.events,
            feeds=self.amazon.of,
            silence_seconds=60,
            now=self.clock,
        )

    def processed(self) -> ProcessedFeeds:
        return ProcessedFeeds(store=self.store, tokens=self.tokens)


def processing(**changes: Any) -> FeedTask:
    """A task whose feed is at Amazon since now."""
    values: dict[str, Any] = {
        "state": TaskState.PROCESSING,
        "region": "na",
        "api_version": "2021-06-30",
        "silence_seconds": 900,
        "feed_id": FEED,
        "submitted_at": iso(NOW),
    }
    return task(**{**values, **changes})
