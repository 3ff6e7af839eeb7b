"""Each construct that makes a resource makes its alarms; each tells symptom, impact, command and runbook."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.command_lines import command_lines, fault
from tests.template.synthesis import Synthesis, settings_of, synthesise

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"


@dataclass(frozen=True)
class Found:
    """One alarm of a template."""

    logical_id: str
    properties: Mapping[str, Any]

    @property
    def metrics(self) -> list[tuple[str, str, str]]:
        """(namespace, metric, what it is of: the values of its dimensions) of each metric it looks at."""
        parts = self.properties.get("Metrics", [{"MetricStat": {"Metric": self.properties}}])
        return [
            (metric["Namespace"], metric["MetricName"], "/".join(map(of_dimension, metric["Dimensions"])))
            for metric in (part["MetricStat"]["Metric"] for part in parts if "MetricStat" in part)
        ]

    @property
    def expression(self) -> str:
        parts = self.properties.get("Metrics", [])
        return "".join(json.dumps(part["Expression"]) for part in parts if "Expression" in part)

    @property
    def description(self) -> str:
        return flat(self.properties["AlarmDescription"])

    @property
    def anchor(self) -> str:
        return self.description.rpartition("docs/runbook.md#")[2]

    @property
    def rule(self) -> tuple[Any, ...]:
        """(m, n, period)."""
        parts = [part for part in self.properties.get("Metrics", []) if "MetricStat" in part]
        period = parts[0]["MetricStat"]["Period"] if parts else self.properties.get("Period")
        if period is None:
            (period,) = (part["Period"] for part in self.properties["Metrics"])
        return self.properties["DatapointsToAlarm"], self.properties["EvaluationPeriods"], period


def of_dimension(dimension: Mapping[str, Any]) -> str:
    """A dimension's value: a text, or the logical id of what it refers to."""
    value = dimension["Value"]
    if isinstance(value, str):
        return value
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def flat(value: Any) -> str:
    """A text, with references as CloudFormation would name them."""
    if isinstance(value, str):
        return value
    return "".join(
        part if isinstance(part, str) else f"<{next(iter(part))}>" for part in value["Fn::Join"][1]
    )


def alarms_of(synthesis: Synthesis) -> list[Found]:
    return [
        Found(name.split("/")[1], resource["Properties"])
        for name, resource in synthesis.all_of_type("AWS::CloudWatch::Alarm").items()
    ]


def watched(synthesis: Synthesis, metric: str) -> dict[str, list[Found]]:
    """The alarms that look at a metric, by what it is of."""
    found: dict[str, list[Found]] = {}
    for alarm in alarms_of(synthesis):
        for _, name, resource in alarm.metrics:
            if name == metric:
                found.setdefault(resource, []).append(alarm)
    return found


def composites(synthesis: Synthesis) -> dict[str, Mapping[str, Any]]:
    """The composite alarms by their names."""
    found = synthesis.all_of_type("AWS::CloudWatch::CompositeAlarm").values()
    return {resource["Properties"]["AlarmName"]: resource["Properties"] for resource in found}


def severities(synthesis: Synthesis) -> dict[str, str]:
    """What wakes somebody, by logical id: "page" or "decide", as the composite alarms are called."""
    found: dict[str, str] = {}
    for name, composite in composites(synthesis).items():
        for logical_id in re.findall(r'"Ref": "(\w+)"', json.dumps(composite["AlarmRule"])):
            assert logical_id not in found, "one alarm in both would page twice"
            found[logical_id] = name.rpartition("-")[2]
    return found


def paging(synthesis: Synthesis) -> set[str]:
    """The logical ids of what does not work while it is on."""
    return {name for name, severity in severities(synthesis).items() if severity == "page"}


def logical_ids(synthesis: Synthesis, resource_type: str) -> set[str]:
    return {name.split("/")[1] for name in synthesis.all_of_type(resource_type)}


def dead_letter_queues(synthesis: Synthesis) -> set[str]:
    queues = logical_ids(synthesis, "AWS::SQS::Queue")
    return {name for name in queues if "DeadLetterQueue" in name or "Undeliverable" in name}


