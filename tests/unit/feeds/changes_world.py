"""The world of listing changes: their queue, the table, the inbox and Amazon's end of it, in memory.

Every call to AWS goes through `World.call`, where a test may break it or hand over to another invocation.
What befalls a call: the function dies, or the call fails, before or after it was carried out; or the SDK
repeats it.
"""

from __future__ import annotations

import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.message_queue import MessageQueue
from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds.changes.closing import Closer
from sellerbus.feeds.changes.document import Limits
from sellerbus.feeds.changes.gathering import Delivery, Gathered, Gatherer
from sellerbus.feeds.changes.groups import GroupRows
from sellerbus.feeds.changes.inbox import ChangesInbox
from sellerbus.feeds.changes.pace import Pace
from sellerbus.feeds.changes.promises import Promises
from sellerbus.feeds.changes.reporting import ChangesReporter, Told
from sellerbus.feeds.changes.rows import ChangeRows
from sellerbus.feeds.task import FeedTask, Outcome, Source, TaskState
from sellerbus.feeds.task_store import TaskStore
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.unit.feeds import tasks
from tests.unit.feeds.tasks import MARKETPLACE, SELLER, Clock

WINDOW = 120
VISIBILITY = 30.0
FATES = ("crash before", "crash after", "error before", "error after", "repeated")
INBOX, RESULTS = "inbox", "results"


class CrashError(BaseException):
    """The function's process is gone."""


@dataclass
class Queued:
    """A message in the queue."""

    message_id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0


