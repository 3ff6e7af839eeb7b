"""A deployed stage with an archive, a ledger and a bus."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from sellerbus.notifications.archive import ArchivedEvent, object_key, write_lines
from sellerbus.notifications.ledger import event_id
from tests.unit.ops.aws import STAGE, DeployedStage, Finished, notifications

BUCKET: Final = "archive"
LEDGER: Final = "ledger"
SELLER: Final = "A2EW6EXAMPLE11"
LONG_AGO: Final = timedelta(hours=2)


class Bus:
    """EventBridge. refusals: error codes for the next calls' entries, by notification id."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refusals: dict[str, list[str]] = {}
        self.fails_at: int | None = None

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:
        if self.fails_at is not None and len(self.entries) >= self.fails_at:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutEvents")
        assert len(Entries) <= 10
        assert sum(len(entry["Detail"].encode()) for entry in Entries) <= 256 * 1024
        answer = []
        for entry in Entries:
            codes = self.refusals.get(json.loads(entry["Detail"])["notificationId"], [])
            if codes:
                answer.append({"ErrorCode": codes.pop(0)})
            else:
                self.entries.append(entry)
                answer.append({"EventId": str(len(self.entries))})
        return {"FailedEntryCount": 0, "Entries": answer}

    @property
    def details(self) -> list[dict[str, Any]]:
        return [json.loads(entry["Detail"]) for entry in self.entries]


def archived(number: int, at: datetime, **fields: Any) -> ArchivedEvent:
    """An event with its number for a name."""
    notification_id = f"n{number}"
    known = {
        "notificationType": "ORDER_CHANGE",
        "sellerId": SELLER,
        "marketplaceId": "ATVPDKIKX0DER",
        "payload": {"OrderChangeNotification": {"AmazonOrderId": str(number)}},
        "entity": {"kind": "order", "id": str(number)},
        "stale": False,
        "origin": "amazon",
        **fields,
    }
    return ArchivedEvent(
        event_id=event_id(notification_id),
        notification_id=notification_id,
        notification_type=known["notificationType"],
        seller_id=known["sellerId"],
        marketplace_id=known["marketplaceId"],
        published_at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        detail={"eventId": event_id(notification_id), "notificationId": notification_id, **known},
    )


class NotificationStage:
    """The region na of a stage; what is archived is archived by `keep`."""

    def __init__(self, stage: DeployedStage) -> None:
        self.stage = stage
        self.bus = Bus()
        stage.events = self.bus  # type: ignore[assignment]
        self.s3 = stage.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        stage.client("dynamodb").create_table(
            TableName=LEDGER,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        self.queue = stage.client("sqs").create_queue(QueueName="notifications")["QueueUrl"]
        self.now = datetime.now(UTC)
        stage.cloudformation.stacks[notifications()] = {
            "ArchiveBucketName": BUCKET,
            "LedgerTableName": LEDGER,
            "EventBusName": "bus",
            "NotificationQueueUrl": self.queue,
        }

    def keep(self, events: Sequence[ArchivedEvent], *, written: datetime | None = None) -> str:
        """Archive a batch, written when its last event was published, or then; returns the object's key."""
        at = written or datetime.fromisoformat(events[-1].published_at)
        key = object_key(at, events, str(uuid.uuid4()))
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=write_lines(events))
        return key

    def remember(self, notification_id: str, **fields: Any) -> None:
        """Write a row of the ledger."""
        item = {"pk": {"S": f"notification#{notification_id}"}, **fields}
        self.stage.client("dynamodb").put_item(TableName=LEDGER, Item=item)

    def run(self, *arguments: str, typed: list[str] | None = None) -> Finished:
        return self.stage.run("notifications", *arguments, "--stage", STAGE, "--region", "na", typed=typed)

    def sent(self) -> list[dict[str, Any]]:
        """The bodies of what lies in the notification queue."""
        answer = self.stage.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]