def test_dead_letters_are_noticed_by_the_messages_that_lie_there(synthesis: Synthesis) -> None:
    found = watched(synthesis, "ApproximateNumberOfMessagesVisible")
    queues = dead_letter_queues(synthesis)
    assert len(queues) >= 9
    for queue in queues:
        (alarm,) = found[queue]
        assert (alarm.properties["Threshold"], alarm.properties["ComparisonOperator"]) == (
            0,
            "GreaterThanThreshold",
        )
        assert (alarm.properties["Statistic"], alarm.rule) == ("Maximum", (2, 2, 60))
        assert alarm.properties["TreatMissingData"] == "notBreaching"
        assert severities(synthesis).get(alarm.logical_id) == (None if "Consumer" in queue else "decide")


def test_no_alarm_counts_sent_messages_of_a_dead_letter_queue(synthesis: Synthesis) -> None:
    assert not watched(synthesis, "NumberOfMessagesSent")


# What waits for a reason of its own: all sellers come at once, a file waits for its side file, a change for
# the end of its window, a message its turn of Amazon's quota.
LONGER = {
    "SubscriptionQueue": 7200,
    "FeedRequestQueue": 1800,
    "ListingChangeQueue": 1800,
    "MessageSendQueue": 3600,
}


def test_waiting_messages_warn_after_five_minutes_and_page_ten_later_unless_they_wait_for_a_reason(
    synthesis: Synthesis,
) -> None:
    found = watched(synthesis, "ApproximateAgeOfOldestMessage")
    # The example's queue only keeps what comes: nobody takes from it.
    sources = {
        name
        for name in logical_ids(synthesis, "AWS::SQS::Queue") - dead_letter_queues(synthesis)
        if not name.startswith("Consumer")
    }
    assert set(found) == sources
    for queue in sources:
        warns, pages = sorted(found[queue], key=lambda alarm: float(alarm.properties["Threshold"]))
        seconds = next((value for name, value in LONGER.items() if name in queue), 300)
        assert [alarm.properties["Threshold"] for alarm in (warns, pages)] == [seconds, seconds + 600]
        assert [alarm.logical_id in paging(synthesis) for alarm in (warns, pages)] == [False, True]
        assert [alarm.rule for alarm in (warns, pages)] == [(3, 3, 60)] * 2


def test_a_queue_of_which_nothing_is_done_pages_though_sqs_forgets_the_age_of_what_it_retries(
    synthesis: Synthesis,
) -> None:
    """What was received three times is left out of the age, and may be received a thousand times."""
    found = watched(synthesis, "NumberOfMessagesReceived")
    assert set(found) == set(watched(synthesis, "ApproximateAgeOfOldestMessage"))
    for queue, (alarm,) in found.items():
        assert [(metric, of) for _, metric, of in alarm.metrics] == [
            ("NumberOfMessagesReceived", queue),
            ("NumberOfMessagesDeleted", queue),
        ]
        assert alarm.expression == '"IF(FILL(done, 0) == 0, taken, 0)"'
        assert (alarm.properties["Threshold"], alarm.rule) == (0, (2, 2, 1200))
        assert alarm.properties["TreatMissingData"] == "notBreaching"
        assert alarm.logical_id in paging(synthesis)


# Whoever asks them sees that they fail, an operator or CloudFormation. A lost canary pages by itself, and
# missed events are a second look.
WARNING = {
    *("find_missed_events", "run_canary"),
    *("empty_bucket", "inspect_amazon", "look_up_orders", "manage_destination", "manage_subscriptions"),
    *("operate_feed", "operate_message", "stop_executions"),
}


def test_every_function_that_fails_is_slow_or_is_throttled_is_noticed(synthesis: Synthesis) -> None:
    errors, durations, throttles = (
        watched(synthesis, metric) for metric in ("Errors", "Duration", "Throttles")
    )
    functions = synthesis.all_of_type("AWS::Lambda::Function")
    assert len(functions) > 20
    for name, function in functions.items():
        logical_id = name.split("/")[1]
        properties = function["Properties"]
        pages = properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] not in WARNING
        (failed,), (slow,), (throttled,) = errors[logical_id], durations[logical_id], throttles[logical_id]
        assert [metric for _, metric, _ in failed.metrics] == ["Errors", "Invocations"]
        assert (failed.expression, failed.properties["Threshold"]) == ('"100 * part / whole"', 5)
        assert failed.rule == (2, 3, 60)
        assert slow.properties["ExtendedStatistic"] == "p99"
        assert (slow.properties["Threshold"], slow.rule) == (800 * properties["Timeout"], (5, 5, 60))
        assert (throttled.properties["Threshold"], throttled.rule) == (0, (5, 5, 60))
        named = [alarm.logical_id in paging(synthesis) for alarm in (failed, slow, throttled)]
        assert named == [pages, False, pages], name


