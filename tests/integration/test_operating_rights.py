"""What the functions that operate the stage may not do, asked of an emulator that enforces IAM."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cast import SELLERS
from tests.integration.system import AMAZON_ACCOUNT, System

SELLER = SELLERS[0].seller_id
STRANGER = "111122223333"
ARCHIVED = "events/1999/12/31/23/59/rights.jsonl.gz"
"""Of a time in which nobody looks for events."""
Names = dict[str, str]
Attempt = tuple[str, str, Callable[[Any, Names], Any]]


def read_row(table: str, **key: str) -> Callable[[Any, Names], Any]:
    return lambda dynamodb, names: dynamodb.get_item(
        TableName=names[table], Key={name: {"S": value} for name, value in key.items()}
    )


def delete_row(table: str, **key: str) -> Callable[[Any, Names], Any]:
    return lambda dynamodb, names: dynamodb.delete_item(
        TableName=names[table], Key={name: {"S": value} for name, value in key.items()}
    )


def read_archive(s3: Any, names: Names) -> Any:
    return s3.get_object(Bucket=names["ArchiveBucketName"], Key=ARCHIVED)


def write_archive(key: str) -> Callable[[Any, Names], Any]:
    return lambda s3, names: s3.put_object(Bucket=names["ArchiveBucketName"], Key=key, Body=b"")


def read_credentials(secrets: Any, names: Names) -> Any:
    return secrets.get_secret_value(SecretId=names["LwaCredentialsSecretArn"])


def write_credentials(secrets: Any, names: Names) -> Any:
    return secrets.put_secret_value(SecretId=names["LwaCredentialsSecretArn"], SecretString="{}")


def put_in_use(secrets: Any, names: Names) -> Any:
    return secrets.update_secret_version_stage(
        SecretId=names["LwaCredentialsSecretArn"], VersionStage="AWSCURRENT", MoveToVersionId="0" * 32
    )


def send(queue: str) -> Callable[[Any, Names], Any]:
    return lambda sqs, names: sqs.send_message(QueueUrl=names[queue], MessageBody="{}")


def receive(queue: str) -> Callable[[Any, Names], Any]:
    return lambda sqs, names: sqs.receive_message(QueueUrl=names[queue])


def publish(source: str) -> Callable[[Any, Names], Any]:
    return lambda events, names: events.put_events(
        Entries=[
            {
                "EventBusName": names["EventBusName"],
                "Source": source,
                "DetailType": "ORDER_CHANGE",
                "Detail": "{}",
            }
        ]
    )


def subscribe(sns: Any, names: Names) -> Any:
    return sns.subscribe(TopicArn=names["AlarmTopicArn"], Protocol="email", Endpoint="somebody@example.com")


def tell(topic: str) -> Callable[[Any, Names], Any]:
    return lambda sns, names: sns.publish(TopicArn=names[topic], Message="all is well")


REGISTRY, STATE, LEDGER = "SellerRegistryTableName", "SubscriptionStateTableName", "LedgerTableName"
MESSAGE = {"pk": "message-task/rights", "sk": "task"}
NOTIFICATIONS, SELLERS_SOURCE = "sellerbus.notifications", "sellerbus.sellers"
FOREIGN: dict[str, Attempt] = {
    "archive_notifications reads no archive": ("ArchiveNotifications", "s3", read_archive),
    "archive_notifications writes events only": (
        "ArchiveNotifications",
        "s3",
        write_archive("elsewhere/rights.jsonl.gz"),
    ),
    "archive_notifications publishes nothing": ("ArchiveNotifications", "events", publish(NOTIFICATIONS)),
    "archive_notifications reads no credentials": (
        "ArchiveNotifications",
        "secretsmanager",
        read_credentials,
    ),
    "archive_notifications takes no notifications": (
        "ArchiveNotifications",
        "sqs",
        receive("NotificationQueueUrl"),
    ),
    "find_missed_events publishes nothing itself": ("FindMissedEvents", "events", publish(NOTIFICATIONS)),
    "find_missed_events takes no notifications": (
        "FindMissedEvents",
        "sqs",
        receive("NotificationQueueUrl"),
    ),
    "find_missed_events removes no seller": (
        "FindMissedEvents",
        "dynamodb",
        delete_row(REGISTRY, sellerId=SELLER),
    ),
    "find_missed_events forgets no subscription": (
        "FindMissedEvents",
        "dynamodb",
        delete_row(STATE, sellerId=SELLER),
    ),
    "find_missed_events reads no messages": (
        "FindMissedEvents",
        "dynamodb",
        read_row("MessageTableName", **MESSAGE),
    ),
    "find_missed_events reads no archive": ("FindMissedEvents", "s3", read_archive),
    "find_missed_events changes no credentials": ("FindMissedEvents", "secretsmanager", write_credentials),
    "run_canary takes no notifications": ("RunCanary", "sqs", receive("NotificationQueueUrl")),
    "run_canary queues no sellers": ("RunCanary", "sqs", send("SubscriptionQueueUrl")),
    "run_canary publishes nothing itself": ("RunCanary", "events", publish("sellerbus.canary")),
    "run_canary reads no credentials": ("RunCanary", "secretsmanager", read_credentials),
    "run_canary reads no ledger": ("RunCanary", "dynamodb", read_row(LEDGER, pk="notification#n")),
    "watch_stage reads no credentials": ("WatchStage", "secretsmanager", read_credentials),
    "watch_stage reads no messages": ("WatchStage", "dynamodb", read_row("MessageTableName", **MESSAGE)),
    "watch_stage reads no seller's row": ("WatchStage", "dynamodb", read_row(REGISTRY, sellerId=SELLER)),
    "watch_stage reads no tokens": (
        "WatchStage",
        "dynamodb",
        lambda dynamodb, names: dynamodb.scan(TableName=names[REGISTRY], ProjectionExpression="refreshToken"),
    ),
    "watch_stage publishes no notifications": ("WatchStage", "events", publish(NOTIFICATIONS)),
    "watch_stage subscribes nobody to alarms": ("WatchStage", "sns", subscribe),
    "watch_stage tells nobody of alarms": ("WatchStage", "sns", tell("AlarmTopicArn")),
    "rotate_secret publishes no notifications": ("RotateSecret", "events", publish(NOTIFICATIONS)),
    "rotate_secret takes no notifications": ("RotateSecret", "sqs", receive("NotificationQueueUrl")),
    "rotate_secret sends no notifications": ("RotateSecret", "sqs", send("NotificationQueueUrl")),
    "rotate_secret sends itself no messages": ("RotateSecret", "sqs", send("ApplicationQueueUrl")),
    "rotate_secret deletes no credentials": (
        "RotateSecret",
        "secretsmanager",
        lambda secrets, names: secrets.delete_secret(SecretId=names["LwaCredentialsSecretArn"]),
    ),
    "rotate_secret removes no seller": ("RotateSecret", "dynamodb", delete_row(REGISTRY, sellerId=SELLER)),
    "rotate_secret reads no messages": ("RotateSecret", "dynamodb", read_row("MessageTableName", **MESSAGE)),
    "rotate_secret reads no archive": ("RotateSecret", "s3", read_archive),
    "inspect_amazon puts no secret in use": ("InspectAmazon", "secretsmanager", put_in_use),
    "process_notifications reads no archive": ("ProcessNotifications", "s3", read_archive),
    "process_notifications writes no archive": ("ProcessNotifications", "s3", write_archive(ARCHIVED)),
    "process_notifications takes no new secret": (
        "ProcessNotifications",
        "sqs",
        receive("ApplicationQueueUrl"),
    ),
    "send_message puts no secret in use": ("SendMessage", "secretsmanager", put_in_use),
}
OWN: dict[str, Attempt] = {
    "archive_notifications writes events": ("ArchiveNotifications", "s3", write_archive(ARCHIVED)),
    "find_missed_events goes through the sellers": (
        "FindMissedEvents",
        "dynamodb",
        lambda dynamodb, names: dynamodb.scan(TableName=names[REGISTRY], Limit=1),
    ),
    "run_canary sends notifications": (
        "RunCanary",
        "sqs",
        lambda sqs, names: sqs.send_message(QueueUrl=names["NotificationQueueUrl"], MessageBody=canary()),
    ),
    "watch_stage sees who hears of alarms": (
        "WatchStage",
        "sns",
        lambda sns, names: sns.list_subscriptions_by_topic(TopicArn=names["AlarmTopicArn"]),
    ),
    "rotate_secret reads the credentials": ("RotateSecret", "secretsmanager", read_credentials),
}
"""So that the others are not refused because the roles can't be used at all."""


