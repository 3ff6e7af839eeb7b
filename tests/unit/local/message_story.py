"""A deployment in which messages have got to where a test wants them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from boto3.dynamodb.types import TypeSerializer
from rich.console import Console

from local.commands import CommandError, Finished
from local.deployment import Deployment
from local.message_scenes import MessageScenes, Planned
from local.outcome import MessageCounts, Outcome
from local.screen import Screen


@dataclass
class FakeAws:
    """The clients in one: what lies in the messages' table and in the consumer's queue, and what was sent."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    queue: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    sent: list[Any] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    refuses: bool = False

    def get_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:
        row = self.rows.get(Key["pk"]["S"].removeprefix("message-task/"))
        return {} if row is None else {"Item": _typed(row)}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        ((table, asked),) = RequestItems.items()
        assert len(asked["Keys"]) <= 100
        found = [(key, self.get_item(Key=key).get("Item")) for key in asked["Keys"]]
        return {"Responses": {table: [{**item, **key} for key, item in found if item]}}

    def get_paginator(self, operation: str) -> FakeAws:
        assert operation == "query"
        return self

    def paginate(self, *, ExpressionAttributeValues: dict[str, Any], **_: Any) -> Iterator[dict[str, Any]]:
        seller_id = ExpressionAttributeValues[":seller"]["S"]
        yield {"Items": [_typed(row) for row in self.rows.values() if row["sellerId"] == seller_id]}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:
        self.objects[Key] = Body
        return {"VersionId": f"version{len(self.objects)}"}

    def send_message(
        self, *, MessageBody: str, MessageGroupId: str | None = None, **_: Any
    ) -> dict[str, Any]:
        self.sent.append(json.loads(MessageBody))
        self.groups.append(MessageGroupId or "")
        return {"MessageId": f"sqs{len(self.sent)}"}

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.events += Entries
        return {
            "FailedEntryCount": int(self.refuses),
            "Entries": [{"EventId": f"e{len(self.events)}", "ErrorCode": "Throttled"}],
        }

    def receive_message(self, **_: Any) -> dict[str, Any]:
        given, self.queue[:] = self.queue[:10], self.queue[10:]
        return {"Messages": given}

    def delete_message_batch(self, **_: Any) -> None:
        return

    def is_told(self, kind: str, task_id: str, *, event_id: str | None = None) -> None:
        """The bus tells of a task; the same event id is the same event."""
        detail = {"eventId": event_id or f"{kind} {task_id}", "taskId": task_id}
        event = {"source": "sellerbus.messages", "detail-type": kind, "detail": detail}
        number = str(len(self.queue))
        self.queue.append({"MessageId": number, "ReceiptHandle": number, "Body": json.dumps(event)})


@dataclass
class FakeSimulator:
    """What buyers got and the journal; `orders` and `faults` are what was asked for."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    journal: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add_order(self, seller_id: str, marketplace_id: str, order_id: str, **more: Any) -> None:
        self.orders[order_id] = {"sellerId": seller_id, "marketplaceId": marketplace_id, **more}

    def break_requests(self, operation: str, **fault: Any) -> None:
        self.faults.append((operation, fault))

    def outbox(self, seller_id: str, order_id: str | None = None) -> list[dict[str, Any]]:
        return [
            message
            for message in self.messages
            if message["sellerId"] == seller_id and order_id in (None, message["amazonOrderId"])
        ]

    def requests(self, operation: str, *, seller_id: str) -> list[dict[str, Any]]:
        return [
            entry
            for entry in self.journal
            if (entry["operation"], entry["sellerId"]) == (operation, seller_id)
        ]


@dataclass
class FakeCommands:
    """`sellerbus`; `does` happens at each command."""

    commands: list[str] = field(default_factory=list)
    does: Any = None

    def sellerbus(self, *arguments: str) -> Finished:
        self.commands.append(" ".join(arguments))
        if self.does:
            self.does()
        return Finished("", 1.0)


@dataclass
class FakeDeployment:
    folder: Path
    aws: FakeAws = field(default_factory=FakeAws)
    simulator: FakeSimulator = field(default_factory=FakeSimulator)
    commands: FakeCommands = field(default_factory=FakeCommands)
    stage: str = "local"
    outputs: Mapping[str, str] = field(
        default_factory=lambda: {
            "MessageTableName": "messages",
            "MessageBucketName": "bucket",
            "MessageTaskQueueUrl": "requests",
            "EventBusName": "bus",
            "ExampleConsumerQueueUrl": "target",
        }
    )

    def client(self, _: str) -> FakeAws:
        return self.aws

    def for_story(self) -> Deployment:
        return cast(Deployment, self)


def scenes_of(deployment: FakeDeployment) -> MessageScenes:
    counts = MessageCounts()
    return MessageScenes(deployment.for_story(), Outcome(buyer_messages=counts), counts)


def stands(scenes: MessageScenes, name: str, state: str, **more: Any) -> None:
    """A planned message's task stands in a state."""
    aws = cast(FakeDeployment, scenes.deployment).aws
    planned = scenes.planned[name]
    task_id = scenes.task_id(name)
    aws.rows[task_id] = {"taskId": task_id, "sellerId": planned.seller_id, "state": state, **more}


def is_received(scenes: MessageScenes, name: str, **more: Any) -> None:
    """A planned message's buyer has got it."""
    planned: Planned = scenes.planned[name]
    simulator = cast(FakeDeployment, scenes.deployment).simulator
    simulator.messages.append(
        {
            "sellerId": planned.seller_id,
            "amazonOrderId": planned.order_id,
            "messageType": planned.asked.message_type,
            "text": planned.asked.fields.get("text"),
            "attachments": [
                {"fileName": each.file_name, "sha256": hashlib.sha256(each.content).hexdigest()}
                for each in planned.asked.attachments
                if each.content is not None
            ],
            **more,
        }
    )


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


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    write = TypeSerializer().serialize
    return {name: write(value) for name, value in row.items()}