def test_every_function_that_calls_amazon_has_its_throttled_calls_and_tokens_noticed(
    synthesis: Synthesis,
) -> None:
    callers = {
        variables["POWERTOOLS_SERVICE_NAME"]
        for function in synthesis.all_of_type("AWS::Lambda::Function").values()
        if "SP_API_ENDPOINT" in (variables := function["Properties"]["Environment"]["Variables"])
    }
    tokens, throttled = watched(synthesis, "TokenFailures"), watched(synthesis, "ApiThrottled")
    assert set(tokens) == set(throttled) == callers
    assert len(callers) > 5
    for caller in callers:
        (token,), (share,) = tokens[caller], throttled[caller]
        namespace = f"Sellerbus/{synthesis.stage}/{synthesis.settings.region}"
        assert share.metrics == [(namespace, name, caller) for name in ("ApiThrottled", "ApiCalls")]
        assert (share.properties["Threshold"], share.rule) == (10, (3, 5, 300))
        assert token.metrics == [(namespace, "TokenFailures", caller)]
        assert (token.properties["ComparisonOperator"], token.properties["Threshold"], token.rule) == (
            "GreaterThanOrEqualToThreshold",
            1,
            (2, 3, 300),
        )
        assert (token.logical_id in paging(synthesis)) == (caller not in WARNING)
        assert share.logical_id not in paging(synthesis)


def test_every_table_and_index_that_throttles_is_noticed(synthesis: Synthesis) -> None:
    reads, writes = (watched(synthesis, f"{kind}ThrottleEvents") for kind in ("Read", "Write"))
    tables = synthesis.all_of_type("AWS::DynamoDB::Table")
    expected = {name.split("/")[1] for name in tables}
    for name, table in tables.items():
        for index in table["Properties"].get("GlobalSecondaryIndexes", []):
            # Dimensions come in the order of their names.
            expected.add(f"{index['IndexName']}/{name.split('/')[1]}")
    assert set(reads) == set(writes) == expected
    assert len(expected) > len(tables) >= 6
    for found in (*reads.values(), *writes.values()):
        (alarm,) = found
        assert (alarm.properties["Threshold"], alarm.rule) == (0, (3, 5, 60))


def test_feed_tasks_that_fail_for_good_or_run_out_of_time_are_noticed(synthesis: Synthesis) -> None:
    machines = logical_ids(synthesis, "AWS::StepFunctions::StateMachine")
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut"):
        found = watched(synthesis, metric)
        assert set(found) == machines
        for (alarm,) in found.values():
            assert (alarm.properties["Threshold"], alarm.rule) == (0, (1, 2, 300))
            assert alarm.logical_id in paging(synthesis)


def test_events_that_a_target_does_not_get_are_noticed_on_every_bus(synthesis: Synthesis) -> None:
    buses = synthesis.all_of_type("AWS::Events::EventBus")
    assert len(buses) == (2 if synthesis.has_partner_events else 1)
    queries = [alarm for alarm in alarms_of(synthesis) if "SELECT" in alarm.expression]
    assert len(queries) == 2 * len(buses)
    for bus in buses.values():
        name = bus["Properties"]["Name"]
        # A partner event bus has the name of its source, which Amazon's answer tells.
        text = name if isinstance(name, str) else name["Fn::GetAtt"][0]
        mine = [alarm for alarm in queries if text in alarm.expression]
        counted = sorted(re.findall(r"SUM\((\w+)\)", "".join(alarm.expression for alarm in mine)))
        assert counted == ["FailedInvocations", "InvocationsFailedToBeSentToDlq"]
        for alarm in mine:
            assert 'SCHEMA(\\"AWS/Events\\", EventBusName, RuleName)' in alarm.expression
            assert (alarm.properties["Threshold"], alarm.rule) == (0, (1, 3, 60))
            assert alarm.logical_id in paging(synthesis)


def test_changed_sellers_that_are_not_queued_are_noticed(synthesis: Synthesis) -> None:
    """The function answers with the failed records, which counts as no error of its own."""
    function = synthesis.notifications.logical_id("AWS::Lambda::Function", "SubscriptionsQueueSellerChanges")
    (alarm,) = watched(synthesis, "IteratorAge")[function]
    assert (alarm.properties["Namespace"], alarm.properties["Statistic"]) == ("AWS/Lambda", "Maximum")
    assert (alarm.properties["Threshold"], alarm.rule) == (900_000, (2, 2, 300))