def canary() -> str:
    now = "2026-03-02T12:00:00Z"
    return json.dumps(
        {
            "notificationVersion": "1.0",
            "notificationType": "SELLERBUS_CANARY",
            "payloadVersion": "1.0",
            "eventTime": now,
            "payload": {"id": "rights", "sentAt": now},
            "notificationMetadata": {
                "applicationId": "sellerbus",
                "subscriptionId": "canary",
                "publishTime": now,
                "notificationId": "canary-rights",
            },
        }
    )


def as_function(system: System, attempt: Attempt) -> Any:
    function, service, call = attempt
    (name,) = system.function_names(function)
    return call(system.assume_role_of(name, service), system.outputs)


@pytest.fixture(scope="module", autouse=True)
def there(system: System) -> Iterator[None]:
    """The object that is tried to be read is there: else it might be missing that is told."""
    s3, bucket = system.client("s3"), system.outputs["ArchiveBucketName"]
    s3.put_object(Bucket=bucket, Key=ARCHIVED, Body=b"")
    yield
    s3.delete_object(Bucket=bucket, Key=ARCHIVED)


@pytest.mark.parametrize("what", OWN)
def test_each_function_may_do_its_own_work(system: System, what: str) -> None:
    answer = as_function(system, OWN[what])

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("what", FOREIGN)
def test_each_function_may_do_its_own_work_only(system: System, what: str) -> None:
    with pytest.raises(ClientError) as refused:
        as_function(system, FOREIGN[what])

    code = refused.value.response["Error"]["Code"]
    assert code.startswith("AccessDenied") or code == "AuthorizationError"


@pytest.mark.parametrize("account", [AMAZON_ACCOUNT, STRANGER], ids=["Amazon", "another account"])
@pytest.mark.parametrize("topic", ["AlarmTopicArn", "PageTopicArn"])
def test_nobody_else_tells_of_alarms(system: System, topic: str, account: str) -> None:
    with pytest.raises(ClientError) as refused:
        tell(topic)(system.client("sns", account=account), system.outputs)

    assert refused.value.response["Error"]["Code"] in ("AccessDenied", "AuthorizationError", "NotFound")