@dataclass
class World:
    """most_changes, most_bytes: the limits of a feed. fate: what befalls a call, by its name and number.

    asked: the last request to the table.
    """

    most_changes: int = 100
    most_bytes: int = 1_000_000
    clock: Clock = field(default_factory=Clock)
    table: FakeTable = field(default_factory=FakeTable)
    queue: dict[str, Queued] = field(default_factory=dict)
    dead: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    objects: dict[tuple[str, str], tuple[bytes, Mapping[str, Any]]] = field(default_factory=dict)
    handed_over: list[tuple[str, bytes, Mapping[str, Any]]] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    fate: Callable[[str, int], str] = lambda name, number: "go on"
    before_call: Callable[[str], None] = lambda name: None
    asked: Mapping[str, Any] = field(default_factory=dict)
    remaining: float = 60.0
    window: int = WINDOW
    part: int = 2000

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        client: Any = _Clients(self)
        self.client = client
        table = TaskTable(client, "tasks", sleep=self.clock.sleep)
        self.store = TaskStore(TaskTable(self.table.client, "tasks", sleep=self.clock.sleep), now=self.clock)
        rows = ChangeRows(client, "tasks", table, now=self.clock, sleep=self.clock.sleep)
        self.groups = GroupRows(client, "tasks", new_name=lambda: f"p{next(self._numbers)}")
        promises = Promises(self.groups, client, "queue", now=self.clock)
        inbox = ChangesInbox(client, INBOX)
        limits = Limits(self.most_changes, self.most_bytes)
        events = OperationalEvents(client, "bus", now=self.clock)
        self.gatherer = Gatherer(
            rows=rows,
            groups=self.groups,
            promises=promises,
            closer=Closer(
                groups=self.groups,
                rows=rows,
                inbox=inbox,
                promises=promises,
                pace=Pace(table, self.window, now=self.clock),
                limits=limits,
                window_seconds=self.window,
                remaining_seconds=lambda: self.remaining,
            ),
            events=events,
            dead_letters=MessageQueue(client, "queue"),
            limits=limits,
            window_seconds=self.window,
            remaining_seconds=lambda: self.remaining,
        )
        self.reporter = ChangesReporter(
            store=TaskStore(table, now=self.clock),
            rows=rows,
            inbox=inbox,
            s3=client,
            events=events,
            remaining_seconds=lambda: self.remaining,
            part=self.part,
        )

    # What a test does.

    def send(self, body: Mapping[str, Any] | str, *, sent_at: float | None = None) -> str:
        """Put a message on the queue."""
        message_id = f"m{next(self._numbers)}"
        text = body if isinstance(body, str) else json.dumps(body)
        at = self.clock.now if sent_at is None else sent_at
        self.queue[message_id] = Queued(message_id, text, at, at)
        return message_id

    def due(self) -> list[Queued]:
        return [each for each in self.queue.values() if each.visible_at <= self.clock.now]

    def receive(self, most: int = 10) -> list[Delivery]:
        """Take messages as SQS does: they are invisible for a while."""
        found: list[Delivery] = []
        for each in self.due()[:most]:
            each.receives += 1
            each.visible_at = self.clock.now + VISIBILITY
            attributes = {
                "ApproximateReceiveCount": str(each.receives),
                "SentTimestamp": str(round(each.sent_at * 1000)),
            }
            record = {
                "messageId": each.message_id,
                "receiptHandle": each.message_id,
                "body": each.body,
                "attributes": attributes,
            }
            found.append(Delivery.of_record(record))
        return found

    def invoke(self, deliveries: Sequence[Delivery]) -> Gathered | None:
        """Run the function on a batch; None where it died."""
        try:
            done = self.gatherer.gather(deliveries)
        except CrashError:
            return None
        for delivery in deliveries:
            if delivery.message.message_id not in done.failed:
                self.queue.pop(delivery.message.message_id, None)
        return done

    def work(self, *, batch: int = 10) -> list[Gathered]:
        """Deliver what is due, until nothing is."""
        done: list[Gathered] = []
        while self.due():
            result = self.invoke(self.receive(batch))
            if result is not None:
                done.append(result)
        return done

    def later(self, seconds: float) -> None:
        self.clock.now += seconds

    def settle(self) -> None:
        """Let time go on without faults until everything has come to its end."""
        self.fate = lambda name, number: "go on"
        for _ in range(200):
            self.work()
            self.end_feeds()
            if not self.queue:
                return
            self.later(max(0.0, min(each.visible_at for each in self.queue.values()) - self.clock.now))
        raise AssertionError(f"does not come to an end: {self.queue}")

    def end_feeds(self, outcome: Outcome = Outcome.COMPLETED, **changes: Any) -> list[FeedTask]:
        """Amazon is through with all feeds that were handed over."""
        ended = []
        for task_id in dict.fromkeys(task_id for task_id, _, _ in self.handed_over):
            task = self.store.get(task_id)
            if not task.is_ended:
                ended.append(self.end(task_id, outcome, **changes))
        return ended

    def end(self, task_id: str, outcome: Outcome, *, issues: Sequence[Any] = (), **changes: Any) -> FeedTask:
        results = {"bucket": RESULTS, "key": f"tasks/{task_id}/results.jsonl", "messages": len(issues)}
        lines = "".join(json.dumps(each) + "\n" for each in issues)
        self.objects[(RESULTS, str(results["key"]))] = (lines.encode(), {})
        values = {"feed_id": f"feed-{task_id[-4:]}", "results": results, **changes}
        return self.store.end(self.store.get(task_id), outcome, **values)

    def report(self, task_id: str) -> Told | None:
        """Run report_listing_changes once; None where it died."""
        try:
            return self.reporter.report(task_id)
        except CrashError:
            return None

    @property
    def feeds(self) -> dict[str, list[dict[str, Any]]]:
        """The messages of each feed that was handed over, by task."""
        return {task_id: json.loads(content)["messages"] for task_id, content, _ in self.handed_over}

    def change_row(self, change_id: str) -> dict[str, Any] | None:
        return self.row(f"listing-change/{SELLER}/{change_id}", "change")

    def row(self, pk: str, sk: str) -> dict[str, Any] | None:
        return self.table.rows.get((pk, sk))

    def open_rows(self) -> list[tuple[str, str]]:
        return [key for key in self.table.rows if key[1].startswith("open/")]

    # What AWS does.

    def call(self, name: str, effect: Callable[[], Any]) -> Any:
        self.before_call(name)
        self.calls.append(name)
        fate = self.fate(name, len(self.calls))
        if fate == "crash before":
            raise CrashError
        if fate == "error before":
            raise client_error(name, "InternalServerError")
        answer = effect()
        if fate == "repeated":
            answer = effect()
        if fate == "crash after":
            raise CrashError
        if fate == "error after":
            raise ReadTimeoutError(endpoint_url="https://aws")
        return answer

    def accept(self, key: str, content: bytes, told: Mapping[str, Any]) -> None:
        """S3 tells accept_feeds of an object: the same task id is the same task."""
        metadata = told["Metadata"]
        task_id = metadata["task-id"]
        self.handed_over.append((task_id, content, {"key": key, **told}))
        self.store.create(
            tasks.task(
                task_id,
                handed_over=self.clock.now,
                seller_id=key.split("/")[1],
                marketplace_ids=tuple(metadata["marketplace-ids"].split(",")),
                source=Source(INBOX, key),
                origin=metadata["origin"],
                state=TaskState.WAITING,
            )
        )


