"""Who may do what with the queues, asked of an emulator that enforces IAM and resource policies.

That notifications come through at all in this mode shows that the functions' least-privilege roles suffice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cast import SELLERS
from tests.integration.system import AMAZON_ACCOUNT, System, order_change

STRANGER = "111122223333"

ATTEMPTS: dict[str, Callable[[Any, str], Any]] = {
    "SendMessage": lambda sqs, url: sqs.send_message(QueueUrl=url, MessageBody="{}"),
    "GetQueueAttributes": lambda sqs, url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
    "ReceiveMessage": lambda sqs, url: sqs.receive_message(QueueUrl=url),
    "DeleteMessage": lambda sqs, url: sqs.delete_message(QueueUrl=url, ReceiptHandle="none"),
    "ChangeMessageVisibility": lambda sqs, url: sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle="none", VisibilityTimeout=0
    ),
    "PurgeQueue": lambda sqs, url: sqs.purge_queue(QueueUrl=url),
    "SetQueueAttributes": lambda sqs, url: sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": "360"}
    ),
    "DeleteQueue": lambda sqs, url: sqs.delete_queue(QueueUrl=url),
    "AddPermission": lambda sqs, url: sqs.add_permission(
        QueueUrl=url, Label="more", AWSAccountIds=[STRANGER], Actions=["*"]
    ),
}
AMAZON_MAY = ("SendMessage", "GetQueueAttributes")
QUEUES = (
    "NotificationQueueUrl",
    "NotificationDeadLetterQueueUrl",
    "SubscriptionQueueUrl",
    "FeedRequestQueueUrl",
    "FeedRequestDeadLetterQueueUrl",
    "ListingChangeQueueUrl",
    "MessageTaskQueueUrl",
    "MessageTaskDeadLetterQueueUrl",
    "MessageSendQueueUrl",
    "ArchiveQueueUrl",
    "ArchiveDeadLetterQueueUrl",
    "ApplicationQueueUrl",
    "ApplicationDeadLetterQueueUrl",
)
OPEN_TO_AMAZON = {
    "NotificationQueueUrl": "NotificationDeadLetterQueueUrl",
    "ApplicationQueueUrl": "ApplicationDeadLetterQueueUrl",
}
"""And where that lies which came in and is no message of Amazon's."""
BUCKETS = ("InboxBucketName", "ResultBucketName", "MessageBucketName", "ArchiveBucketName")
DOCUMENT = "feeds/A2BAZU3EXAMPLE/POST_FLAT_FILE_FULFILLMENT_DATA/iam.txt"


def refusal(system: System, account: str, attempt: str, queue: str) -> str | None:
    """The error code with which the attempt of an account is refused; None when it is allowed."""
    try:
        ATTEMPTS[attempt](system.client("sqs", account=account), system.outputs[queue])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def test_the_emulator_enforces_iam_at_all(system: System) -> None:
    assert system.deployment.emulator.endpoint.startswith("https://")
    with pytest.raises(ClientError, match="security token"):
        system.client("sqs", account="AKIANOBODY").list_queues()


@pytest.mark.parametrize("queue", OPEN_TO_AMAZON)
@pytest.mark.parametrize("attempt", AMAZON_MAY)
def test_amazon_may_send_and_read_attributes(system: System, queue: str, attempt: str) -> None:
    # The empty object that is sent is no notification; it ends in the dead letters, which are cleared here.
    assert refusal(system, AMAZON_ACCOUNT, attempt, queue) is None
    if attempt == "SendMessage":
        letters = system.take_dead_letters(1, queue=OPEN_TO_AMAZON[queue])
        assert [letter.body for letter in letters] == ["{}"]


@pytest.mark.parametrize("queue", OPEN_TO_AMAZON)
@pytest.mark.parametrize("attempt", [name for name in ATTEMPTS if name not in AMAZON_MAY])
def test_amazon_may_do_nothing_else(system: System, queue: str, attempt: str) -> None:
    assert refusal(system, AMAZON_ACCOUNT, attempt, queue) == "AccessDenied"


@pytest.mark.parametrize("queue", [name for name in QUEUES if name not in OPEN_TO_AMAZON])
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_amazon_may_not_touch_the_other_queues(system: System, queue: str, attempt: str) -> None:
    assert refusal(system, AMAZON_ACCOUNT, attempt, queue) == "AccessDenied"


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_another_account_may_do_nothing(system: System, queue: str, attempt: str) -> None:
    assert refusal(system, STRANGER, attempt, queue) == "AccessDenied"


