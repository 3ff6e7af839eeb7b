"""Destination and subscriptions as resources, and what feeds the reconciler."""

import json
from typing import Any

import pytest

from stacks.wanted_subscriptions import wanted_subscriptions
from tests.template.synthesis import Synthesis, attribute, settings_of, synthesise


def text_of(joined: dict[str, Any]) -> dict[str, Any]:
    """A JSON text with references in it, as data; each reference becomes its logical id."""
    parts = [part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in joined["Fn::Join"][1]]
    data: dict[str, Any] = json.loads("".join(parts))
    return data


def depends_on(synthesis: Synthesis, logical_id: str) -> set[str]:
    return set(synthesis.notifications.body["Resources"][logical_id].get("DependsOn", []))


@pytest.fixture
def destination_id(synthesis: Synthesis) -> str:
    return synthesis.notifications.logical_id("Custom::SpApiDestination", "Destination")


@pytest.fixture
def subscriptions_id(synthesis: Synthesis) -> str:
    return next(iter(synthesis.notifications.of_type("Custom::SpApiSubscriptions")))


def test_the_destination_is_our_queue(synthesis: Synthesis, destination_id: str) -> None:
    properties = synthesis.notifications.body["Resources"][destination_id]["Properties"]
    queue_id = synthesis.notifications.logical_id("AWS::SQS::Queue", "NotificationQueue")
    assert properties["QueueArn"] == attribute(queue_id)
    assert "Kind" not in properties
    assert properties["Name"] == synthesis.prefix
    assert len(properties["Name"]) <= 64


def test_a_missing_secret_is_answered_with_the_command(synthesis: Synthesis) -> None:
    for resource in synthesis.notifications.of_type("Custom::SpApiDestination").values():
        command = f"bin/sellerbus secrets set --stage {synthesis.stage}"
        assert resource["Properties"]["SecretSetCommand"] == command


@pytest.mark.parametrize("resource_type", ["Custom::SpApiDestination", "Custom::SpApiSubscriptions"])
def test_no_deploy_hangs_longer_than_a_quarter_of_an_hour(synthesis: Synthesis, resource_type: str) -> None:
    resources = synthesis.notifications.of_type(resource_type).values()
    assert resources
    for resource in resources:
        properties = resource["Properties"]
        (function_id, _) = properties["ServiceToken"]["Fn::GetAtt"]
        function = synthesis.notifications.of_type("AWS::Lambda::Function")[function_id]["Properties"]
        assert function["Timeout"] < int(properties["ServiceTimeout"]) <= 900


def test_amazon_is_told_of_the_queue_after_it_may_send_there(
    synthesis: Synthesis, destination_id: str
) -> None:
    policy = synthesis.notifications.logical_id("AWS::SQS::QueuePolicy", "NotificationQueuePolicy")
    assert policy in depends_on(synthesis, destination_id)


def reached_from(synthesis: Synthesis, logical_id: str) -> set[str]:
    """All that a resource needs, directly or not: CloudFormation makes it before and deletes it after."""
    resources = synthesis.notifications.body["Resources"]
    reached: set[str] = set()
    ahead = [logical_id]
    while ahead:
        resource = resources[ahead.pop()]
        text = json.dumps(resource["Properties"])
        needed = set(resource.get("DependsOn", [])) | {name for name in resources if f'"{name}"' in text}
        ahead += needed - reached
        reached |= needed
    return reached


def test_subscriptions_come_after_all_that_serves_them(synthesis: Synthesis, subscriptions_id: str) -> None:
    needed = reached_from(synthesis, subscriptions_id)
    assert set(synthesis.notifications.of_type("AWS::SSM::Parameter")) <= needed
    assert synthesis.notifications.logical_id("AWS::SQS::Queue", "SubscriptionsSubscriptionQueue") in needed
    assert synthesis.notifications.logical_id("AWS::DynamoDB::Table", "SubscriptionsState") in needed
    assert set(synthesis.notifications.of_type("Custom::SpApiDestination")) <= needed
    functions = synthesis.notifications.functions()
    for name in ("process_notifications", "reconcile_subscriptions", "queue_seller_changes"):
        assert functions[name]["Properties"] in [
            synthesis.notifications.body["Resources"][logical_id]["Properties"] for logical_id in needed
        ], name
        (role,) = functions[name]["Properties"]["Role"]["Fn::GetAtt"][:1]
        assert role in needed
        policies = {
            logical_id
            for logical_id, policy in synthesis.notifications.of_type("AWS::IAM::Policy").items()
            if {"Ref": role} in policy["Properties"]["Roles"]
        }
        assert policies <= needed, name


