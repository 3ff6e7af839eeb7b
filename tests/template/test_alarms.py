"""Each construct that makes a resource makes its alarms, and they reach people."""

from typing import Any

import pytest

from tests.template.synthesis import Synthesis


def watched(synthesis: Synthesis) -> dict[tuple[str, str], Any]:
    """Alarms by metric and the logical id of what it is of."""
    found = {}
    for alarm in synthesis.all_of_type("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        (dimension,) = properties["Dimensions"]
        value = dimension["Value"]
        if isinstance(value, str):
            resource = value
        else:
            resource = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        found[properties["MetricName"], resource] = properties
    return found


def namespace(synthesis: Synthesis) -> str:
    """Two cells in one account and AWS region must not share a metric, nor so an alarm."""
    return f"Sellerbus/{synthesis.stage}/{synthesis.settings.region}"


def dead_letter_queues(synthesis: Synthesis) -> set[str]:
    return {
        name.split("/")[1]
        for name in synthesis.all_of_type("AWS::SQS::Queue")
        if "DeadLetterQueue" in name or "Undeliverable" in name
    }


def test_dead_letters_are_noticed_by_the_messages_that_lie_there(synthesis: Synthesis) -> None:
    alarms = watched(synthesis)
    queues = dead_letter_queues(synthesis)
    assert len(queues) == (10 if synthesis.has_partner_events else 9)
    for queue in queues:
        alarm = alarms["ApproximateNumberOfMessagesVisible", queue]
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
        assert alarm["Statistic"] == "Maximum"


def test_no_alarm_counts_sent_messages_of_a_dead_letter_queue(synthesis: Synthesis) -> None:
    assert "NumberOfMessagesSent" not in {metric for metric, _ in watched(synthesis)}


# What waits for a reason of its own: all sellers come at once, a file waits for its side file, a change for
# the end of its window, a message its turn of Amazon's quota.
LONGER = {
    "SubscriptionQueue": 7200,
    "FeedRequestQueue": 1800,
    "ListingChangeQueue": 1800,
    "MessageSendQueue": 3600,
}


def test_waiting_messages_are_noticed_after_five_minutes_unless_they_wait_for_a_reason(
    synthesis: Synthesis,
) -> None:
    alarms = watched(synthesis)
    queues = {name.split("/")[1] for name in synthesis.all_of_type("AWS::SQS::Queue")}
    sources = queues - dead_letter_queues(synthesis)
    assert len(sources) == 8
    for queue in sources:
        alarm = alarms["ApproximateAgeOfOldestMessage", queue]
        seconds = next((value for name, value in LONGER.items() if name in queue), 300)
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (seconds, "GreaterThanThreshold")


def test_every_function_that_fails_is_noticed(synthesis: Synthesis) -> None:
    alarms = watched(synthesis)
    for template in synthesis.with_functions:
        functions = template.of_type("AWS::Lambda::Function")
        assert len(functions) == len(template.functions()) >= 6
        for function in functions:
            alarm = alarms["Errors", function]
            assert (alarm["Threshold"], alarm["Statistic"]) == (0, "Sum")


def test_changed_sellers_that_are_not_queued_are_noticed(synthesis: Synthesis) -> None:
    """The function answers with the failed records, which counts as no error of its own."""
    function = synthesis.notifications.logical_id("AWS::Lambda::Function", "SubscriptionsQueueSellerChanges")
    alarm = watched(synthesis)["IteratorAge", function]
    assert (alarm["Namespace"], alarm["Statistic"]) == ("AWS/Lambda", "Maximum")
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (900_000, 2)


def test_notifications_that_are_given_up_are_noticed(synthesis: Synthesis) -> None:
    alarm = watched(synthesis)["NotificationsAbandoned", "sweep_ledger"]
    assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == (namespace(synthesis), 0, "Sum")


@pytest.mark.parametrize(
    ("metric", "function"),
    [
        ("FeedsUncertain", "submit_feed"),
        ("FeedsUncertain", "end_feed_task"),
        ("FeedsStuck", "follow_feed"),
        ("MessagesUncertain", "send_message"),
    ],
)
def test_tasks_that_need_a_person_are_noticed(synthesis: Synthesis, metric: str, function: str) -> None:
    alarm = watched(synthesis)[metric, function]
    assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == (namespace(synthesis), 0, "Sum")


def test_feed_tasks_that_fail_for_good_are_noticed(synthesis: Synthesis) -> None:
    machine = synthesis.tasks.logical_id("AWS::StepFunctions::StateMachine", "FeedTasksMachine")
    alarm = watched(synthesis)["ExecutionsFailed", machine]
    assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == ("AWS/States", 0, "Sum")


def test_every_alarm_tells_the_topic_and_says_what_missing_data_means(synthesis: Synthesis) -> None:
    for alarm in watched(synthesis).values():
        for actions in (alarm["AlarmActions"], alarm["OKActions"]):
            (topic,) = actions
            assert "AlarmTopic" in topic["Fn::ImportValue"]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"]


def test_the_topic_takes_messages_of_this_cells_alarms_only(synthesis: Synthesis) -> None:
    policy = synthesis.foundation.only("AWS::SNS::TopicPolicy")["Properties"]["PolicyDocument"]
    (allowed,) = (statement for statement in policy["Statement"] if statement["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    account = {"Ref": "AWS::AccountId"}
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": account}
    service = f"arn:aws:cloudwatch:{synthesis.settings.aws_region}:"
    alarms = f":alarm:{synthesis.prefix}-*"
    assert allowed["Condition"]["ArnLike"] == {
        "aws:SourceArn": {"Fn::Join": ["", [service, account, alarms]]}
    }


def test_mail_is_sent_where_an_address_is_configured(example: Synthesis, local: Synthesis) -> None:
    subscription = example.foundation.only("AWS::SNS::Subscription")["Properties"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "operations@example.com")
    assert not local.foundation.of_type("AWS::SNS::Subscription")
