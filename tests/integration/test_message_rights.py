"""What the functions of messages and those of feeds may not do, asked of an emulator that enforces IAM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.messages import FIRST, Messages
from tests.integration.system import System

ATTACHMENT = f"attachments/{FIRST}/rights.txt"
FEED = f"feeds/{FIRST}/POST_FLAT_FILE_FULFILLMENT_DATA/rights.txt"
Attempt = tuple[str, str, Callable[[Any, dict[str, str]], Any]]


def read_row(table: str, key: str) -> Callable[[Any, dict[str, str]], Any]:
    return lambda dynamodb, names: dynamodb.get_item(
        TableName=names[table], Key={"pk": {"S": key}, "sk": {"S": "task"}}
    )


def read_object(bucket: str, key: str) -> Callable[[Any, dict[str, str]], Any]:
    return lambda s3, names: s3.get_object(Bucket=names[bucket], Key=key)


def write_object(bucket: str, key: str) -> Callable[[Any, dict[str, str]], Any]:
    return lambda s3, names: s3.put_object(Bucket=names[bucket], Key=key, Body=b"")


def read_credentials(secrets: Any, names: dict[str, str]) -> Any:
    return secrets.get_secret_value(SecretId=names["LwaCredentialsSecretArn"])


def send(queue: str) -> Callable[[Any, dict[str, str]], Any]:
    return lambda sqs, names: sqs.send_message(QueueUrl=names[queue], MessageBody="{}")


MESSAGE_ROW, FEED_ROW = "message-task/rights", "feed-task/rights"
FOREIGN: dict[str, Attempt] = {
    "accept_messages reads no credentials": ("AcceptMessages", "secretsmanager", read_credentials),
    "accept_messages writes no attachments": (
        "AcceptMessages",
        "s3",
        write_object("MessageBucketName", ATTACHMENT),
    ),
    "send_message writes no attachments": (
        "SendMessage",
        "s3",
        write_object("MessageBucketName", ATTACHMENT),
    ),
    "send_message reads no feeds": ("SendMessage", "s3", read_object("InboxBucketName", FEED)),
    "send_message reads no feed tasks": ("SendMessage", "dynamodb", read_row("TaskTableName", FEED_ROW)),
    "send_message asks for nothing": ("SendMessage", "sqs", send("MessageTaskQueueUrl")),
    "sweep_messages reads no attachments": (
        "SweepMessages",
        "s3",
        read_object("MessageBucketName", ATTACHMENT),
    ),
    "sweep_messages reads no credentials": ("SweepMessages", "secretsmanager", read_credentials),
    "operate_message reads no credentials": ("OperateMessage", "secretsmanager", read_credentials),
    "operate_message reads no attachments": (
        "OperateMessage",
        "s3",
        read_object("MessageBucketName", ATTACHMENT),
    ),
    "look_up_orders reads no messages": (
        "LookUpOrders",
        "dynamodb",
        read_row("MessageTableName", MESSAGE_ROW),
    ),
    "look_up_orders reads no attachments": (
        "LookUpOrders",
        "s3",
        read_object("MessageBucketName", ATTACHMENT),
    ),
    "submit_feed reads no attachments": (
        "StepsSubmitFeed",
        "s3",
        read_object("MessageBucketName", ATTACHMENT),
    ),
    "submit_feed reads no messages": (
        "StepsSubmitFeed",
        "dynamodb",
        read_row("MessageTableName", MESSAGE_ROW),
    ),
    "accept_feeds sends no messages": ("AcceptFeeds", "sqs", send("MessageTaskQueueUrl")),
}


@pytest.fixture(scope="module", autouse=True)
def there(messages: Messages) -> None:
    """The attachment that is tried to be read is there: else it might be missing that is told."""
    messages.tasks.attach(FIRST, "rights.txt", b"rights")


@pytest.mark.parametrize("what", FOREIGN)
def test_each_function_may_do_its_own_work_only(system: System, what: str) -> None:
    function, service, attempt = FOREIGN[what]
    (name,) = system.function_names(function)

    with pytest.raises(ClientError) as refused:
        attempt(system.assume_role_of(name, service), system.outputs)

    assert refused.value.response["Error"]["Code"].startswith("AccessDenied")
