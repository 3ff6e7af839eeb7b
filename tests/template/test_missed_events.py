"""What looks for missed events: how often, and with which rights."""

import pytest

from tests.template.synthesis import Synthesis, Template, listed, refers_to

FUNCTION = "find_missed_events"


@pytest.fixture
def operations(synthesis: Synthesis) -> Template:
    return synthesis.templates["Operations"]


def test_it_may_ask_compare_and_send_and_no_more(operations: Template) -> None:
    assert set(operations.rights(FUNCTION)) == {
        "DecryptRefreshTokens",
        "LookUpArrivals",
        "ReadLwaCredentials",
        "ReadLwaCredentialsKey",
        "ReadWanted",
        "SeeHowManyNotificationsWait",
        "SeeWhatWasTold",
        "SendNotifications",
        "SendNotificationsKey",
        "SpendQuota",
        "UseMarks",
        "UseSellerRegistry",
        "UseTablesKey",
        "WriteLogs",
        "XRay",
    }


@pytest.mark.parametrize(
    ("sid", "actions"),
    [
        ("SeeWhatWasTold", {"dynamodb:BatchGetItem"}),
        ("UseMarks", {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan"}),
        ("UseSellerRegistry", {"dynamodb:Scan"}),
        ("SeeHowManyNotificationsWait", {"sqs:GetQueueAttributes"}),
        ("SendNotifications", {"sqs:SendMessage"}),
        ("ReadWanted", {"ssm:GetParameter"}),
    ],
)
def test_each_right_names_its_actions_and_one_resource(
    example: Synthesis, sid: str, actions: set[str]
) -> None:
    statement = example.templates["Operations"].rights(FUNCTION)[sid]
    assert set(listed(statement["Action"])) == actions
    assert statement["Resource"] != "*"


def test_it_looks_as_often_as_the_settings_say_and_nobody_else_makes_it(
    synthesis: Synthesis, operations: Template
) -> None:
    function = operations.logical_id("AWS::Lambda::Function", "MissedFindMissedEvents")
    minutes = synthesis.settings.missed_events.minutes
    (rule,) = (
        found["Properties"]
        for found in operations.of_type("AWS::Events::Rule").values()
        if refers_to(found["Properties"], function)
    )
    assert rule["ScheduleExpression"] == ("rate(1 day)" if minutes == 1440 else f"rate({minutes} minutes)")
    assert not any(
        refers_to(found["Properties"], function)
        for found in operations.of_type("AWS::Lambda::EventSourceMapping").values()
    )


def test_a_change_is_no_missed_one_before_it_is_as_old_as_the_settings_say(
    synthesis: Synthesis, operations: Template
) -> None:
    variables = operations.functions()[FUNCTION]["Properties"]["Environment"]["Variables"]
    assert variables["SETTLE_SECONDS"] == str(synthesis.settings.missed_events.settle_seconds)


def test_what_is_found_is_told(operations: Template) -> None:
    (alarm,) = (
        found["Properties"]
        for found in operations.of_type("AWS::CloudWatch::Alarm").values()
        if found["Properties"].get("MetricName") == "MissedEventsFound"
    )
    assert alarm["Threshold"] == 0
    assert alarm["TreatMissingData"] == "notBreaching"
    assert "docs/runbook.md#missed-events" in alarm["AlarmDescription"]