def test_notifications_that_are_given_up_are_noticed(synthesis: Synthesis) -> None:
    (alarm,) = watched(synthesis, "NotificationsAbandoned")["sweep_ledger"]
    assert alarm.properties["Namespace"] == f"Sellerbus/{synthesis.stage}/{synthesis.settings.region}"
    assert (alarm.properties["Threshold"], alarm.properties["Statistic"], alarm.rule) == (
        0,
        "Sum",
        (1, 1, 900),
    )
    assert alarm.logical_id in paging(synthesis)


@pytest.mark.parametrize(
    ("metric", "service", "expected"),
    [
        ("OldestOpenFeed", "watch_stage", {(">", 28_800, 1, 1, 300, "ignore", "decide")}),
        ("UncertainFeeds", "watch_stage", {(">", 0, 1, 1, 300, "ignore", "decide")}),
        ("UncertainMessages", "watch_stage", {(">", 0, 1, 1, 300, "ignore", "decide")}),
        ("SellersSilent", "watch_stage", {(">", 0, 2, 2, 900, "breaching", "decide")}),
        (
            "ClientSecretDays",
            "watch_stage",
            {("<", 30, 2, 2, 900, "breaching", None), ("<", 7, 2, 2, 900, "breaching", "decide")},
        ),
        ("ClientSecretRefused", "rotate_secret", {(">", 0, 2, 3, 300, "notBreaching", "page")}),
        ("SecretRotationsFailed", "rotate_secret", {(">", 0, 1, 2, 300, "breaching", "decide")}),
        ("CanaryRoundTrips", "run_canary", {("<", 1, 2, 2, 300, "breaching", "page")}),
        ("NotificationsFailed", "process_notifications", {(">", 0, 3, 4, 900, "notBreaching", "page")}),
        ("SubscriptionsDrifted", "reconcile_subscriptions", {(">", 0, 1, 1, 900, "notBreaching", None)}),
        (
            "SellerAuthorizationsRevoked",
            "reconcile_subscriptions",
            {(">", 0, 1, 1, 900, "notBreaching", None)},
        ),
    ],
)
def test_what_functions_measure_and_count_is_noticed(
    synthesis: Synthesis, metric: str, service: str, expected: set[tuple[object, ...]]
) -> None:
    signs = {"GreaterThanThreshold": ">", "LessThanThreshold": "<"}
    found = {
        (
            signs[alarm.properties["ComparisonOperator"]],
            alarm.properties["Threshold"],
            *alarm.rule,
            alarm.properties["TreatMissingData"],
            severities(synthesis).get(alarm.logical_id),
        )
        for alarm in watched(synthesis, metric)[service]
    }
    assert found == expected


def of_invocations(synthesis: Synthesis) -> dict[str, Found]:
    """The alarms on what runs by the clock, by function."""
    found = watched(synthesis, "Invocations").items()
    return {name: each for name, alarms in found for each in alarms if not each.expression}


LONGEST_WINDOWS = {True: 7 * 86_400, False: 86_400}
"""Of an alarm, in seconds, by whether its period is an hour or more. Source: PutMetricAlarm, Period."""


def test_every_schedule_whose_function_does_not_run_is_noticed(synthesis: Synthesis) -> None:
    scheduled: dict[str, str] = {}
    for rule in synthesis.all_of_type("AWS::Events::Rule").values():
        if expression := rule["Properties"].get("ScheduleExpression"):
            (target,) = rule["Properties"]["Targets"]
            scheduled[target["Arn"]["Fn::GetAtt"][0]] = expression
    found = of_invocations(synthesis)
    assert len(scheduled) >= 7
    assert set(found) == set(scheduled)
    seconds = {"minute": 60, "hour": 3600, "day": 86_400}
    for function, expression in scheduled.items():
        alarm = found[function]
        found_rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
        assert found_rate is not None
        period = int(found_rate[1]) * seconds[found_rate[2]]
        assert alarm.rule == (3, 3, period)
        assert 3 * period <= LONGEST_WINDOWS[period >= 3600]
        properties = alarm.properties
        assert (properties["ComparisonOperator"], properties["Threshold"]) == ("LessThanThreshold", 1)
        assert (properties["Statistic"], properties["TreatMissingData"]) == ("Sum", "breaching")
        assert alarm.anchor == "schedule-stopped"
        # All else that tells that nobody watches waits for a person, and may be on for days.
        expected = "page" if "WatchStage" in function else None
        assert severities(synthesis).get(alarm.logical_id) == expected


