"""Hands feeds and listing changes over as an application does, and looks at what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.deployment import Deployment
from local.task_rows import plain, task_rows

SOURCE = "sellerbus.feeds"
ENDED = "ENDED"
_MOST_EVENTS = 10
_MOST_MESSAGES = 10
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class FeedTasks:
    """One cell of a deployment, as those see it who hand feeds over; `client` makes boto3 clients."""

    client: Callable[[str], Any]
    outputs: Mapping[str, str]

    @staticmethod
    def of(deployment: Deployment, region: str | None = None) -> FeedTasks:
        """Those of Amazon's region, or of the deployment's own cell."""
        return FeedTasks(deployment.client, deployment.outputs_of(region) if region else deployment.outputs)

    def put(
        self,
        seller_id: str,
        feed_type: str,
        name: str,
        content: bytes,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Puts a file into the inbox; returns its key."""
        key = f"feeds/{seller_id}/{feed_type}/{name}"
        more: dict[str, Any] = {"ContentType": content_type} if content_type else {}
        self.client("s3").put_object(
            Bucket=self.outputs["InboxBucketName"],
            Key=key,
            Body=content,
            Metadata=dict(metadata or {}),
            **more,
        )
        return key

    def put_options(self, key: str, **options: Any) -> None:
        """Puts the side file of a file in the inbox."""
        self.client("s3").put_object(
            Bucket=self.outputs["InboxBucketName"],
            Key=f"{key}.options.json",
            Body=json.dumps(options).encode(),
            ContentType="application/json",
        )

    def request(self, detail_type: str, details: Sequence[Mapping[str, Any]]) -> None:
        """Puts requests on the bus; raises RuntimeError where it takes one of them not."""
        events = self.client("events")
        for start in range(0, len(details), _MOST_EVENTS):
            answer = events.put_events(
                Entries=[
                    {
                        "EventBusName": self.outputs["EventBusName"],
                        "Source": SOURCE,
                        "DetailType": detail_type,
                        "Detail": json.dumps(detail),
                    }
                    for detail in details[start : start + _MOST_EVENTS]
                ]
            )
            if answer["FailedEntryCount"]:
                raise RuntimeError(f"the bus refused a {detail_type}: {answer['Entries']}")

    def send_changes(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Sends listing changes to their queue; raises RuntimeError where it takes one of them not."""
        sqs = self.client("sqs")
        for start in range(0, len(changes), _MOST_MESSAGES):
            answer = sqs.send_message_batch(
                QueueUrl=self.outputs["ListingChangeQueueUrl"],
                Entries=[
                    {"Id": str(number), "MessageBody": json.dumps(change)}
                    for number, change in enumerate(changes[start : start + _MOST_MESSAGES])
                ],
            )
            if answer.get("Failed"):
                raise RuntimeError(f"the queue refused a listing change: {answer['Failed']}")

    def task(self, task_id: str) -> dict[str, Any]:
        """A task's row as plain values; {} where there is none."""
        answer = self.client("dynamodb").get_item(
            TableName=self.outputs["TaskTableName"],
            Key={"pk": {"S": f"feed-task/{task_id}"}, "sk": {"S": "task"}},
            ConsistentRead=True,
        )
        return plain(answer.get("Item", {}))

    def tasks(self, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The rows of tasks as plain values; {} where there is none."""
        partitions = [f"feed-task/{task_id}" for task_id in task_ids]
        rows = task_rows(self.client("dynamodb"), self.outputs["TaskTableName"], partitions)
        return dict(zip(task_ids, (rows[partition] for partition in partitions), strict=True))

    def await_state(
        self,
        task_ids: Iterable[str],
        *states: str,
        within_seconds: float,
        progress: Callable[[str], None] = lambda _: None,
    ) -> dict[str, dict[str, Any]]:
        """The rows of tasks once each is in one of the states (ENDED if none is named), or the time is over.

        Which of the two it is, the rows say.
        """
        wanted = states or (ENDED,)
        deadline = time.monotonic() + within_seconds
        rows: dict[str, dict[str, Any]] = {}
        waiting = list(task_ids)
        while True:
            rows |= self.tasks(waiting)
            waiting = [task_id for task_id in waiting if rows[task_id].get("state") not in wanted]
            progress(", ".join(f"{task_id} {rows[task_id].get('state', 'not there')}" for task_id in waiting))
            if not waiting or time.monotonic() > deadline:
                return rows
            time.sleep(_POLL_SECONDS)
