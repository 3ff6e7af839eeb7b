"""A deployment in which feeds have got to where a test wants them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from boto3.dynamodb.types import TypeSerializer
from rich.console import Console

from local.commands import CommandError, Finished
from local.deployment import Deployment, SecondDeploy
from local.feed_scenes import Scenes
from local.outcome import FeedCounts, Outcome
from local.screen import Screen

VERSION = "2021-06-30"


def event_message(kind: str, number: int, source: str = "sellerbus.feeds", **detail: Any) -> dict[str, Any]:
    event = {"source": source, "detail-type": kind, "detail": {"eventId": f"event-{number}", **detail}}
    return {"MessageId": str(number), "ReceiptHandle": str(number), "Body": json.dumps(event)}


@dataclass
class FakeAws:
    """The clients in one: what lies in the task table and in the consumer's queue, and what was sent."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    queue: list[dict[str, Any]] = field(default_factory=list)
    put: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    refuses: bool = False

    def get_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:
        row = self.rows.get(Key["pk"]["S"].removeprefix("feed-task/"))
        write = TypeSerializer().serialize
        return {} if row is None else {"Item": {name: write(value) for name, value in row.items()}}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        ((table, asked),) = RequestItems.items()
        assert len(asked["Keys"]) <= 100
        found = [(key, self.get_item(Key=key).get("Item")) for key in asked["Keys"]]
        return {"Responses": {table: [{**item, **key} for key, item in found if item]}}

    def put_object(self, **put: Any) -> None:
        self.put.append(put)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert len(Entries) <= 10
        self.events += Entries
        return {"FailedEntryCount": int(self.refuses), "Entries": [{"ErrorCode": "Throttled"}]}

    def send_message_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
        assert len(Entries) <= 10
        self.messages += [json.loads(entry["MessageBody"]) for entry in Entries]
        return {"Failed": [{"Id": "0"}]} if self.refuses else {}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        given, self.queue[:] = self.queue[:10], self.queue[10:]
        return {"Messages": given}

    def delete_message_batch(self, **_: Any) -> None:
        return


@dataclass
class FakeSimulator:
    """What Amazon has: feeds and the journal; `fates` are what was asked for."""

    held: list[dict[str, Any]] = field(default_factory=list)
    journal: list[dict[str, Any]] = field(default_factory=list)
    fates: list[dict[str, Any]] = field(default_factory=list)

    def feeds(self, seller_id: str, feed_type: str | None = None) -> list[dict[str, Any]]:
        return [
            feed
            for feed in self.held
            if feed["sellerId"] == seller_id and feed_type in (None, feed["feedType"])
        ]

    def requests(self, operation: str, *, seller_id: str) -> list[dict[str, Any]]:
        return [
            entry
            for entry in self.journal
            if (entry["operation"], entry["sellerId"]) == (operation, seller_id)
        ]

    def decide_fate(self, **fate: Any) -> None:
        self.fates.append(fate)

    def state(self) -> dict[str, Any]:
        return {"feeds": self.held}

    def has_feed(self, seller_id: str, feed_type: str, **more: Any) -> None:
        feed = {
            "sellerId": seller_id,
            "feedType": feed_type,
            "feedId": f"feed{len(self.held) + 1}",
            "apiVersion": VERSION,
            "feedOptions": {},
            "notifications": 1,
            "encryptedDocuments": 0,
        }
        self.held.append({**feed, **more})

    def was_called(self, operation: str, seller_id: str, **more: Any) -> None:
        entry = {"operation": f"feeds/{VERSION}/{operation}", "sellerId": seller_id, "cut": None}
        self.journal.append({**entry, "path": "/feeds/feed1", **more})


@dataclass
class FakeCommands:
    """`sellerbus`, which prints `said`."""

    said: str = "[]"
    commands: list[str] = field(default_factory=list)

    def sellerbus(self, *arguments: str) -> Finished:
        self.commands.append(" ".join(arguments))
        return Finished(self.said, 1.0)


@dataclass
class FakeDeployment:
    folder: Path
    aws: FakeAws = field(default_factory=FakeAws)
    simulator: FakeSimulator = field(default_factory=FakeSimulator)
    commands: FakeCommands = field(default_factory=FakeCommands)
    touched: list[str] = field(default_factory=list)
    redefined: list[str] = field(default_factory=list)
    stage: str = "local"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "TaskTableName": "tasks",
            "InboxBucketName": "inbox",
            "EventBusName": "bus",
            "ListingChangeQueueUrl": "changes",
            "ExampleConsumerQueueUrl": "target",
        }
    )
    on_line: Any = None

    def client(self, _: str) -> FakeAws:
        return self.aws

    def outputs_of(self, region: str) -> Mapping[str, str]:
        return {**self.outputs, "InboxBucketName": f"inbox-of-{region}"}

    def deploy_tasks(self, version: str, assembly: Path) -> SecondDeploy:
        assert (version, assembly) == ("2020-09-04", self.folder)
        return SecondDeploy(touched=self.touched, redefined=self.redefined, seconds=1.0)

    def for_story(self) -> Deployment:
        return cast(Deployment, self)


def scenes_of(deployment: FakeDeployment) -> Scenes:
    counts = FeedCounts()
    return Scenes(deployment.for_story(), VERSION, Outcome(feeds={VERSION: counts}), counts)


def has_task(deployment: FakeDeployment, name: str, outcome: str = "COMPLETED", **more: Any) -> None:
    row = {"state": "ENDED", "outcome": outcome, **more}
    deployment.aws.rows[f"demo-{VERSION}-{name}"] = row


def ended_with(code: int) -> Future[Finished]:
    future: Future[Finished] = Future()
    if code:
        future.set_exception(CommandError(["sellerbus"], code, "said"))
    else:
        future.set_result(Finished("", 1.0))
    return future


def quiet_screen() -> Screen:
    return Screen(console=Console(file=io.StringIO(), width=300))


def said(screen: Screen) -> str:
    return cast(io.StringIO, screen.console.file).getvalue()


def shown() -> Any:
    """A step that shows nothing."""
    return SimpleNamespace(progress=lambda _: None, result="")