def test_addresses_that_have_not_confirmed_are_noticed_where_there_are_some(
    example: Synthesis, local: Synthesis, tuned: Synthesis
) -> None:
    for synthesis in (example, tuned):
        (alarm,) = watched(synthesis, "AlarmTopicUnconfirmed")["watch_stage"]
        assert (alarm.properties["Threshold"], alarm.rule) == (0, (2, 2, 3600))
        assert alarm.properties["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm.logical_id not in severities(synthesis)
    assert not watched(local, "AlarmTopicUnconfirmed")


def anchors() -> set[str]:
    """The headings of the runbook, as links name them."""
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_alarm_says_what_to_do_and_tells_the_topic_when_it_is_over_too(synthesis: Synthesis) -> None:
    for alarm in alarms_of(synthesis):
        said = alarm.description
        assert re.fullmatch(
            r"[A-Z\w].+\. [A-Z].+\. First: `(bin/sellerbus|aws) .+`\. docs/runbook\.md#[a-z-]+", said
        ), said
        assert len(said) < 1024 - 200, "references become longer"
        assert alarm.anchor in anchors(), said
        for actions in (alarm.properties["AlarmActions"], alarm.properties["OKActions"]):
            (topic,) = actions
            assert "AlarmTopic" in json.dumps(topic)
        missing = alarm.properties["TreatMissingData"]
        # What one function measures of many things is missing altogether: one alarm tells that.
        measured = "watch_stage" in {of for _, _, of in alarm.metrics}
        assert missing in ({"breaching", "ignore"} if measured else {"breaching", "notBreaching"})


def test_every_first_command_is_one_that_there_is_for_this_cell(synthesis: Synthesis) -> None:
    lines = {line for alarm in alarms_of(synthesis) for line in command_lines(alarm.description)}
    assert lines
    cell = f" --stage {synthesis.stage} --region {synthesis.settings.region}"
    for line in lines:
        assert line.endswith(cell)
        assert fault(line) is None
    others = [alarm.description for alarm in alarms_of(synthesis) if "First: `aws " in alarm.description]
    # A function that times out or is killed writes no line with ERROR.
    failing = [said for said in others if said.endswith("#function-errors")]
    assert failing
    assert all("--filter-pattern '?ERROR ?timed ?exited'" in said for said in failing)
    assert all(f" --region {synthesis.settings.aws_region}`" in said for said in others)


@pytest.mark.parametrize(("severity", "anchor"), [("page", "paged"), ("decide", "decision-waits")])
def test_one_alarm_of_each_kind_pages_for_all_stacks(
    synthesis: Synthesis, severity: str, anchor: str
) -> None:
    """Two: what waits for a person, be it for days, must not keep quiet what fails meanwhile."""
    beginning = synthesis.prefix
    found = composites(synthesis)
    parts = [f"{beginning}-{part}-{severity}" for part in ("notifications", "tasks")]
    assert {name for name in found if name.endswith(severity)} == {*parts, f"{beginning}-{severity}"}
    assert len(found) == 6
    page = found[f"{beginning}-{severity}"]
    named = re.findall(r'ALARM\("([^"<]+)"\)', flat(page["AlarmRule"]))
    assert named == parts, "of the other kind none"
    for name in parts:
        assert not {"AlarmActions", "OKActions"} & set(found[name])
    operations = synthesis.templates["Operations"]
    topic = operations.logical_id("AWS::SNS::Topic", "PageTopic")
    assert page["AlarmActions"] == page["OKActions"] == [{"Ref": topic}]
    assert page["AlarmDescription"].endswith(f"docs/runbook.md#{anchor}")
    assert anchor in anchors()
    assert fault(next(command_lines(page["AlarmDescription"]))) is None


LONGEST_RULE = 10_240
MOST_CHILDREN = 100
"""Source: PutCompositeAlarm, AlarmRule."""


def test_the_rules_stay_within_what_cloudwatch_takes(synthesis: Synthesis) -> None:
    """With the longest name of a stage, and the twelve characters that CloudFormation adds to names."""
    for name, resource in synthesis.all_of_type("AWS::CloudWatch::CompositeAlarm").items():
        rule = resource["Properties"]["AlarmRule"]
        parts = rule if isinstance(rule, str) else rule["Fn::Join"][1]
        stack = f"sellerbus-{'s' * 20}-na-notifications-"
        length = sum(
            len(part) if isinstance(part, str) else min(len(stack) + len(part["Ref"]) + 13, 255)
            for part in parts
        )
        assert length < LONGEST_RULE, name
        children = sum(part.count("ALARM(") for part in parts if isinstance(part, str))
        assert 0 < children <= MOST_CHILDREN, name


def test_the_page_topic_takes_messages_of_the_two_alarms_only(synthesis: Synthesis) -> None:
    operations = synthesis.templates["Operations"]
    topic = operations.only("AWS::SNS::Topic")["Properties"]
    assert "Key" in json.dumps(topic["KmsMasterKeyId"])
    policy = operations.only("AWS::SNS::TopicPolicy")["Properties"]["PolicyDocument"]
    (allowed,) = (statement for statement in policy["Statement"] if statement["Effect"] == "Allow")
    sources = [flat(each) for each in allowed["Condition"]["ArnLike"]["aws:SourceArn"]]
    assert [each.partition(":alarm:")[2] for each in sources] == [
        f"{synthesis.prefix}-{severity}" for severity in ("page", "decide")
    ]
    (denied,) = (statement for statement in policy["Statement"] if statement["Effect"] == "Deny")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


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
        "aws:SourceArn": [{"Fn::Join": ["", [service, account, alarms]]}]
    }


