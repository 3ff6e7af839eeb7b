"""An inbox, its queue and all that takes feeds, on stand-ins for AWS whose every call can fail or kill."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.message_queue import Message, MessageQueue
from sellerbus.aws.task_table import TaskTable
from sellerbus.documents.limits import Limits
from sellerbus.feeds.executions import Executions
from sellerbus.feeds.intake.accept_results import Result
from sellerbus.feeds.intake.accepting import FeedAcceptor
from sellerbus.feeds.intake.hand_over import HandOvers
from sellerbus.feeds.intake.inbox_bucket import InboxBucket
from sellerbus.feeds.intake.inbox_reading import InboxReader
from sellerbus.feeds.intake.request_reading import RequestReader
from sellerbus.feeds.task import FeedTask
from sellerbus.feeds.task_store import TaskStore
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.unit.feeds.tasks import MARKETPLACE, SELLER, TYPE, Clock

INBOX = "inbox"
KEY = f"feeds/{SELLER}/{TYPE}/prices.json"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Feeds"
QUEUE_URL = "https://sqs/requests"


class Killed(BaseException):
    """The process is gone: nothing in it catches this."""


@dataclass
class Version:
    """One version of an object; content None is a delete marker."""

    version_id: str
    content: bytes | None
    modified: float
    content_type: str = "binary/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return hashlib.sha256(self.content or b"").hexdigest()[:32]


class Body(io.BytesIO):
    """An object's content. taken: how many bytes of it were read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


class FakeInbox:
    """A versioned bucket. S3's clock has whole seconds."""

    def __init__(self, clock: Clock, begin: Callable[[str], None]) -> None:
        self.versions: dict[str, list[Version]] = {}
        self.bodies: list[Body] = []
        self._clock = clock
        self._begin = begin
        self._count = 0

    def add(self, key: str, content: bytes | None, **more: Any) -> Version:
        self._count += 1
        version = Version(f"v{self._count}", content, float(int(self._clock())), **more)
        self.versions.setdefault(key, []).append(version)
        return version

    def head_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> Mapping[str, Any]:
        self._begin("HeadObject")
        return self._found(Bucket, Key, VersionId, ("404", "405"))

    def get_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> Mapping[str, Any]:
        self._begin("GetObject")
        found = self._found(Bucket, Key, VersionId, ("NoSuchKey", "MethodNotAllowed"))
        self.bodies.append(Body(found["content"]))
        return {**found, "Body": self.bodies[-1], "ContentLength": len(found["content"])}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        ContentType: str,
        Metadata: Mapping[str, str],
        IfNoneMatch: str,
    ) -> Mapping[str, Any]:
        assert (Bucket, IfNoneMatch) == (INBOX, "*")
        assert all(value.isascii() for value in (ContentType, *Metadata.values()))
        self._begin("PutObject")
        there = self.versions.get(Key)
        if there and there[-1].content is not None:
            raise client_error("PutObject", "PreconditionFailed")
        version = self.add(Key, Body, content_type=ContentType, metadata=dict(Metadata))
        return {"VersionId": version.version_id}

    def _found(self, bucket: str, key: str, version_id: str, codes: tuple[str, str]) -> dict[str, Any]:
        assert bucket == INBOX
        there = self.versions.get(key, [])
        if version_id:
            there = [each for each in there if each.version_id == version_id]
        if not there:
            raise client_error("S3", codes[0])
        version = there[-1]
        if version.content is None:
            raise client_error("S3", codes[1] if version_id else codes[0])
        return {
            "VersionId": version.version_id,
            "ETag": f'"{version.etag}"',
            "ContentType": version.content_type,
            "Metadata": dict(version.metadata),
            "LastModified": datetime.fromtimestamp(version.modified, UTC),
            "content": version.content,
        }


