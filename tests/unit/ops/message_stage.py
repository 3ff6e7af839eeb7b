"""A deployed stage with message tasks: their table, bucket and queue, and somebody who takes messages up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.aws.items import attribute
from sellerbus.aws.message_queue import Message
from sellerbus.aws.task_table import TaskTable
from sellerbus.messaging.accept_results import Verdict
from sellerbus.messaging.accepting import AcceptSettings, MessageAcceptor
from sellerbus.messaging.attachment_files import AttachmentFiles
from sellerbus.messaging.ending import Teller
from sellerbus.messaging.task import MessageState, MessageTask, iso, to_item
from sellerbus.messaging.task_rows import content_key, task_key
from sellerbus.messaging.task_store import MessageStore
from sellerbus.messaging.templates import template_key
from tests.unit.ops.aws import STAGE, DeployedStage

SELLER, ORDER, TYPE = "A2EW6EXAMPLE11", "902-6786204-8179805", "confirmOrderDetails"
US, DE = "ATVPDKIKX0DER", "A1PA6795UKMFR9"
TABLE, BUCKET, QUEUE = "messages", "messages-{}", "message-tasks"
TOKEN = "Atzr|IwEB0123456789"
TEXT = "Thank you. We made a note of your gift wrap."
SAME_SECONDS = 24 * 3600


def tasks_stack(region: str = "na") -> str:
    return f"sellerbus-{STAGE}-{region}-tasks"


class SendQueue:
    """The queue of what is to be sent: nobody here looks into it."""

    def put(self, task_id: str, seller_id: str) -> None:
        del task_id, seller_id


class DeadLetters:
    """Takes what is no request; the commands hand none over."""

    def reject(self, message: Message, reason: str, detail: str) -> None:
        raise AssertionError(f"{reason}: {detail}")


class Events:
    """The bus: nobody here looks at it."""

    def publish(self, events: Sequence[OperationalEvent]) -> None:
        del events


class GroupTaker:
    """An SQS client for moto, which takes no message groups on standard queues. groups: those given."""

    def __init__(self, client: Any, groups: list[str]) -> None:
        self._client = client
        self._groups = groups

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def send_message(self, *, MessageGroupId: str, **request: Any) -> Any:
        self._groups.append(MessageGroupId)
        return self._client.send_message(**request)


class MessageStage:
    """The messages of a stage, as its functions would keep them. Regions are those of the stage."""

    def __init__(self, stage: DeployedStage) -> None:
        self.stage = stage
        self.groups: list[str] = []
        self.requests: list[dict[str, Any]] = []
        makes: Callable[[str, str], Any] = stage.client

        def client(service: str, region: str = "na") -> Any:
            made = makes(service, region)
            return GroupTaker(made, self.groups) if service == "sqs" else made

        stage.client = client  # type: ignore[method-assign]

    def deploy(self, region: str = "na") -> None:
        self.stage.client("dynamodb", region).create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("pk", "sk", "sellerId", "createdAt")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "bySeller",
                    "KeySchema": [
                        {"AttributeName": "sellerId", "KeyType": "HASH"},
                        {"AttributeName": "createdAt", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}} if region == "eu" else {}
        s3, bucket = self.stage.client("s3", region), BUCKET.format(region)
        s3.create_bucket(Bucket=bucket, **place)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        queue = self.stage.client("sqs", region).create_queue(QueueName=QUEUE)["QueueUrl"]
        self.stage.cloudformation.stacks[tasks_stack(region)] = {
            "MessageTableName": TABLE,
            "MessageBucketName": bucket,
            "MessageTaskQueueUrl": queue,
            "OperateMessageFunctionName": f"operate-message-{region}",
        }

    def add_seller(self, seller_id: str = SELLER, country: str = "US") -> None:
        arguments = ("sellers", "add", seller_id, "--stage", STAGE, "--marketplaces", country)
        assert self.stage.run(*arguments, piped=TOKEN).code == 0

    def store(self, region: str = "na") -> MessageStore:
        table = TaskTable(self.stage.client("dynamodb", region), TABLE, sleep=lambda seconds: None)
        return MessageStore(table, now=time.time)

    def grow_old(self, task: MessageTask, *, days: float, region: str = "na") -> None:
        """Let a task's message have been taken so long ago."""
        pk, sk = content_key(task.content_hash)
        self.stage.client("dynamodb", region).update_item(
            TableName=TABLE,
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            UpdateExpression="SET since = :since",
            ExpressionAttributeValues={":since": {"N": str(time.time() - days * 86_400)}},
        )

    def put(self, task: MessageTask, region: str = "na") -> MessageTask:
        """Write a task's row."""
        pk, sk = task_key(task.task_id)
        item = {"pk": pk, "sk": sk, **to_item(task)}
        self.stage.client("dynamodb", region).put_item(
            TableName=TABLE, Item={name: attribute(value) for name, value in item.items()}
        )
        return task

    def take_up(self, region: str = "na", **changes: Any) -> None:
        """Make a task of each request in the queue, as accept_messages does; `changes` is what follows."""
        store = self.store(region)
        events = Events()
        acceptor = MessageAcceptor(
            files=AttachmentFiles(self.stage.client("s3", region)),
            store=store,
            queue=SendQueue(),
            dead_letters=DeadLetters(),
            events=events,
            teller=Teller(store=store, events=events, count=_uncounted),
            settings=AcceptSettings(BUCKET.format(region), SAME_SECONDS, 28, region, ()),
            count=_uncounted,
            now=time.time,
        )
        messages = list(self.waiting(region))
        self.requests += [json.loads(each.body) for each in messages]
        for result in acceptor.accept(messages, lambda: 60_000):
            assert result.verdict not in (Verdict.FAILED, Verdict.REJECTED), result.reason
            if changes and result.verdict is Verdict.TAKEN:
                store.change(store.get(str(result.task_id)), **changes)

    def waiting(self, region: str = "na") -> Iterator[Message]:
        """Yield the messages in the queue, and take them away."""
        client = self.stage.client("sqs", region)
        url = self.stage.cloudformation.stacks[tasks_stack(region)]["MessageTaskQueueUrl"]
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield Message(message["MessageId"], message["ReceiptHandle"], message["Body"], 1)

    def objects(self, region: str = "na") -> dict[str, bytes]:
        """The objects of the message bucket by their keys."""
        client, bucket = self.stage.client("s3", region), BUCKET.format(region)
        return {
            row["Key"]: client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
            for row in client.list_objects_v2(Bucket=bucket).get("Contents", [])
        }

    def template(self, name: str, document: Mapping[str, Any] | bytes, region: str = "na") -> None:
        """Put a template into the message bucket."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.stage.client("s3", region).put_object(
            Bucket=BUCKET.format(region), Key=template_key(name), Body=body
        )


def _uncounted(metric: str, count: float) -> None:
    del metric, count


def message(task_id: str = "m-1", **changes: Any) -> MessageTask:
    """A task that was just accepted."""
    at = iso(time.time() - 60)
    task = MessageTask(
        task_id=task_id,
        seller_id=SELLER,
        region="na",
        marketplace_id=US,
        amazon_order_id=ORDER,
        message_type=TYPE,
        content={"text": TEXT},
        content_hash=f"hash of {task_id}",
        request_hash=f"words of {task_id}",
        content_until=round(time.time()) + 28 * 86_400,
        origin="sqs",
        source_id=f"sqs-of-{task_id}",
        handed_over_at=at,
        created_at=at,
        updated_at=at,
        tried_since=at,
    )
    return replace(task, **changes)


def sent(task_id: str = "m-1", **changes: Any) -> MessageTask:
    """A task that has ended well."""
    at = iso(time.time())
    ended = {"state": MessageState.SENT, "content": None, "sent_at": at, "ended_at": at}
    return message(task_id, **{**ended, **changes})


__all__ = ["BUCKET", "ORDER", "SELLER", "STAGE", "TEXT", "TYPE", "US", "MessageStage", "message", "sent"]
