"""Amazon's EventBridge workflow: only where a configured type needs it, in an order that loses nothing."""

import json
from typing import Any

import pytest

from tests.template.synthesis import Resource, Synthesis, attribute, settings_of, synthesise
from tests.template.test_subscriptions import reached_from

PREFIX = "aws.partner/sellingpartnerapi.amazon.com"


@pytest.fixture(params=["europe", "local"])
def partnered(request: pytest.FixtureRequest) -> Synthesis:
    """The cells with a type of the EventBridge workflow."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Synthesis)
    assert found.has_partner_events
    return found


@pytest.fixture
def destination_id(partnered: Synthesis) -> str:
    return partnered.notifications.logical_id("Custom::SpApiDestination", "PartnerEventsDestination")


@pytest.fixture
def bus_id(partnered: Synthesis) -> str:
    return partnered.notifications.logical_id("AWS::Events::EventBus", "PartnerEventsPartnerBus")


@pytest.fixture
def rule_id(partnered: Synthesis) -> str:
    return partnered.notifications.logical_id("AWS::Events::Rule", "PartnerEventsPartnerBusEveryNotification")


def properties_of(synthesis: Synthesis, logical_id: str) -> Resource:
    found: Resource = synthesis.notifications.body["Resources"][logical_id]["Properties"]
    return found


def policies_of(synthesis: Synthesis, queue_id: str) -> dict[str, list[Any]]:
    """The statements that allow something with a queue, by the policy's logical id."""
    return {
        policy_id: [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        for policy_id, policy in synthesis.notifications.of_type("AWS::SQS::QueuePolicy").items()
        if {"Ref": queue_id} in policy["Properties"]["Queues"]
    }


def test_a_cell_without_such_types_has_nothing_of_it(example: Synthesis) -> None:
    assert not example.has_partner_events
    assert "aws.partner" not in json.dumps(example.notifications.body)


def test_amazon_is_told_of_this_account_and_aws_region(partnered: Synthesis, destination_id: str) -> None:
    properties = properties_of(partnered, destination_id)
    assert properties["Kind"] == "eventBridge"
    assert properties["AccountId"] == {"Ref": "AWS::AccountId"}
    assert properties["Region"] == partnered.settings.aws_region
    assert properties["Name"] == f"{partnered.prefix}-events"
    queue = partnered.notifications.logical_id("Custom::SpApiDestination", "Destination")
    assert properties["ServiceToken"] == properties_of(partnered, queue)["ServiceToken"]


def test_names_stay_within_what_amazon_takes_for_the_longest_stage(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    longest = synthesise("a" * 20, settings_of("local"), tmp_path_factory.mktemp("longest"))
    resources = longest.notifications.of_type("Custom::SpApiDestination").values()
    names = [resource["Properties"]["Name"] for resource in resources]
    assert len(set(names)) == 2
    assert all(name.endswith(("-na", "-na-events")) and len(name) <= 64 for name in names)


def test_it_may_see_the_event_sources_of_amazon_for_this_account(
    partnered: Synthesis, destination_id: str
) -> None:
    statement = partnered.notifications.rights("manage_destination")["SeePartnerEventSources"]
    assert statement["Action"] == "events:DescribeEventSource"
    beginning = f"arn:aws:events:{partnered.settings.aws_region}::event-source/{PREFIX}/"
    assert statement["Resource"] == {"Fn::Join": ["", [beginning, {"Ref": "AWS::AccountId"}, "/*"]]}
    (policy,) = (
        logical_id
        for logical_id, found in partnered.notifications.of_type("AWS::IAM::Policy").items()
        if statement in found["Properties"]["PolicyDocument"]["Statement"]
    )
    assert policy in reached_from(partnered, destination_id)


def test_the_bus_has_the_sources_name_which_is_the_association(
    partnered: Synthesis, destination_id: str, bus_id: str
) -> None:
    bus = properties_of(partnered, bus_id)
    source = attribute(destination_id, "EventSourceName")
    assert (bus["Name"], bus["EventSourceName"]) == (source, source)


def test_what_the_bus_cannot_encrypt_is_kept(partnered: Synthesis, bus_id: str) -> None:
    queue_id = partnered.notifications.logical_id(
        "AWS::SQS::Queue", "PartnerEventsPartnerBusUndeliverableQueue"
    )
    assert properties_of(partnered, bus_id)["DeadLetterConfig"] == {"Arn": attribute(queue_id)}
    ((allowed,),) = policies_of(partnered, queue_id).values()
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": attribute(bus_id)}}


def test_every_event_of_amazon_goes_whole_to_the_notification_queue(
    partnered: Synthesis, bus_id: str, rule_id: str
) -> None:
    rule = properties_of(partnered, rule_id)
    assert rule["EventBusName"] == {"Ref": bus_id}
    assert rule["EventPattern"] == {"source": [{"prefix": PREFIX}]}
    (target,) = rule["Targets"]
    queue = partnered.notifications.logical_id("AWS::SQS::Queue", "NotificationQueue")
    assert target["Arn"] == attribute(queue)
    assert not {"Input", "InputPath", "InputTransformer"} & set(target)


def test_an_event_that_cannot_be_delivered_is_tried_for_a_day_and_then_kept(
    partnered: Synthesis, rule_id: str
) -> None:
    (target,) = properties_of(partnered, rule_id)["Targets"]
    dead_letters = partnered.notifications.logical_id("AWS::SQS::Queue", "NotificationQueueDeadLetterQueue")
    assert target["DeadLetterConfig"] == {"Arn": attribute(dead_letters)}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


@pytest.mark.parametrize("name", ["NotificationQueue", "NotificationQueueDeadLetterQueue"])
def test_exactly_this_rule_may_send_there(partnered: Synthesis, rule_id: str, name: str) -> None:
    queue_id = partnered.notifications.logical_id("AWS::SQS::Queue", name)
    (statements,) = policies_of(partnered, queue_id).values()
    (allowed,) = (s for s in statements if s["Principal"] == {"Service": "events.amazonaws.com"})
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Resource"] == attribute(queue_id)
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": attribute(rule_id)}}


def test_the_way_is_whole_before_a_subscription_is_made_and_after_the_last_is_deleted(
    partnered: Synthesis, destination_id: str, bus_id: str, rule_id: str
) -> None:
    subscriptions = partnered.notifications.logical_id("Custom::SpApiSubscriptions", "Subscriptions")
    needed = reached_from(partnered, subscriptions)
    assert {destination_id, bus_id, rule_id} <= needed
    for name in ("NotificationQueue", "PartnerEventsPartnerBusUndeliverableQueue"):
        queue_id = partnered.notifications.logical_id("AWS::SQS::Queue", name)
        assert set(policies_of(partnered, queue_id)) <= needed, name
    # CloudFormation deletes in the reverse order: rule, bus, and then the destination at Amazon.
    assert bus_id in reached_from(partnered, rule_id)
    assert destination_id in reached_from(partnered, bus_id)


def test_none_of_it_is_kept_since_no_other_bus_could_take_the_source_nor_the_source_come_back(
    europe: Synthesis, destination_id: str, bus_id: str, rule_id: str
) -> None:
    assert europe.settings.removal_policy == "retain"
    for logical_id in (bus_id, rule_id, destination_id):
        resource = europe.notifications.body["Resources"][logical_id]
        assert resource.get("DeletionPolicy", "Delete") == "Delete"


def test_wanted_says_which_types_come_this_way(partnered: Synthesis, destination_id: str) -> None:
    joined = partnered.notifications.only("Custom::SpApiSubscriptions")["Properties"]["Wanted"]["Fn::Join"][1]
    wanted = json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in joined))
    assert wanted["destinations"]["eventBridge"] == destination_id
    via = {entry["notificationType"]: entry.get("via") for entry in wanted["subscriptions"]}
    assert via.pop("LISTINGS_ITEM_STATUS_CHANGE") == "eventBridge"
    assert set(via.values()) == {None}


def test_an_operator_sees_the_sources_name(partnered: Synthesis, destination_id: str) -> None:
    outputs = partnered.notifications.body["Outputs"]
    assert outputs["PartnerEventSourceName"]["Value"] == attribute(destination_id, "EventSourceName")
    assert outputs["EventBridgeDestinationId"]["Value"] == attribute(destination_id, "DestinationId")
