"""Where messages come in, where their texts and attachments lie, and how long."""

from typing import Any

import pytest

from tests.template.synthesis import Resource, Synthesis, attribute, refers_to, settings_of, synthesise

DAY = 24 * 3600
PROMISED_DAYS = 30
"""What is written to buyers is gone for good after these."""


def properties(synthesis: Synthesis, resource_type: str, beginning: str) -> Resource:
    tasks = synthesis.tasks
    found: Resource = tasks.of_type(resource_type)[tasks.logical_id(resource_type, beginning)]
    return found["Properties"]  # type: ignore[no-any-return]


def environment(synthesis: Synthesis, function: str) -> dict[str, Any]:
    found: dict[str, Any] = synthesis.tasks.functions()[function]["Properties"]["Environment"]["Variables"]
    return found


@pytest.fixture
def table(synthesis: Synthesis) -> Resource:
    return properties(synthesis, "AWS::DynamoDB::Table", "MessagesTable")


@pytest.fixture
def bucket(synthesis: Synthesis) -> Resource:
    return properties(synthesis, "AWS::S3::Bucket", "MessagesBucket")


def lifecycle(bucket: Resource) -> dict[str, Any]:
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return {rule["Id"]: rule for rule in rules}


def test_the_table_forgets_by_time_and_costs_by_use(table: Resource) -> None:
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert {entry["AttributeType"] for entry in table["AttributeDefinitions"]} == {"S"}
    assert "StreamSpecification" not in table