def test_mail_is_sent_where_an_address_is_configured(example: Synthesis, local: Synthesis) -> None:
    subscription = example.foundation.only("AWS::SNS::Subscription")["Properties"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "operations@example.com")
    # A new alarm goes from INSUFFICIENT_DATA to OK: a first deploy would send some hundred and ninety mails.
    assert subscription["FilterPolicyScope"] == "MessageBody"
    assert subscription["FilterPolicy"] == {
        "$or": [{"NewStateValue": ["ALARM"]}, {"OldStateValue": ["ALARM"]}]
    }
    for template in (*local.templates.values(), example.templates["Operations"]):
        assert not template.of_type("AWS::SNS::Subscription")


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """A stage whose alarms are not as they are by default."""
    settings = settings_of("example")
    alarms = settings.alarms.model_copy(
        update={
            "page_email": "on-call@example.com",
            "page_url": "https://events.example.com/hook",
            "dead_letters": settings.alarms.dead_letters.model_copy(
                update={"more_than": 7, "points": "4/6", "period_seconds": 300}
            ),
            "function_duration": settings.alarms.function_duration.model_copy(
                update={"percent_of_timeout": 50}
            ),
            "oldest_message": settings.alarms.oldest_message.model_copy(
                update={"warn_seconds": 60, "page_seconds": 120}
            ),
        }
    )
    return synthesise(
        "example", settings.model_copy(update={"alarms": alarms}), tmp_path_factory.mktemp("tuned")
    )


def test_limits_are_those_of_the_settings(tuned: Synthesis) -> None:
    for (alarm,) in watched(tuned, "ApproximateNumberOfMessagesVisible").values():
        assert (alarm.properties["Threshold"], alarm.rule) == (7, (4, 6, 300))
    queue = tuned.notifications.logical_id("AWS::SQS::Queue", "NotificationQueue")
    ages = watched(tuned, "ApproximateAgeOfOldestMessage")[queue]
    assert sorted(alarm.properties["Threshold"] for alarm in ages) == [60, 120]
    function = tuned.notifications.logical_id("AWS::Lambda::Function", "ProcessorProcessNotifications")
    (slow,) = watched(tuned, "Duration")[function]
    assert slow.properties["Threshold"] == 30_000


def test_whoever_is_on_call_is_told_where_settings_say_so(tuned: Synthesis) -> None:
    subscriptions = tuned.templates["Operations"].of_type("AWS::SNS::Subscription").values()
    told = {(each["Properties"]["Protocol"], each["Properties"]["Endpoint"]) for each in subscriptions}
    assert told == {("email", "on-call@example.com"), ("https", "https://events.example.com/hook")}


MOST_RESOURCES, MOST_BYTES, MOST_OUTPUTS = 500, 1_000_000, 200
"""What CloudFormation takes. Source: AWS CloudFormation user guide, "Understand CloudFormation quotas"."""


def test_templates_stay_within_what_cloudformation_takes(synthesis: Synthesis) -> None:
    for template in synthesis.templates.values():
        assert 0 < len(template.body["Resources"]) < MOST_RESOURCES, template.name
        assert synthesis.file(template.name, "template").stat().st_size < MOST_BYTES, template.name
        assert len(template.body.get("Outputs", {})) < MOST_OUTPUTS, template.name