def test_no_job_is_begun_while_the_subscriptions_are_cleared(
    synthesis: Synthesis, subscriptions_id: str
) -> None:
    """On delete what begins jobs goes first; on create it comes last, and what waits is taken then."""
    mappings = synthesis.notifications.of_type("AWS::Lambda::EventSourceMapping")
    of_the_stage = {
        logical_id: any(
            f"{name}" in json.dumps(mapping["Properties"]["FunctionName"])
            for name in ("ReconcileSubscriptions", "QueueSellerChanges")
        )
        for logical_id, mapping in mappings.items()
    }
    assert sorted(of_the_stage.values()) == [False, False, True, True]
    for logical_id, begins_jobs in of_the_stage.items():
        if begins_jobs:
            assert subscriptions_id in depends_on(synthesis, logical_id)
        elif "ProcessNotifications" in logical_id:
            assert logical_id in depends_on(synthesis, subscriptions_id)
        else:
            assert "ArchiveNotifications" in logical_id, "what is archived meanwhile waits in its queue"


FILTERED = {"na": "ATVPDKIKX0DER", "eu": "A1PA6795UKMFR9", "fe": "A1VC38T7YXB528"}


def test_wanted_names_the_destination_and_what_is_configured(
    synthesis: Synthesis, destination_id: str
) -> None:
    properties = synthesis.notifications.only("Custom::SpApiSubscriptions")["Properties"]
    wanted = text_of(properties["Wanted"])
    assert wanted["destinations"]["sqs"] == destination_id
    assert ("eventBridge" in wanted["destinations"]) == synthesis.has_partner_events
    assert wanted["existingSubscriptions"] == synthesis.settings.existing_subscriptions
    types = [entry["notificationType"] for entry in wanted["subscriptions"]]
    assert types == [entry.type for entry in synthesis.settings.notifications]
    assert wanted["subscriptions"][0] == {
        "notificationType": "ANY_OFFER_CHANGED",
        "payloadVersion": "1.0",
        "processingDirective": {
            "eventFilter": {
                "eventFilterType": "ANY_OFFER_CHANGED",
                "marketplaceIds": [FILTERED[synthesis.settings.region]],
                "aggregationSettings": {"aggregationTimePeriod": "FiveMinutes"},
            }
        },
    }


def test_every_wanted_subscription_has_a_payload_version(synthesis: Synthesis) -> None:
    for entry in wanted_subscriptions(synthesis.settings, {"sqs": "d-1"})["subscriptions"]:
        assert entry["payloadVersion"]


def test_the_reconciler_reads_the_same_wanted(synthesis: Synthesis) -> None:
    parameter_id, parameter = next(iter(synthesis.notifications.of_type("AWS::SSM::Parameter").items()))
    properties = synthesis.notifications.only("Custom::SpApiSubscriptions")["Properties"]
    assert parameter["Properties"]["Value"] == properties["Wanted"]
    assert parameter["Properties"]["Tier"] == "Intelligent-Tiering"
    function = synthesis.notifications.functions()["reconcile_subscriptions"]["Properties"]
    assert function["Environment"]["Variables"]["WANTED_PARAMETER_NAME"] == {"Ref": parameter_id}
    right = synthesis.notifications.rights("reconcile_subscriptions")["ReadWanted"]
    assert right["Resource"]["Fn::Join"][1][-2:] == [":parameter", {"Ref": parameter_id}] or str(
        right["Resource"]
    ).endswith(f":parameter/{synthesis.prefix}/wanted-subscriptions']]}}")


def test_more_filters_than_the_parameter_holds_are_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = settings_of("example")
    entry = settings.notifications[0]
    too_many = settings.model_copy(update={"notifications": (entry,) * 50})
    with pytest.raises(ValueError, match=r"of region na take \d+ bytes, more than the 8192"):
        synthesise("example", too_many, tmp_path_factory.mktemp("too-large"))