class _Clients:
    """The clients of the functions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _table(self, name: str, request: Mapping[str, Any]) -> Any:
        self._world.asked = request
        return self._world.call(name, lambda: getattr(self._world.table, name)(**request))

    def get_item(self, **request: Any) -> Any:
        return self._table("get_item", request)

    def query(self, **request: Any) -> Any:
        return self._table("query", request)

    def update_item(self, **request: Any) -> Any:
        return self._table("update_item", request)

    def transact_write_items(self, **request: Any) -> Any:
        return self._table("transact_write_items", request)

    def send_message(self, *, MessageBody: str, **request: Any) -> Any:
        def effect() -> None:
            if request["QueueUrl"] == "dead":
                self._world.dead.append((MessageBody, request["MessageAttributes"]))
                return
            message = self._world.queue[self._world.send(MessageBody)]
            assert 0 <= request["DelaySeconds"] <= 900
            message.visible_at += request["DelaySeconds"]

        return self._world.call("send_message", effect)

    def get_queue_attributes(self, **request: Any) -> Any:
        policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"})
        return self._world.call("get_queue_attributes", lambda: {"Attributes": {"RedrivePolicy": policy}})

    def get_queue_url(self, **request: Any) -> Any:
        return self._world.call("get_queue_url", lambda: {"QueueUrl": request["QueueName"]})

    def change_message_visibility(self, **request: Any) -> Any:
        return self._world.call("change_message_visibility", dict)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:
        def effect() -> Mapping[str, Any]:
            if len(Entries) > 10 or sum(len(each["Detail"]) + 200 for each in Entries) > 262_144:
                raise client_error("PutEvents", "ValidationException")
            self._world.events += [
                {"detail-type": each["DetailType"], "source": each["Source"], **json.loads(each["Detail"])}
                for each in Entries
            ]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}

        return self._world.call("put_events", effect)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **told: Any) -> Any:
        def effect() -> Mapping[str, Any]:
            assert not Key.startswith("feeds/"), "a feed is handed over once it is decided"
            self._world.objects[(Bucket, Key)] = (bytes(Body), told)
            return {"ETag": '"e"'}

        return self._world.call("put_object", effect)

    def copy_object(self, *, Bucket: str, Key: str, CopySource: Mapping[str, str], **told: Any) -> Any:
        def effect() -> Mapping[str, Any]:
            content = self._content(CopySource["Bucket"], CopySource["Key"])
            assert told["MetadataDirective"] == "REPLACE"
            self._world.objects[(Bucket, Key)] = (content, told)
            self._world.accept(Key, content, told)
            return {}

        return self._world.call("copy_object", effect)

    def get_object(self, *, Bucket: str, Key: str) -> Any:
        def effect() -> Mapping[str, Any]:
            content = self._content(Bucket, Key)
            return {"Body": io.BytesIO(content), "ContentLength": len(content), "ETag": '"e"'}

        return self._world.call("get_object", effect)

    def _content(self, bucket: str, key: str) -> bytes:
        found = self._world.objects.get((bucket, key))
        if found is None:
            error: ClientError = client_error("S3", "NoSuchKey", ResponseMetadata={"HTTPStatusCode": 404})
            raise error
        return found[0]


def change(number: int, sku: str | None = None, **more: Any) -> dict[str, Any]:
    """A good change."""
    return {
        "changeId": f"c{number:03d}",
        "sellerId": SELLER,
        "marketplaceId": MARKETPLACE,
        "sku": sku or f"SKU-{number}",
        "operationType": "PATCH",
        "productType": "SHIRT",
        "patches": [
            {
                "op": "replace",
                "path": "/attributes/fulfillment_availability",
                "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": number}],
            }
        ],
        **more,
    }


def number_of(message: Mapping[str, Any]) -> int:
    """Which of the changes that `change` made a message of a feed is."""
    return int(message["patches"][0]["value"][0]["quantity"])


def sent_numbers(world: World) -> Counter[int]:
    """How many feeds each change is in."""
    return Counter(number_of(each) for messages in world.feeds.values() for each in messages)
