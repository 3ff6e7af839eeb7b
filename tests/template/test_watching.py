"""What watches the stage: what it may see, how often it looks, and what wakes somebody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.template.synthesis import Resource, Synthesis, listed, refers_to, synthesise

ALL_MAY = {"WriteLogs", "XRay"}


def the_alarm(synthesis: Synthesis, metric: str, service: str) -> Resource:
    (found,) = (
        each["Properties"]
        for each in synthesis.operations.of_type("AWS::CloudWatch::Alarm").values()
        if each["Properties"].get("MetricName") == metric
        and {"Name": "service", "Value": service} in each["Properties"]["Dimensions"]
    )
    return dict(found)


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def rules_of(synthesis: Synthesis, function: str) -> list[Resource]:
    """The rules whose target is the function."""
    resource = synthesis.operations.functions()[function]
    (logical_id,) = (
        name
        for name, each in synthesis.operations.of_type("AWS::Lambda::Function").items()
        if each is resource
    )
    return [
        each["Properties"]
        for each in synthesis.operations.of_type("AWS::Events::Rule").values()
        if any(refers_to(target["Arn"], logical_id) for target in each["Properties"]["Targets"])
    ]


def test_the_watcher_may_see_states_and_times_and_no_more(synthesis: Synthesis) -> None:
    rights = synthesis.operations.rights("watch_stage")
    assert set(rights) == ALL_MAY | {
        "CountMessages",
        "CountTasks",
        "PublishEvents",
        "ReadSellersWithoutTokens",
        "SeeAgeOfSecret",
        "SeeSubscribersOfAlarms",
        "UseTablesKey",
        "WatchArrivals",
    }
    actions = {action for each in rights.values() for action in listed(each["Action"])}
    assert "secretsmanager:GetSecretValue" not in actions
    for sid, beginning, action in (
        ("CountTasks", "Tasks", "dynamodb:Query"),
        ("CountMessages", "MessagesTable", "dynamodb:Query"),
    ):
        assert listed(rights[sid]["Action"]) == [action]
        table = synthesis.tasks.logical_id("AWS::DynamoDB::Table", beginning)
        (resource,) = listed(rights[sid]["Resource"])
        assert refers_to(resource, table)
        assert text(resource).endswith('"/index/byState"]]}'), "of the index that has keys only"
    assert set(listed(rights["WatchArrivals"]["Action"])) == {"dynamodb:Scan", "dynamodb:UpdateItem"}
    arrivals = synthesis.notifications.logical_id("AWS::DynamoDB::Table", "Arrivals")
    assert refers_to(rights["WatchArrivals"]["Resource"], arrivals)
    assert listed(rights["SeeAgeOfSecret"]["Action"]) == ["secretsmanager:ListSecretVersionIds"]
    assert listed(rights["SeeSubscribersOfAlarms"]["Action"]) == ["sns:ListSubscriptionsByTopic"]
    assert rights["PublishEvents"]["Condition"] == {"StringEquals": {"events:source": ["sellerbus.sellers"]}}


def test_the_watcher_cannot_even_read_sealed_tokens(synthesis: Synthesis) -> None:
    statement = synthesis.operations.rights("watch_stage")["ReadSellersWithoutTokens"]
    assert listed(statement["Action"]) == ["dynamodb:Scan"]
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["sellerId", "region", "status", "notificationTypes"]
        },
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }


def test_the_canary_may_send_to_the_queue_and_no_more(synthesis: Synthesis) -> None:
    rights = synthesis.operations.rights("run_canary")
    assert set(rights) == ALL_MAY | {"SendCanary", "SendCanaryKey"}
    queue = synthesis.notifications.logical_id("AWS::SQS::Queue", "NotificationQueue")
    assert refers_to(rights["SendCanary"]["Resource"], queue)
    assert "sqs:SendMessage" in listed(rights["SendCanary"]["Action"])
    assert rights["SendCanaryKey"]["Condition"]["StringEquals"]["kms:ViaService"].startswith("sqs.")


def test_the_canary_is_sent_by_a_schedule_and_measured_at_the_bus(synthesis: Synthesis) -> None:
    rules = rules_of(synthesis, "run_canary")
    (schedule,) = [rule for rule in rules if "ScheduleExpression" in rule]
    minutes = synthesis.settings.canary.minutes
    assert schedule["ScheduleExpression"] == f"rate({minutes} minute{'s' if minutes > 1 else ''})"
    (arrivals,) = [rule for rule in rules if "EventPattern" in rule]
    assert arrivals["EventPattern"] == {"source": ["sellerbus.canary"]}
    assert "EventBusName" in arrivals
    (watch,) = rules_of(synthesis, "watch_stage")
    assert watch["ScheduleExpression"] == "rate(5 minutes)"


def test_the_watcher_knows_the_configured_types(synthesis: Synthesis) -> None:
    variables = synthesis.operations.functions()["watch_stage"]["Properties"]["Environment"]["Variables"]
    types = variables["NOTIFICATION_TYPES"].split(",")
    assert types == sorted({entry.type for entry in synthesis.settings.notifications})


@pytest.mark.parametrize(
    ("metric", "service", "comparison", "threshold", "points", "period", "missing", "anchor"),
    [
        ("CanaryRoundTrips", "run_canary", "LessThan", 1, (2, 2), 300, "breaching", "canary-lost"),
        ("SellersSilent", "watch_stage", "GreaterThan", 0, (2, 2), 900, "breaching", "sellers-silent"),
        ("OldestOpenFeed", "watch_stage", "GreaterThan", 28_800, (1, 1), 300, "ignore", "feed-stuck"),
        ("UncertainFeeds", "watch_stage", "GreaterThan", 0, (1, 1), 300, "ignore", "feed-uncertain"),
        ("UncertainMessages", "watch_stage", "GreaterThan", 0, (1, 1), 300, "ignore", "message-uncertain"),
    ],
)
def test_the_alarms(
    synthesis: Synthesis,
    metric: str,
    service: str,
    comparison: str,
    threshold: float,
    points: tuple[int, int],
    period: int,
    missing: str,
    anchor: str,
) -> None:
    found = the_alarm(synthesis, metric, service)
    assert found["ComparisonOperator"] == f"{comparison}Threshold"
    assert found["Threshold"] == threshold
    assert (found["DatapointsToAlarm"], found["EvaluationPeriods"]) == points
    assert found["Period"] == period
    assert found["TreatMissingData"] == missing
    assert found["Namespace"] == f"Sellerbus/{synthesis.stage}/{synthesis.settings.region}"
    assert f"docs/runbook.md#{anchor}" in text(found["AlarmDescription"])


def test_where_somebody_is_paged_it_is_watched_that_they_hear_it(
    example: Synthesis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def topics(synthesis: Synthesis) -> Any:
        variables = synthesis.operations.functions()["watch_stage"]["Properties"]["Environment"]["Variables"]
        return variables["ALARM_TOPIC_ARNS"]

    settings = example.settings
    alarms = settings.alarms.model_copy(update={"page_email": "on-call@example.com"})
    paged = synthesise(
        "example", settings.model_copy(update={"alarms": alarms}), tmp_path_factory.mktemp("paged")
    )
    page_topic = paged.operations.logical_id("AWS::SNS::Topic", "PageTopic")
    assert refers_to(topics(paged), page_topic)
    assert not refers_to(topics(example), page_topic), "nobody is to be paged, so nobody has to confirm it"
    rights = paged.operations.rights("watch_stage")["SeeSubscribersOfPages"]
    assert listed(rights["Action"]) == ["sns:ListSubscriptionsByTopic"]
    assert refers_to(rights["Resource"], page_topic)
    for synthesis in (example, paged):
        topic = synthesis.foundation.logical_id("AWS::SNS::Topic", "AlarmTopic")
        assert refers_to(topics(synthesis), topic)
