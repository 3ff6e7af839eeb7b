"""A deployed stage with feed tasks: their table, buckets and function, and somebody who takes feeds up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sellerbus.aws.items import attribute, plain_item
from sellerbus.feeds.intake.request import content_type_of, options_of_metadata, request_hash
from sellerbus.feeds.task import FeedTask, Source, TaskState, from_item, iso, to_item
from sellerbus.feeds.task_store import place_key, task_key
from tests.unit.feeds.requests import feed, message
from tests.unit.feeds.tasks import NOW, SELLER, TYPE, task
from tests.unit.ops.aws import STAGE, DeployedStage

INBOX, RESULTS, TABLE = "inbox-{}", "results-{}", "tasks"
TOKEN = "Atzr|IwEB0123456789"
GOOD = feed(message(1), message(2), sellerId=SELLER)


def tasks_stack(region: str = "na") -> str:
    return f"sellerbus-{STAGE}-{region}-tasks"


class FeedStage:
    """The feeds of a stage, as the functions would keep them. Regions are those of the stage."""

    def __init__(self, stage: DeployedStage) -> None:
        self.stage = stage
        self.taken: set[str] = set()

    def deploy(self, region: str = "na") -> None:
        client = self.stage.client("dynamodb", region)
        client.create_table(
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
        for name in (INBOX, RESULTS):
            self.stage.client("s3", region).create_bucket(Bucket=name.format(region), **place)
        self.stage.cloudformation.stacks[tasks_stack(region)] = {
            "InboxBucketName": INBOX.format(region),
            "ResultBucketName": RESULTS.format(region),
            "TaskTableName": TABLE,
            "OperateFeedFunctionName": f"operate-{region}",
        }

    def add_seller(self, seller_id: str = SELLER, country: str = "US") -> None:
        arguments = ("sellers", "add", seller_id, "--stage", STAGE, "--marketplaces", country)
        assert self.stage.run(*arguments, piped=TOKEN).code == 0

    def put(self, given: FeedTask, region: str = "na") -> FeedTask:
        """Write a task's row, and its place in its lane where it waits there."""
        self.put_item(task_key(given.task_id), to_item(given), region)
        if given.state in (TaskState.RECEIVED, TaskState.WAITING):
            self.put_item(place_key(given), {"taskId": given.task_id}, region)
        return given

    def change(self, task_id: str, region: str = "na", **changes: Any) -> None:
        """Change a task's row."""
        pk, sk = task_key(task_id)
        item = self.stage.client("dynamodb", region).get_item(
            TableName=TABLE, Key={"pk": {"S": pk}, "sk": {"S": sk}}
        )["Item"]
        self.put(replace(from_item(plain_item(item)), **changes), region)

    def end(self, task_id: str, outcome: str, **changes: Any) -> None:
        """Let a task end."""
        self.change(
            task_id,
            state=TaskState.ENDED,
            outcome=outcome,
            ended_at=iso(NOW + 600),
            feed_id="50001",
            **changes,
        )

    def put_item(self, key: tuple[str, str], item: dict[str, Any], region: str = "na") -> None:
        values = {"pk": key[0], "sk": key[1], **item}
        self.stage.client("dynamodb", region).put_item(
            TableName=TABLE, Item={name: attribute(value) for name, value in values.items()}
        )

    def keep(self, key: str, content: bytes, content_type: str = "text/plain", region: str = "na") -> None:
        """Put an object into the result bucket."""
        self.stage.client("s3", region).put_object(
            Bucket=RESULTS.format(region), Key=key, Body=content, ContentType=content_type
        )

    def results(self, task_id: str, *rows: dict[str, Any]) -> dict[str, Any]:
        """Keep results; returns the task's pointer to them."""
        key = f"tasks/{task_id}/results.jsonl"
        self.keep(key, b"".join(json.dumps(row).encode() + b"\n" for row in rows))
        return {"bucket": RESULTS.format("na"), "key": key, "messages": len(rows)}

    def inbox(self, region: str = "na") -> list[dict[str, Any]]:
        """The objects in the inbox, with their content, content type and metadata."""
        client, bucket = self.stage.client("s3", region), INBOX.format(region)
        found = []
        for row in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            answer = client.get_object(Bucket=bucket, Key=row["Key"])
            found.append(
                {
                    "key": row["Key"],
                    "content": answer["Body"].read(),
                    "contentType": answer["ContentType"],
                    "metadata": answer["Metadata"],
                }
            )
        return found

    def take_up(self, region: str = "na", **changes: Any) -> None:
        """Make a task of each new object in the inbox, as accept_feeds and check_feed would."""
        for each in self.inbox(region):
            if each["key"] in self.taken:
                continue
            self.taken.add(each["key"])
            _, seller_id, feed_type, *_ = each["key"].split("/")
            told = options_of_metadata(each["metadata"], each["contentType"])
            content_type = content_type_of(told, feed_type)
            found = task(
                str(told.task_id),
                seller_id=seller_id,
                feed_type=feed_type,
                marketplace_ids=told.marketplace_ids,
                feed_options=told.feed_options,
                content_type=content_type,
                source=Source(INBOX.format(region), each["key"]),
                origin=told.origin or "inbox",
                resubmission_of=told.resubmission_of,
                request_hash=request_hash(
                    seller_id, feed_type, told.marketplace_ids or (), content_type, told.feed_options
                ),
                state=TaskState.WAITING,
                content_sha256=hashlib.sha256(each["content"]).hexdigest(),
                content_bytes=len(each["content"]),
            )
            self.put(replace(found, **changes), region)


def ended(task_id: str, outcome: str, **changes: Any) -> FeedTask:
    """A task that has ended."""
    at = iso(NOW + 600)
    return task(
        task_id, **{"state": "ENDED", "outcome": outcome, "ended_at": at, "feed_id": "50001", **changes}
    )


def steps(*works: Callable[[], object]) -> Callable[[float], bool]:
    """A `console.wait` that does one work at each wait; the last one again when there are no more."""
    left = list(works)

    def wait(seconds: float) -> bool:
        (left.pop(0) if len(left) > 1 else left[0])()
        return False

    return wait


__all__ = ["GOOD", "SELLER", "STAGE", "TYPE", "FeedStage", "ended", "steps", "task"]
