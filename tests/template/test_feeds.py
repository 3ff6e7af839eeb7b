"""Where feeds come in, where they and their results lie, and how long."""

import json
from typing import Any

import pytest

from tests.template.synthesis import (
    Resource,
    Synthesis,
    Template,
    attribute,
    listed,
    refers_to,
    settings_of,
    synthesise,
)

OUTPUTS = {
    "FeedProcessedDeadLetterQueueUrl",
    "FeedProcessedQueueUrl",
    "FeedRequestDeadLetterQueueUrl",
    "FeedRequestQueueUrl",
    "FeedStateMachineArn",
    "InboxBucketName",
    "ListingChangeDeadLetterQueueUrl",
    "ListingChangeQueueUrl",
    "LookUpOrdersFunctionName",
    "MessageBucketName",
    "MessageSendDeadLetterQueueUrl",
    "MessageSendQueueUrl",
    "MessageTableName",
    "MessageTaskDeadLetterQueueUrl",
    "MessageTaskQueueUrl",
    "OperateFeedFunctionName",
    "OperateMessageFunctionName",
    "ResultBucketName",
    "TaskTableName",
}


def properties(template: Template, resource_type: str, beginning: str) -> Resource:
    found: Resource = template.of_type(resource_type)[template.logical_id(resource_type, beginning)]
    return found["Properties"]  # type: ignore[no-any-return]


def test_the_outputs_are_named_as_their_readers_know_them(synthesis: Synthesis) -> None:
    assert synthesis.tasks.outputs == OUTPUTS


@pytest.fixture
def inbox(synthesis: Synthesis) -> Resource:
    return properties(synthesis.tasks, "AWS::S3::Bucket", "Inbox")


@pytest.fixture
def results(synthesis: Synthesis) -> Resource:
    return properties(synthesis.tasks, "AWS::S3::Bucket", "Results")


def test_the_buckets_are_private_and_save_calls_of_the_key(inbox: Resource, results: Resource) -> None:
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    for bucket in (inbox, results):
        assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(blocked, True)
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def lifecycle(bucket: Resource) -> dict[str, Any]:
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return {rule["Id"]: rule for rule in rules}


def test_a_feed_that_is_replaced_stays_for_the_task_that_is_about_it(
    synthesis: Synthesis, inbox: Resource
) -> None:
    days = synthesis.settings.retention.feeds_days
    assert inbox["VersioningConfiguration"] == {"Status": "Enabled"}
    rule = lifecycle(inbox)["ExpireFeeds"]
    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("feeds/", days)
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}


def test_gathered_changes_stay_until_their_feed_has_ended_for_sure(inbox: Resource) -> None:
    """Amazon keeps feeds for 90 days; so long one is followed."""
    rule = lifecycle(inbox)["ExpireChanges"]
    assert rule["Prefix"] == "changes/"
    assert rule["ExpirationInDays"] == 100
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_nothing_lies_there_unseen(inbox: Resource) -> None:
    rule = lifecycle(inbox)["ForgetWhatIsNoObject"]
    assert "Prefix" not in rule
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rule["ExpiredObjectDeleteMarker"] is True


def test_results_are_gone_for_good_when_their_time_is_over(synthesis: Synthesis, results: Resource) -> None:
    (rule,) = lifecycle(results).values()
    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("tasks/", synthesis.settings.retention.feeds_days)
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "VersioningConfiguration" not in results