class World:
    """put, delete and request return the message that the queue would get; deliver takes messages."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.table = FakeTable()
        self.table.fault = lambda operation, request: self.begin(operation)
        self.inbox = FakeInbox(self.clock, self.begin)
        self.executions: dict[str, int] = {}
        self.dead_letters: list[Mapping[str, Any]] = []
        self.events: list[Mapping[str, Any]] = []
        self.hidden: list[int] = []
        self.fault: Callable[[str], None] = lambda operation: None
        self._messages = 0
        task_table = TaskTable(self.table.client, "tasks", sleep=self.clock.sleep)
        bucket = InboxBucket(self.client, INBOX)
        hand_overs = HandOvers(task_table, now=self.clock)
        self.tasks = TaskStore(task_table, now=self.clock)
        self.queue = MessageQueue(self.client, QUEUE_URL)
        self.acceptor = FeedAcceptor(
            contents=bucket,
            inbox=InboxReader(bucket, hand_overs, now=self.now_ms),
            requests=RequestReader(bucket, hand_overs),
            tasks=self.tasks,
            executions=Executions(self.client, MACHINE),
            dead_letters=self.queue,
            events=OperationalEvents(self.client, "bus", now=self.clock),
            now=self.now_ms,
            limits=Limits(),
        )

    @property
    def client(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        if name in {"head_object", "get_object"} or name == "put_object":
            return getattr(self.inbox, name)
        raise AttributeError(name)

    def begin(self, operation: str) -> None:
        self.fault(operation)

    def now_ms(self) -> int:
        return round(self.clock() * 1000)

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> Mapping[str, Any]:
        assert (stateMachineArn, json.loads(input)) == (MACHINE, {"taskId": name})
        self.begin("StartExecution")
        if name in self.executions:
            raise client_error("StartExecution", "ExecutionAlreadyExists")
        self.executions[name] = 1
        return {}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Mapping[str, Any]:
        assert (QueueUrl, AttributeNames) == (QUEUE_URL, ["RedrivePolicy"])
        self.begin("GetQueueAttributes")
        policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 100}
        return {"Attributes": {"RedrivePolicy": json.dumps(policy)}}

    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str) -> Mapping[str, Any]:
        self.begin("GetQueueUrl")
        return {"QueueUrl": f"https://sqs/{QueueOwnerAWSAccountId}/{QueueName}"}

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        assert QueueUrl == "https://sqs/123456789012/dead"
        self.begin("SendMessage")
        attributes = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        self.dead_letters.append({"body": MessageBody, **attributes})
        return {}

    def change_message_visibility(
        self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int
    ) -> Mapping[str, Any]:
        assert QueueUrl == QUEUE_URL
        self.begin("ChangeMessageVisibility")
        self.hidden.append(VisibilityTimeout)
        return {}

    def put_events(self, *, Entries: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        self.begin("PutEvents")
        self.events += [{"type": each["DetailType"], **json.loads(each["Detail"])} for each in Entries]
        return {}

    def put(
        self,
        key: str = KEY,
        content: bytes = b"{}",
        *,
        content_type: str = "binary/octet-stream",
        **metadata: str,
    ) -> Message:
        named = {name.replace("_", "-"): value for name, value in metadata.items()}
        version = self.inbox.add(key, content, content_type=content_type, metadata=named)
        return self.created(key, version)

    def options(self, key: str = KEY, **options: object) -> Message:
        """Put a side file."""
        return self.put(f"{key}.options.json", json.dumps(options).encode())

    def delete(self, key: str = KEY) -> None:
        self.inbox.add(key, None)

    def created(self, key: str, version: Version, **changes: object) -> Message:
        """The message for an object's version; a change to None leaves the field out."""
        found = {
            "key": key,
            "size": len(version.content or b""),
            "etag": version.etag,
            "version-id": version.version_id,
            "sequencer": "0" * 16,
            **changes,
        }
        return self.event(
            "Object Created",
            "aws.s3",
            {
                "version": "0",
                "bucket": {"name": INBOX},
                "object": {name: value for name, value in found.items() if value is not None},
            },
        )

    def requested(self, *, event_id: str = "e-1", **detail: object) -> Message:
        """The message for a FeedRequested event; a change to None leaves the field out."""
        whole = {"sellerId": SELLER, "feedType": TYPE, "marketplaceIds": [MARKETPLACE], **detail}
        return self.event(
            "FeedRequested",
            "sellerbus.feeds",
            {name: value for name, value in whole.items() if value is not None},
            event_id=event_id,
        )

    def event(self, kind: str, source: str, detail: object, *, event_id: str = "e-0") -> Message:
        at = datetime.fromtimestamp(int(self.clock()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.message(
            json.dumps({"id": event_id, "detail-type": kind, "source": source, "time": at, "detail": detail})
        )

    def message(self, body: str) -> Message:
        self._messages += 1
        return Message(f"m{self._messages}", f"r{self._messages}", body, 1)

    def deliver(self, *messages: Message) -> list[Result]:
        return self.acceptor.accept(messages, lambda: 300_000)

    def inbox_events(self) -> list[Message]:
        """What S3 tells of every version in the bucket."""
        return [
            self.created(key, version)
            for key, versions in self.inbox.versions.items()
            for version in versions
            if version.content is not None
        ]

    @property
    def task_ids(self) -> list[str]:
        return sorted(
            pk.removeprefix("feed-task/") for pk, sk in self.table.rows if pk.startswith("feed-task/")
        )

    def all_tasks(self) -> list[FeedTask]:
        return [self.tasks.get(task_id) for task_id in self.task_ids]

    def only_task(self) -> FeedTask:
        (task,) = self.all_tasks()
        return task