@pytest.mark.parametrize("account", [AMAZON_ACCOUNT, "test"], ids=["Amazon", "our own account"])
def test_a_send_without_tls_is_denied(system: System, account: str) -> None:
    sqs = system.deployment.emulator.new_client("sqs", account=account)
    # The emulator takes the transport from this header, as behind a load balancer that ends TLS.
    sqs.meta.events.register(
        "before-sign.sqs", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "http")
    )

    with pytest.raises(ClientError) as refused:
        sqs.send_message(QueueUrl=system.outputs["NotificationQueueUrl"], MessageBody="{}")

    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_a_notification_comes_through_with_the_functions_own_roles(system: System) -> None:
    (notification_id,) = system.publish(order_change("114-0000009-0000009"))

    system.await_deliveries([notification_id])


def test_the_processor_may_not_read_the_credentials(system: System) -> None:
    as_processor = system.assume_role_of(system.outputs["ProcessNotificationsFunctionName"], "secretsmanager")

    with pytest.raises(ClientError) as refused:
        as_processor.get_secret_value(SecretId=system.outputs["LwaCredentialsSecretArn"])

    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_refresh_token_opens_only_under_its_sellers_context(system: System) -> None:
    seller = SELLERS[0].seller_id
    row = system.client("dynamodb").get_item(
        TableName=system.outputs["SellerRegistryTableName"], Key={"sellerId": {"S": seller}}
    )["Item"]
    reconciler = system.function_names("ReconcileSubscriptions")[0]
    as_reconciler = system.assume_role_of(reconciler, "kms")

    def decrypt(**context: str) -> bytes:
        answer = as_reconciler.decrypt(
            KeyId=system.outputs["KeyArn"],
            CiphertextBlob=row["refreshToken"]["B"],
            EncryptionContext=context,
        )
        return bytes(answer["Plaintext"])

    assert decrypt(sellerId=seller).startswith(b"Atzr|")
    with pytest.raises(ClientError) as another_seller:
        decrypt(sellerId=SELLERS[1].seller_id)
    assert another_seller.value.response["Error"]["Code"] == "InvalidCiphertextException"
    with pytest.raises(ClientError) as another_name:
        decrypt(tenant=seller)
    assert another_name.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError) as no_context:
        decrypt()
    assert no_context.value.response["Error"]["Code"] == "AccessDeniedException"


FOREIGN_TO_ROLES: dict[str, tuple[str, str, Callable[[Any, dict[str, str]], Any]]] = {
    "check_feed reads no credentials": (
        "StepsCheckFeed",
        "secretsmanager",
        lambda secrets, names: secrets.get_secret_value(SecretId=names["LwaCredentialsSecretArn"]),
    ),
    "check_feed hands nothing over": (
        "StepsCheckFeed",
        "s3",
        lambda s3, names: s3.put_object(Bucket=names["InboxBucketName"], Key=DOCUMENT, Body=b""),
    ),
    "submit_feed writes no results": (
        "StepsSubmitFeed",
        "s3",
        lambda s3, names: s3.put_object(Bucket=names["ResultBucketName"], Key="tasks/t/report", Body=b""),
    ),
    "collect_feed_report reads no feeds": (
        "StepsCollectFeedReport",
        "s3",
        lambda s3, names: s3.get_object(Bucket=names["InboxBucketName"], Key=DOCUMENT),
    ),
    "accept_feeds reads no results": (
        "AcceptFeeds",
        "s3",
        lambda s3, names: s3.get_object(Bucket=names["ResultBucketName"], Key="tasks/t/report"),
    ),
    "take_feed_turn starts no execution": (
        "TakeFeedTurn",
        "stepfunctions",
        lambda states, names: states.start_execution(stateMachineArn=names["FeedStateMachineArn"]),
    ),
}


@pytest.mark.parametrize("what", FOREIGN_TO_ROLES)
def test_the_functions_of_feeds_may_do_their_own_work_only(system: System, what: str) -> None:
    function, service, attempt = FOREIGN_TO_ROLES[what]
    (name,) = system.function_names(function)

    with pytest.raises(ClientError) as refused:
        attempt(system.assume_role_of(name, service), system.outputs)

    assert refused.value.response["Error"]["Code"].startswith("AccessDenied")


@pytest.mark.parametrize("bucket", BUCKETS)
def test_amazon_and_others_may_read_nothing_that_is_kept(system: System, bucket: str) -> None:
    for account in (AMAZON_ACCOUNT, STRANGER):
        with pytest.raises(ClientError) as refused:
            system.client("s3", account=account).list_objects_v2(Bucket=system.outputs[bucket])
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