def test_only_the_inbox_tells_of_its_objects_and_by_no_function_of_cdk(
    inbox: Resource, results: Resource
) -> None:
    assert inbox["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert "NotificationConfiguration" not in results


def test_the_table_of_tasks(synthesis: Synthesis) -> None:
    table = properties(synthesis.tasks, "AWS::DynamoDB::Table", "Tasks")
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    by_seller, by_state = table["GlobalSecondaryIndexes"]
    assert (by_seller["IndexName"], by_state["IndexName"]) == ("bySeller", "byState")
    assert by_seller["KeySchema"] == [
        {"AttributeName": "sellerId", "KeyType": "HASH"},
        {"AttributeName": "createdAt", "KeyType": "RANGE"},
    ]
    assert by_state["KeySchema"] == [
        {"AttributeName": "state", "KeyType": "HASH"},
        {"AttributeName": "createdAt", "KeyType": "RANGE"},
    ]
    assert by_seller["Projection"] == {"ProjectionType": "ALL"}
    assert by_state["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert {entry["AttributeType"] for entry in table["AttributeDefinitions"]} == {"S"}


def rule(synthesis: Synthesis, beginning: str) -> Resource:
    return properties(synthesis.tasks, "AWS::Events::Rule", beginning)


def test_files_of_the_inbox_come_by_the_accounts_default_bus(synthesis: Synthesis) -> None:
    found = rule(synthesis, "RequestsFilesInTheInbox")
    assert "EventBusName" not in found
    bucket = synthesis.tasks.logical_id("AWS::S3::Bucket", "Inbox")
    assert found["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [{"Ref": bucket}]}, "object": {"key": [{"prefix": "feeds/"}]}},
    }


@pytest.mark.parametrize(
    ("beginning", "source", "detail_type"),
    [
        ("RequestsRequestsOnTheBus", "sellerbus.feeds", "FeedRequested"),
        ("ChangesChangesOnTheBus", "sellerbus.feeds", "ListingChangeRequested"),
        ("ProcessedProcessedFeeds", "sellerbus.notifications", "FEED_PROCESSING_FINISHED"),
    ],
)
def test_other_things_come_by_the_stages_bus(
    synthesis: Synthesis, beginning: str, source: str, detail_type: str
) -> None:
    found = rule(synthesis, beginning)
    assert found["EventPattern"] == {"source": [source], "detail-type": [detail_type]}
    bus = synthesis.notifications.logical_id("AWS::Events::EventBus", "EventBus")
    assert refers_to(found["EventBusName"], bus)


QUEUES = {
    "RequestsFeedRequestQueue": (
        "accept_feeds",
        {"FilesInTheInbox": "RequestsFilesInTheInbox", "RequestsOnTheBus": "RequestsRequestsOnTheBus"},
    ),
    "ChangesListingChangeQueue": (
        "gather_listing_changes",
        {"TheRuleSendsEvents": "ChangesChangesOnTheBus"},
    ),
    "ProcessedFeedProcessedQueue": (
        "note_feed_processed",
        {"TheRuleSendsEvents": "ProcessedProcessedFeeds"},
    ),
}


@pytest.mark.parametrize("beginning", sorted(QUEUES))
def test_each_queue_is_open_to_its_rules_and_nobody_else(synthesis: Synthesis, beginning: str) -> None:
    tasks = synthesis.tasks
    _, rules = QUEUES[beginning]
    queue = tasks.logical_id("AWS::SQS::Queue", beginning)
    dead_letters = tasks.logical_id("AWS::SQS::Queue", f"{beginning}DeadLetterQueue")
    for logical_id in (queue, dead_letters):
        statements = [
            statement
            for policy in tasks.of_type("AWS::SQS::QueuePolicy").values()
            if {"Ref": logical_id} in policy["Properties"]["Queues"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]
        assert len(statements) == len(rules)
        for statement in statements:
            name = tasks.logical_id("AWS::Events::Rule", rules[statement["Sid"]])
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert statement["Action"] == "sqs:SendMessage"
            assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": attribute(name)}}
    for name in rules.values():
        (target,) = rule(synthesis, name)["Targets"]
        assert target["Arn"] == attribute(queue)
        assert target["DeadLetterConfig"] == {"Arn": attribute(dead_letters)}


@pytest.mark.parametrize("beginning", sorted(QUEUES))
def test_each_queue_feeds_its_function(synthesis: Synthesis, beginning: str) -> None:
    tasks = synthesis.tasks
    function, _ = QUEUES[beginning]
    queue = tasks.logical_id("AWS::SQS::Queue", beginning)
    (mapping,) = (
        found["Properties"]
        for found in tasks.of_type("AWS::Lambda::EventSourceMapping").values()
        if found["Properties"]["EventSourceArn"] == attribute(queue)
    )
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] <= 10
    found = tasks.functions()[function]
    assert mapping["FunctionName"] == {
        "Ref": next(name for name, other in tasks.body["Resources"].items() if other is found)
    }
    seconds = found["Properties"]["Timeout"]
    made = tasks.body["Resources"][queue]["Properties"]
    window = mapping.get("MaximumBatchingWindowInSeconds", 0)
    # AWS asks for six time-outs of the function, and no less than one and the window.
    assert made["VisibilityTimeout"] >= 6 * seconds >= seconds + window
    assert made["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_file_may_wait_for_its_side_file_without_becoming_a_dead_letter(synthesis: Synthesis) -> None:
    queue = properties(synthesis.tasks, "AWS::SQS::Queue", "RequestsFeedRequestQueue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 100


def environment(synthesis: Synthesis, function: str) -> dict[str, Any]:
    found: dict[str, Any] = synthesis.tasks.functions()[function]["Properties"]["Environment"]["Variables"]
    return found


def test_the_functions_get_what_is_configured(local: Synthesis) -> None:
    assert json.loads(environment(local, "take_feed_turn")["SECONDS_BETWEEN_FEEDS"]) == {
        "default": 2,
        "JSON_LISTINGS_FEED": 1,
    }
    submit = environment(local, "submit_feed")
    assert (submit["SETTLE_SECONDS"], submit["SILENCE_SECONDS"]) == ("5", "6")
    assert submit["FEEDS_API_VERSION"] == environment(local, "check_feed")["FEEDS_API_VERSION"]
    assert environment(local, "follow_feed")["SILENCE_SECONDS"] == "6"
    assert environment(local, "check_feed")["LARGEST_FEED_BYTES"] == str(1024 * 1024 * 1024)
    gather = environment(local, "gather_listing_changes")
    assert (gather["CHANGES_WINDOW_SECONDS"], gather["MOST_CHANGES"]) == ("4", "25000")
    assert gather["MOST_CHANGES_BYTES"] == str(10 * 1024 * 1024)


def test_documents_lie_at_amazon_and_only_on_the_emulator_elsewhere_too(
    example: Synthesis, local: Synthesis
) -> None:
    for function in ("submit_feed", "collect_feed_report"):
        assert environment(example, function)["DOCUMENT_HOSTS"] == "amazon"
        assert environment(local, function)["DOCUMENT_HOSTS"] == "amazon,127.0.0.1:4010"


@pytest.fixture(scope="module")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Everything of feeds configured otherwise than by default."""
    settings = settings_of("example")
    feeds = settings.feeds.model_copy(
        update={
            "wait_for_previous": False,
            "other_creators": True,
            "largest_megabytes": 5,
            "custom_types": {"NEW_FEED": "xml"},
        }
    )
    return synthesise(
        "example",
        settings.model_copy(
            update={
                "feeds": feeds,
                "feeds_api_version": "2020-09-04",
                "retention": settings.retention.model_copy(update={"feeds_days": 365}),
            }
        ),
        tmp_path_factory.mktemp("otherwise"),
    )


def test_switches_and_limits_are_configured_too(otherwise: Synthesis) -> None:
    assert environment(otherwise, "take_feed_turn")["WAIT_FOR_PREVIOUS_FEED"] == "false"
    assert environment(otherwise, "submit_feed")["OTHER_FEED_CREATORS"] == "true"
    check = environment(otherwise, "check_feed")
    assert check["LARGEST_FEED_BYTES"] == str(5 * 1024 * 1024)
    assert json.loads(check["CUSTOM_FEED_TYPES"]) == {"NEW_FEED": "xml"}
    assert check["FEEDS_API_VERSION"] == "2020-09-04"
    # No feed is gathered that the check would refuse.
    assert environment(otherwise, "gather_listing_changes")["MOST_CHANGES_BYTES"] == str(5 * 1024 * 1024)


def test_feeds_are_kept_as_long_as_is_configured(otherwise: Synthesis) -> None:
    inbox = lifecycle(properties(otherwise.tasks, "AWS::S3::Bucket", "Inbox"))
    assert inbox["ExpireFeeds"]["ExpirationInDays"] == 365
    assert inbox["ExpireChanges"]["ExpirationInDays"] == 365
    results = lifecycle(properties(otherwise.tasks, "AWS::S3::Bucket", "Results"))
    assert results["ExpireResults"]["ExpirationInDays"] == 365


def test_all_buckets_are_emptied_after_the_last_writer_is_gone(local: Synthesis) -> None:
    tasks = local.tasks
    emptied = tasks.of_type("Custom::EmptyBucket")
    buckets = {found["Properties"]["BucketName"]["Ref"] for found in emptied.values()}
    assert buckets == set(tasks.of_type("AWS::S3::Bucket"))
    for function in ("accept_feeds", "check_feed", "collect_feed_report", "gather_listing_changes"):
        needed = set(listed(tasks.functions()[function]["DependsOn"]))
        assert set(emptied) <= needed, function


def test_nothing_is_emptied_where_data_is_kept(example: Synthesis) -> None:
    assert example.tasks.of_type("Custom::EmptyBucket") == {}


def test_a_task_whose_execution_is_over_before_its_end_is_ended(synthesis: Synthesis) -> None:
    rule = properties(synthesis.tasks, "AWS::Events::Rule", "BrokenOffRule")
    assert "EventBusName" not in rule  # Step Functions tells the default bus.
    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.states"]
    assert pattern["detail-type"] == ["Step Functions Execution Status Change"]
    assert pattern["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
    machine = synthesis.tasks.logical_id("AWS::StepFunctions::StateMachine", "FeedTasksMachine")
    assert [refers_to(arn, machine) for arn in pattern["detail"]["stateMachineArn"]] == [True]
    (target,) = rule["Targets"]
    assert refers_to(target["Arn"], synthesis.tasks.logical_id("AWS::Lambda::Function", "StepsEndFeedTask"))
    transformer = target["InputTransformer"]
    paths = {"detail-name": "$.detail.name", "detail-status": "$.detail.status"}
    assert transformer["InputPathsMap"] == paths
    assert json.loads(transformer["InputTemplate"].replace("<", '"').replace(">", '"')) == {
        "action": "broken-off",
        "execution": "detail-name",
        "status": "detail-status",
        "cause": "its execution is over; the console shows at which step",
    }


def test_executions_are_stopped_when_nothing_starts_them_any_more_and_before_the_state_machine_goes(
    synthesis: Synthesis,
) -> None:
    """CloudFormation waits for the last of them, for 90 days where it waits for a person."""
    tasks = synthesis.tasks
    ((stopped, resource),) = tasks.of_type("Custom::StopExecutions").items()
    machine = tasks.logical_id("AWS::StepFunctions::StateMachine", "FeedTasksMachine")
    assert refers_to(resource["Properties"]["StateMachineArn"], machine)
    assert stopped in listed(tasks.functions()["accept_feeds"]["DependsOn"])
    body = tasks.body["Resources"]
    for beginning, resource_type in (
        ("BrokenOffRule", "AWS::Events::Rule"),
        ("RequestsAcceptFeedsRequestSource", "AWS::Lambda::EventSourceMapping"),
    ):
        assert stopped in listed(body[tasks.logical_id(resource_type, beginning)]["DependsOn"]), beginning
    for step in ("follow_feed", "end_feed_task"):
        assert stopped not in listed(tasks.functions()[step].get("DependsOn", [])), step