def test_sellers_are_reconciled_ten_at_a_time_and_fail_alone(synthesis: Synthesis) -> None:
    queue_id = synthesis.notifications.logical_id("AWS::SQS::Queue", "SubscriptionsSubscriptionQueue")
    (mapping,) = (
        resource["Properties"]
        for resource in synthesis.notifications.of_type("AWS::Lambda::EventSourceMapping").values()
        if resource["Properties"]["EventSourceArn"] == attribute(queue_id)
    )
    assert mapping["BatchSize"] == 10
    assert "MaximumBatchingWindowInSeconds" not in mapping
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    function = synthesis.notifications.functions()["reconcile_subscriptions"]["Properties"]
    queue = synthesis.notifications.of_type("AWS::SQS::Queue")[queue_id]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    # What waits is sent on by the function itself; so many receives mean that it was killed each time.
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5


def test_the_state_is_kept_as_the_ledger_is(synthesis: Synthesis) -> None:
    state = synthesis.notifications.of_type("AWS::DynamoDB::Table")[
        synthesis.notifications.logical_id("AWS::DynamoDB::Table", "SubscriptionsState")
    ]["Properties"]
    assert state["KeySchema"] == [{"AttributeName": "sellerId", "KeyType": "HASH"}]
    assert "StreamSpecification" not in state
    assert "TimeToLiveSpecification" not in state


def test_a_change_of_a_seller_is_queued_from_the_stream(synthesis: Synthesis) -> None:
    registry = synthesis.foundation.logical_id("AWS::DynamoDB::Table", "SellerRegistry")
    (mapping,) = (
        resource["Properties"]
        for resource in synthesis.notifications.of_type("AWS::Lambda::EventSourceMapping").values()
        if "Fn::ImportValue" in resource["Properties"]["EventSourceArn"]
    )
    assert f"{registry}StreamArn" in mapping["EventSourceArn"]["Fn::ImportValue"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True


SCHEDULES = {"sweep_ledger": "rate(15 minutes)", "queue_every_seller": "rate(1 day)"}


def test_what_runs_by_the_clock(synthesis: Synthesis) -> None:
    functions = synthesis.notifications.of_type("AWS::Lambda::Function")
    found = {}
    for rule in synthesis.notifications.of_type("AWS::Events::Rule").values():
        if "ScheduleExpression" in rule["Properties"]:
            (target,) = rule["Properties"]["Targets"]
            (function_id, _) = target["Arn"]["Fn::GetAtt"]
            variables = functions[function_id]["Properties"]["Environment"]["Variables"]
            found[variables["POWERTOOLS_SERVICE_NAME"]] = rule["Properties"]["ScheduleExpression"]
    assert found == SCHEDULES


def test_the_daily_run_begins_no_job_while_the_subscriptions_are_cleared(
    synthesis: Synthesis, subscriptions_id: str
) -> None:
    schedule = synthesis.notifications.logical_id("AWS::Events::Rule", "SubscriptionsDailySchedule")
    assert subscriptions_id in depends_on(synthesis, schedule)


OUTPUTS = {
    "Foundation": {
        "KeyArn",
        "LwaCredentialsSecretArn",
        "SellerRegistryTableName",
        "AlarmTopicArn",
        "QuotaTableName",
    },
    "Notifications": {
        "NotificationQueueUrl",
        "NotificationQueueArn",
        "NotificationDeadLetterQueueUrl",
        "EventBusName",
        "EventBusArn",
        "ArchiveBucketName",
        "ArchiveQueueUrl",
        "ArchiveDeadLetterQueueUrl",
        "ArrivalsTableName",
        "LedgerTableName",
        "PayloadBucketName",
        "DestinationId",
        "SubscriptionQueueUrl",
        "SubscriptionDeadLetterQueueUrl",
        "ProcessNotificationsFunctionName",
        "SubscriptionsSummary",
        "SubscriptionStateTableName",
        "InspectAmazonFunctionName",
        "QueueEverySellerFunctionName",
        "UndeliverableDeadLetterQueueUrl",
    },
    "ExampleConsumer": {"ExampleConsumerQueueUrl", "ExampleConsumerDeadLetterQueueUrl"},
}


@pytest.mark.parametrize("stack", sorted(OUTPUTS))
def test_outputs_are_what_others_read(synthesis: Synthesis, stack: str) -> None:
    own = synthesis.templates[stack].outputs
    partner = {"EventBridgeDestinationId", "PartnerEventSourceName"}
    expected = stack == "Notifications" and synthesis.has_partner_events
    assert own == OUTPUTS[stack] | (partner if expected else set())