def test_tasks_are_found_by_seller_and_open_ones_without_their_texts(table: Resource) -> None:
    found = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    keys = {
        name: [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]]
        for name, index in found.items()
    }
    assert keys == {
        "bySeller": [("sellerId", "HASH"), ("createdAt", "RANGE")],
        "byState": [("state", "HASH"), ("createdAt", "RANGE")],
        "open": [("sweep", "HASH"), ("sweepAt", "RANGE")],
    }
    assert found["bySeller"]["Projection"] == {"ProjectionType": "ALL"}
    assert found["byState"]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert found["open"]["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def recovery_days(table: Resource) -> int:
    recovery = table["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True
    days: int = recovery["RecoveryPeriodInDays"]
    return days


def days_until_attachments_are_gone(bucket: Resource) -> int:
    """At the latest: S3 counts both times from the next midnight on.

    Source: Amazon S3 user guide, "Lifecycle configuration elements", how S3 calculates how long an object has
    been noncurrent.
    """
    rule = lifecycle(bucket)["ExpireAttachments"]
    assert rule["Prefix"] == "attachments/"
    expired: int = rule["ExpirationInDays"]
    noncurrent: int = rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
    return expired + 1 + noncurrent + 1


def test_a_text_is_gone_within_the_promise_also_from_the_tables_backup(
    synthesis: Synthesis, table: Resource
) -> None:
    kept = synthesis.settings.retention.messages_days
    assert environment(synthesis, "accept_messages")["MESSAGE_CONTENT_DAYS"] == str(kept)
    assert recovery_days(table) == 1
    # The sweeper erases it some minutes late.
    assert kept + recovery_days(table) < PROMISED_DAYS


def test_an_attachment_is_gone_within_the_promise(bucket: Resource) -> None:
    assert days_until_attachments_are_gone(bucket) <= PROMISED_DAYS


def test_no_bucket_keeps_what_is_no_object_and_templates_stay(bucket: Resource) -> None:
    rules = lifecycle(bucket)
    assert set(rules) == {"ExpireAttachments", "ForgetReplacedTemplates", "ForgetWhatIsNoObject"}
    templates = rules["ForgetReplacedTemplates"]
    assert templates["Prefix"] == "templates/"
    assert "ExpirationInDays" not in templates
    assert templates["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    others = rules["ForgetWhatIsNoObject"]
    assert "Prefix" not in others
    assert others["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert others["ExpiredObjectDeleteMarker"] is True


def test_the_bucket_is_private_and_keeps_the_version_that_was_handed_over(bucket: Resource) -> None:
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(blocked, True)
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "NotificationConfiguration" not in bucket


def test_requests_come_by_the_stages_bus(synthesis: Synthesis) -> None:
    rule = properties(synthesis, "AWS::Events::Rule", "MessagesRequestsRequestsOnTheBus")
    assert rule["EventPattern"] == {"source": ["sellerbus.messages"], "detail-type": ["MessageRequested"]}
    bus = synthesis.notifications.logical_id("AWS::Events::EventBus", "EventBus")
    assert refers_to(rule["EventBusName"], bus)
    (target,) = rule["Targets"]
    queue = synthesis.tasks.logical_id("AWS::SQS::Queue", "MessagesRequestsMessageTaskQueue")
    letters = synthesis.tasks.logical_id("AWS::SQS::Queue", "MessagesRequestsMessageTaskQueueDeadLetterQueue")
    assert target["Arn"] == attribute(queue)
    assert target["DeadLetterConfig"] == {"Arn": attribute(letters)}
    # Whole, so that its id names the task: and one group for all sellers would be none.
    assert not {"Input", "InputPath", "InputTransformer", "SqsParameters"} & set(target)


# Retention, most receives, function, records of a call.
QUEUES = {
    "MessagesRequestsMessageTaskQueue": (4 * DAY, 100, "accept_messages", 10),
    "MessagesMessageSendQueue": (14 * DAY, 1000, "send_message", 1),
}


@pytest.mark.parametrize("beginning", sorted(QUEUES))
def test_each_queue_feeds_its_function(synthesis: Synthesis, beginning: str) -> None:
    tasks = synthesis.tasks
    retention, receives, function, batch = QUEUES[beginning]
    queue = tasks.logical_id("AWS::SQS::Queue", beginning)
    made = tasks.body["Resources"][queue]["Properties"]
    assert made["MessageRetentionPeriod"] == retention
    assert made["RedrivePolicy"]["maxReceiveCount"] == receives
    # Message groups keep sellers apart on a standard queue; a FIFO queue would hold a group behind its first.
    assert "FifoQueue" not in made
    (mapping,) = (
        found["Properties"]
        for found in tasks.of_type("AWS::Lambda::EventSourceMapping").values()
        if found["Properties"]["EventSourceArn"] == attribute(queue)
    )
    assert mapping["BatchSize"] == batch
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 10
    found = tasks.functions()[function]
    assert refers_to(
        mapping["FunctionName"],
        next(name for name, other in tasks.body["Resources"].items() if other is found),
    )
    # AWS asks for six time-outs of the function.
    assert made["VisibilityTimeout"] >= 6 * found["Properties"]["Timeout"]


def test_a_text_in_a_queue_is_gone_within_the_promise(synthesis: Synthesis) -> None:
    queue = "MessagesRequestsMessageTaskQueue"
    waiting = properties(synthesis, "AWS::SQS::Queue", queue)["MessageRetentionPeriod"]
    dead = properties(synthesis, "AWS::SQS::Queue", f"{queue}DeadLetterQueue")["MessageRetentionPeriod"]
    assert waiting + dead <= PROMISED_DAYS * DAY


def test_only_the_rule_is_let_into_a_queue_by_its_policy(synthesis: Synthesis) -> None:
    tasks = synthesis.tasks
    rule = attribute(tasks.logical_id("AWS::Events::Rule", "MessagesRequestsRequestsOnTheBus"))
    for beginning, senders in (
        ("MessagesRequestsMessageTaskQueue", [rule]),
        ("MessagesRequestsMessageTaskQueueDeadLetterQueue", [rule]),
        ("MessagesMessageSendQueue", []),
        ("MessagesMessageSendQueueDeadLetterQueue", []),
    ):
        queue = tasks.logical_id("AWS::SQS::Queue", beginning)
        allowed = [
            statement
            for policy in tasks.of_type("AWS::SQS::QueuePolicy").values()
            if {"Ref": queue} in policy["Properties"]["Queues"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]
        assert [found["Condition"]["ArnEquals"]["aws:SourceArn"] for found in allowed] == senders
        assert all(found["Principal"] == {"Service": "events.amazonaws.com"} for found in allowed)


def test_the_sweeper_looks_every_five_minutes_and_is_done_by_then(synthesis: Synthesis) -> None:
    rule = properties(synthesis, "AWS::Events::Rule", "MessagesSendingSchedule")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    function = synthesis.tasks.logical_id("AWS::Lambda::Function", "MessagesSendingSweepMessages")
    (target,) = rule["Targets"]
    assert target["Arn"] == attribute(function)
    assert synthesis.tasks.functions()["sweep_messages"]["Properties"]["Timeout"] < 300


def test_attachments_fit_into_the_memory_of_what_reads_them(synthesis: Synthesis) -> None:
    """Less than 10 MB, more than once while they are hashed and uploaded."""
    for function in ("accept_messages", "send_message"):
        assert synthesis.tasks.functions()[function]["Properties"]["MemorySize"] == 512


def test_operators_wait_a_minute_at_most(synthesis: Synthesis) -> None:
    for function in ("operate_message", "look_up_orders"):
        assert synthesis.tasks.functions()[function]["Properties"]["Timeout"] == 60


def test_the_functions_get_what_is_configured(example: Synthesis, local: Synthesis) -> None:
    send = environment(local, "send_message")
    assert (send["SETTLE_SECONDS"], send["OTHER_MESSAGE_SENDERS"], send["GIVE_UP_HOURS"]) == (
        "4",
        "false",
        "24",
    )
    assert send["DOCUMENT_HOSTS"] == "amazon,127.0.0.1:4010"
    assert environment(example, "send_message")["DOCUMENT_HOSTS"] == "amazon"
    assert environment(example, "send_message")["SETTLE_SECONDS"] == "300"
    assert environment(local, "accept_messages")["SAME_MESSAGE_HOURS"] == "24"
    assert environment(local, "accept_messages")["MARKETPLACE_IDS"].split(",") == [
        *local.settings.marketplaces
    ]
    assert environment(local, "look_up_orders")["ORDERS_API_VERSION"] == "2026-01-01"
    assert environment(local, "sweep_messages")["OPEN_INDEX_NAME"] == "open"


@pytest.fixture(scope="module")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Everything of messages configured otherwise than by default."""
    settings = settings_of("example")
    messages = settings.messages.model_copy(
        update={"other_senders": True, "give_up_hours": 5, "same_message_hours": 7}
    )
    return synthesise(
        "example",
        settings.model_copy(
            update={
                "messages": messages,
                "orders_api_version": "v0",
                "retention": settings.retention.model_copy(update={"messages_days": 1}),
            }
        ),
        tmp_path_factory.mktemp("otherwise"),
    )


def test_switches_and_times_are_configured_too(otherwise: Synthesis) -> None:
    send = environment(otherwise, "send_message")
    assert (send["OTHER_MESSAGE_SENDERS"], send["GIVE_UP_HOURS"]) == ("true", "5")
    accept = environment(otherwise, "accept_messages")
    assert (accept["SAME_MESSAGE_HOURS"], accept["MESSAGE_CONTENT_DAYS"]) == ("7", "1")
    assert environment(otherwise, "look_up_orders")["ORDERS_API_VERSION"] == "v0"


def test_what_is_to_be_kept_a_day_is_not_kept_much_longer(otherwise: Synthesis) -> None:
    assert recovery_days(properties(otherwise, "AWS::DynamoDB::Table", "MessagesTable")) == 1
    rules = lifecycle(properties(otherwise, "AWS::S3::Bucket", "MessagesBucket"))
    assert rules["ExpireAttachments"]["ExpirationInDays"] == 1
