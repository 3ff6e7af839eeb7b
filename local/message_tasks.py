"""Hands messages over as an application does, and looks at what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.deployment import Deployment
from local.task_rows import plain, task_rows

SOURCE = "sellerbus.messages"
REQUESTED = "MessageRequested"
ENDED = ("SENT", "REFUSED", "NOT_ALLOWED", "FAILED")
"""The states that nothing follows."""
STANDS = (*ENDED, "UNCERTAIN")
"""And the one in which a task stands until a person decides."""
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class MessageTasks:
    """One cell of a deployment, as those see it who hand messages over; `client` makes boto3 clients."""

    client: Callable[[str], Any]
    outputs: Mapping[str, str]

    @staticmethod
    def of(deployment: Deployment) -> MessageTasks:
        return MessageTasks(deployment.client, deployment.outputs)

    def attach(self, seller_id: str, name: str, content: bytes) -> dict[str, str]:
        """Puts an attachment into the seller's folder of the bucket; returns a request's pointer to it."""
        key = f"attachments/{seller_id}/{name}"
        bucket = self.outputs["MessageBucketName"]
        answer = self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        return {"key": key, "versionId": str(answer["VersionId"])}

    def put_template(self, name: str, template: Mapping[str, Any]) -> None:
        """Puts a template into the bucket."""
        self.client("s3").put_object(
            Bucket=self.outputs["MessageBucketName"],
            Key=f"templates/{name}.json",
            Body=json.dumps(template).encode(),
            ContentType="application/json",
        )

    def send(self, request: Mapping[str, Any] | str, *, group: str | None = None) -> str:
        """Sends a request, or any text, to the queue of messages; returns the id that SQS gave it.

        Messages of one `group` hold up none of another.
        """
        more = {"MessageGroupId": group} if group else {}
        body = request if isinstance(request, str) else json.dumps(request)
        answer = self.client("sqs").send_message(
            QueueUrl=self.outputs["MessageTaskQueueUrl"], MessageBody=body, **more
        )
        return str(answer["MessageId"])

    def request(self, request: Mapping[str, Any]) -> str:
        """Puts a request on the bus; returns the event's id. Raises RuntimeError where the bus refuses it."""
        answer = self.client("events").put_events(
            Entries=[
                {
                    "EventBusName": self.outputs["EventBusName"],
                    "Source": SOURCE,
                    "DetailType": REQUESTED,
                    "Detail": json.dumps(request),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"the bus refused a {REQUESTED}: {answer['Entries'][0].get('ErrorCode')}")
        return str(answer["Entries"][0]["EventId"])

    def task(self, task_id: str) -> dict[str, Any]:
        """A task's row as plain values; {} where there is none."""
        return self.row(f"message-task/{task_id}", "task")

    def tasks(self, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The rows of tasks as plain values; {} where there is none."""
        partitions = [f"message-task/{task_id}" for task_id in task_ids]
        rows = task_rows(self.client("dynamodb"), self.outputs["MessageTableName"], partitions)
        return dict(zip(task_ids, (rows[partition] for partition in partitions), strict=True))

    def row(self, partition: str, sort: str) -> dict[str, Any]:
        """A row of the table of messages as plain values; {} where there is none."""
        answer = self.client("dynamodb").get_item(
            TableName=self.outputs["MessageTableName"],
            Key={"pk": {"S": partition}, "sk": {"S": sort}},
            ConsistentRead=True,
        )
        return plain(answer.get("Item", {}))

    def tasks_of(self, seller_id: str) -> list[dict[str, Any]]:
        """A seller's tasks, oldest first."""
        pages = (
            self.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.outputs["MessageTableName"],
                IndexName="bySeller",
                KeyConditionExpression="sellerId = :seller",
                ExpressionAttributeValues={":seller": {"S": seller_id}},
            )
        )
        return [plain(item) for page in pages for item in page["Items"]]

    def await_state(
        self,
        task_ids: Iterable[str],
        *states: str,
        within_seconds: float,
        progress: Callable[[str], None] = lambda _: None,
    ) -> dict[str, dict[str, Any]]:
        """The rows of tasks once each is in one of the states (STANDS if none is named), or the time is over.

        Which of the two it is, the rows say.
        """
        wanted = states or STANDS
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


def told(row: Mapping[str, Any]) -> str:
    """What a complaint says of a task's row; never the message."""
    if not row:
        return "not there"
    names = ("state", "reason", "findings", "attempt", "allowed", "notes")
    return json.dumps({name: row[name] for name in names if name in row}, default=str)


def rules_of(row: Mapping[str, Any], severity: str = "error") -> list[str]:
    """The codes of a row's findings of a severity, each once, sorted."""
    return sorted({str(one["rule"]) for one in row.get("findings") or () if one["severity"] == severity})
