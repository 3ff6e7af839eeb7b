"""`sellerbus status`: what is told of a stage at this moment, and what of it could not be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops import console, status
from tests.unit.ops.aws import STAGE, DeployedStage, Finished, foundation, notifications
from tests.unit.ops.feed_stage import FeedStage, ended, task


@pytest.fixture
def feeds(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> FeedStage:
    monkeypatch.setattr(status, "credentials", lambda: {"method": "sso", "profile": "night-shift"})
    found = FeedStage(stage)
    found.deploy()
    outputs = stage.cloudformation.stacks.setdefault(notifications(), {})
    for name in ("NotificationQueueUrl", "NotificationDeadLetterQueueUrl"):
        outputs[name] = stage.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return found


def run(feeds: FeedStage, *arguments: str) -> Finished:
    return feeds.stage.run("status", "--stage", STAGE, "--region", "na", *arguments)


def send(feeds: FeedStage, output: str) -> None:
    url = feeds.stage.cloudformation.stacks[notifications()][output]
    feeds.stage.client("sqs").send_message(QueueUrl=url, MessageBody="{}")


def alarm(feeds: FeedStage, name: str, state: str, description: str = "") -> None:
    cloudwatch = feeds.stage.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=description,
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="because")


def test_what_is_there_and_what_is_going_on(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="WAITING"))
    feeds.put(task("t2", state="UNCERTAIN"))
    feeds.put(ended("t3", "COMPLETED"))
    send(feeds, "NotificationQueueUrl")
    send(feeds, "NotificationDeadLetterQueueUrl")
    document = run(feeds, "--json").document
    assert (document["stage"], document["production"], document["account"]) == (STAGE, False, "123456789012")
    assert document["credentials"] == {"method": "sso", "profile": "night-shift"}
    (cell,) = document["cells"]
    assert [stack["part"] for stack in cell["stacks"]] == ["foundation", "notifications", "tasks"]
    assert cell["feeds"]["open"] == {"WAITING": 1, "UNCERTAIN": 1}
    assert cell["messages"]["deployed"] is False
    queue = next(each for each in cell["queues"] if each["name"] == "notification")
    assert (queue["visible"], queue["hidden"], queue["deadLetters"], queue["oldestSeconds"]) == (
        1,
        0,
        1,
        None,
    )
    assert (cell["alarms"], cell["unread"]) == ([], {})
    shown = run(feeds)
    assert ("from sso, profile night-shift" in shown.out, "1 UNCERTAIN, 1 WAITING" in shown.out) == (
        True,
        True,
    )
    assert "dead-letters list --stage example" in shown.err


def test_an_alarm_is_told_with_its_first_command(feeds: FeedStage) -> None:
    prefix = f"sellerbus-{STAGE}-na-"
    first = "First: `bin/sellerbus dead-letters list`. docs/runbook.md#dead-letters"
    text = f"Dead letters lie there. Nothing is lost. {first}"
    alarm(feeds, f"{prefix}tasks-A", "ALARM", text)
    alarm(feeds, f"{prefix}tasks-B", "OK", text)
    alarm(feeds, f"{prefix}tasks-C", "ALARM")
    alarm(feeds, f"sellerbus-{STAGE}-eu-tasks-A", "ALARM", text)
    alarms = {each["name"]: each for each in run(feeds, "--json").document["cells"][0]["alarms"]}
    assert set(alarms) == {f"{prefix}tasks-A", f"{prefix}tasks-C"}
    told = alarms[f"{prefix}tasks-A"]
    assert (told["text"], told["command"], told["runbook"]) == (
        "Dead letters lie there. Nothing is lost.",
        "bin/sellerbus dead-letters list",
        "docs/runbook.md#dead-letters",
    )
    assert alarms[f"{prefix}tasks-C"]["command"] is None
    shown = run(feeds).out
    assert ("2 on" in shown, "First: bin/sellerbus dead-letters list" in shown) == (True, True)


def test_the_age_of_the_oldest_message_is_cloudwatchs(feeds: FeedStage) -> None:
    feeds.stage.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": "NotificationQueueUrl"}],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
                "Value": 412.0,
            }
        ],
    )
    (cell,) = run(feeds, "--json").document["cells"]
    ages = {each["name"]: each["oldestSeconds"] for each in cell["queues"]}
    assert ages["notification"] == 412


def test_a_queue_that_somebody_deleted_is_named_and_the_others_are_shown(feeds: FeedStage) -> None:
    send(feeds, "NotificationQueueUrl")
    outputs = feeds.stage.cloudformation.stacks[notifications()]
    sqs = feeds.stage.client("sqs")
    outputs["ArchiveQueueUrl"] = sqs.create_queue(QueueName="archive")["QueueUrl"]
    sqs.delete_queue(QueueUrl=outputs["ArchiveQueueUrl"])
    finished = run(feeds, "--json")
    (cell,) = finished.document["cells"]
    rows = {row["name"]: row for row in cell["queues"]}
    assert [name for name, row in rows.items() if row["gone"]] == ["archive"]
    assert (rows["notification"]["visible"], rows["archive"]["visible"]) == (1, None)
    assert "The queue archive, or that of its dead letters, is gone: bin/sellerbus doctor" in run(feeds).out


def test_what_may_not_be_read_costs_itself_alone(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="WAITING"))
    feeds.stage.refusals["cloudwatch", "na"] = ("describe_alarms", "AccessDenied")
    finished = run(feeds, "--json")
    (cell,) = finished.document["cells"]
    assert finished.code == 5
    assert (cell["alarms"], "AccessDenied" in cell["unread"]["alarms"]) == (None, True)
    assert cell["feeds"]["open"] == {"WAITING": 1}
    assert "not read" in run(feeds).out


def test_a_stage_that_is_not_deployed_is_told_so(feeds: FeedStage) -> None:
    feeds.stage.cloudformation.stacks.clear()
    shown = run(feeds)
    assert (shown.code, "none is deployed" in shown.out) == (0, True)


def test_a_stack_in_trouble_is_named_with_its_state(
    feeds: FeedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = feeds.stage.cloudformation.describe_stacks

    def failed(*, StackName: str) -> Any:
        answer = describe(StackName=StackName)
        if StackName == foundation():
            answer["Stacks"][0]["StackStatus"] = "UPDATE_ROLLBACK_FAILED"
        return answer

    monkeypatch.setattr(feeds.stage.cloudformation, "describe_stacks", failed)
    assert "foundation UPDATE_ROLLBACK_FAILED" in run(feeds).out


def test_watching_prints_a_line_for_each_look(feeds: FeedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(console, "wait", wait)
    finished = run(feeds, "--watch", "--every", "7", "--json")
    assert (finished.code, waits) == (130, [7.0, 7.0])
    assert [json.loads(line)["stage"] for line in finished.out.splitlines()] == [STAGE, STAGE]


def test_credentials_are_told_by_where_they_come_from_alone(stage: DeployedStage) -> None:
    assert status.credentials() == {"method": "env", "profile": None}
