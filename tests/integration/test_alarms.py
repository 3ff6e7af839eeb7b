"""Each alarm goes off and is over, and tells the topic: by its own metric, at its own limit, m of n periods.

The emulator measures no queues, tables or logs: the metrics are put here. A breach is put where its period
ends in some seconds, so that an alarm is over when those have gone by.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.system import System

NOT_SHOWN = {
    "ErrorsAlarm": "a share in percent of two metrics, which the emulator's alarms can't compute",
    "ThrottledCallsAlarm": "a share in percent of two metrics, which the emulator's alarms can't compute",
    "FailedInvocationsAlarm": "a query over all rules of a bus, which the emulator doesn't know",
    "InvocationsFailedToBeSentToDlqAlarm": "a query over all rules of a bus, which the emulator doesn't know",
    "StandstillAlarm": "computed of two metrics, which the emulator's alarms can't",
    "PageAlarm": "composed of other alarms, which the emulator's CloudFormation doesn't know",
    "PagesAlarm": "composed of other alarms, which the emulator's CloudFormation doesn't know",
    "DecideAlarm": "composed of other alarms, which the emulator's CloudFormation doesn't know",
}
"""What the emulator's stage leaves out, by the end of the logical id, and why."""
LASTS_SECONDS = 14.0
"""How long what is put stays in its period: time to put all of it, and to look."""
MOST_DATA = 1000
"""In one call. Source: PutMetricData."""


@dataclass(frozen=True)
class Alarm:
    """An alarm as it is deployed."""

    described: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.described["AlarmName"])

    @property
    def state(self) -> str:
        return str(self.described["StateValue"])

    @property
    def metric(self) -> tuple[str, str, str]:
        """What alarms with several limits have in common."""
        dimensions = json.dumps(self.described["Dimensions"])
        return self.described["Namespace"], self.described["MetricName"], dimensions

    @property
    def missing(self) -> str:
        return str(self.described["TreatMissingData"])

    @property
    def falls(self) -> bool:
        """Whether it goes off below its limit."""
        return str(self.described["ComparisonOperator"]).startswith("LessThan")

    @property
    def is_counted(self) -> bool:
        """Whether what is put later adds up with what was put before."""
        return self.described.get("Statistic") == "Sum"

    @property
    def harmless(self) -> float:
        """The value nearest to the limit that doesn't breach it."""
        return float(self.described["Threshold"]) - ("OrEqual" in self.described["ComparisonOperator"])

    @property
    def breach(self) -> float:
        return self.harmless + (-1 if self.falls else 1)

    @property
    def shows_by_silence(self) -> bool:
        """Whether it counts what has to come: once it has, no metric takes it back."""
        return self.falls and self.is_counted

    @property
    def counts_runs(self) -> bool:
        """Whether the emulator itself measures it, for what ran before the test."""
        return (self.described["Namespace"], self.described["MetricName"]) == ("AWS/Lambda", "Invocations")

    def datum(self, value: float, age: float) -> dict[str, Any]:
        """Of a percentile, a value is put often: the functions' own are among them."""
        often = (
            {"Values": [value], "Counts": [1000]}
            if "ExtendedStatistic" in self.described
            else {"Value": value}
        )
        return {
            "Namespace": self.described["Namespace"],
            "MetricName": self.described["MetricName"],
            "Dimensions": self.described["Dimensions"],
            "Timestamp": time.time() - age,
            **often,
        }

    def everywhere(self) -> list[dict[str, Any]]:
        """In the middle of every period it looks at, what is no breach."""
        period = self.described["Period"]
        return [
            self.datum(self.harmless, (number + 0.5) * period)
            for number in range(self.described["EvaluationPeriods"])
        ]

    def breaches(self) -> list[dict[str, Any]]:
        """A breach in each of the m oldest periods, the oldest first."""
        oldest, period = self.described["EvaluationPeriods"], self.described["Period"]
        return [
            self.datum(self.breach, (oldest - number) * period - LASTS_SECONDS)
            for number in range(self.described["DatapointsToAlarm"])
        ]


def by_limit(group: Iterable[Alarm]) -> list[Alarm]:
    """The alarms of one metric, the one that goes off first first."""
    return sorted(group, key=lambda alarm: -alarm.breach if alarm.falls else alarm.breach)


@dataclass
class Alarms:
    """All alarms of the cell, and a queue that hears what the topic is told."""

    system: System
    queue_url: str
    told: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By name, how often each state was told."""
    texts: dict[str, str] = field(default_factory=dict)
    expected: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def all(self) -> list[Alarm]:
        pages = self.system.client("cloudwatch").get_paginator("describe_alarms").paginate()
        return [Alarm(found) for page in pages for found in page["MetricAlarms"]]

    def put(self, data: Iterable[dict[str, Any]]) -> None:
        """Puts metrics, and takes note of the states that come of it."""
        before = {alarm.name: alarm.state for alarm in self.all()}
        by_namespace: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for datum in data:
            by_namespace[datum["Namespace"]].append(
                {key: value for key, value in datum.items() if key != "Namespace"}
            )
        for namespace, some in by_namespace.items():
            assert len(some) <= MOST_DATA
            self.system.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=some)
        for alarm in self.all():
            if alarm.state != before[alarm.name]:
                self.expected[alarm.name][alarm.state] += 1

    def look(self) -> None:
        """Has all alarms look, by a metric that none of them looks at."""
        self.put([{"Namespace": "Nobody", "MetricName": "Looks", "Value": 0}])

    def in_state(self, state: str) -> set[str]:
        return {alarm.name for alarm in self.all() if alarm.state == state}

    def hear(self) -> None:
        """Takes in what the topic has told."""
        sqs = self.system.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                told = json.loads(message["Body"])
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
                self.told[told["AlarmName"]][told["NewStateValue"]] += 1
                self.texts[told["AlarmName"]] = told["AlarmDescription"]


@pytest.fixture(scope="module")
def alarms(system: System) -> Iterator[Alarms]:
    sqs, sns = system.client("sqs"), system.client("sns")
    url = sqs.create_queue(QueueName="who-is-told-of-alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": system.outputs["AlarmTopicArn"]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = sns.subscribe(
        TopicArn=system.outputs["AlarmTopicArn"],
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    try:
        yield Alarms(system, url)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=url)


def test_every_alarm_is_deployed_or_left_out_for_a_reason(system: System, alarms: Alarms) -> None:
    resources = [
        (name, resource)
        for file in system.deployment.assembly.glob("*.template.json")
        for name, resource in json.loads(file.read_text(encoding="utf-8"))["Resources"].items()
        if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    ]
    # A logical id ends with eight characters of CDK's.
    left_out = [name[:-8] for name, resource in resources if "Condition" in resource]
    reasons = {name: [end for end in NOT_SHOWN if name.endswith(end)] for name in left_out}

    assert [name for name, ends in reasons.items() if len(ends) != 1] == []
    assert {end for ends in reasons.values() for end in ends} == NOT_SHOWN.keys()
    assert len(alarms.all()) == len(resources) - len(left_out) > 100


def test_each_goes_off_at_its_own_limit_and_is_over_and_the_topic_is_told(alarms: Alarms) -> None:
    known = alarms.all()
    by_metric: dict[tuple[str, str, str], list[Alarm]] = defaultdict(list)
    for alarm in known:
        by_metric[alarm.metric].append(alarm)
    limits = [by_limit(group) for group in by_metric.values() if not group[0].shows_by_silence]
    silent = {alarm.name for alarm in known if alarm.missing == "breaching"}
    assert silent > {alarm.name for alarm in known if alarm.shows_by_silence} != set()

    # Nothing was measured yet: those that would hear of it go off, the others are well.
    alarms.look()
    ran = {alarm.name for alarm in known if alarm.counts_runs} - alarms.in_state("ALARM")
    assert alarms.in_state("ALARM") == silent - ran
    alarms.put(datum for group in by_metric.values() for datum in by_limit(group)[0].everywhere())
    assert alarms.in_state("OK") == {alarm.name for alarm in known}, "at the limit, nothing breaches it"

    alarms.put(datum for group in limits for datum in group[0].breaches()[1:])
    assert alarms.in_state("ALARM") == set(), "one period less than m is enough"
    alarms.put(group[0].breaches()[0] for group in limits)
    gone_off = {group[0].name for group in limits}
    assert alarms.in_state("ALARM") == gone_off
    # The lower limits stay breached by what breaches the higher ones.
    for place in range(1, max(len(group) for group in limits)):
        further = [group[place] for group in limits if len(group) > place]
        alarms.put(datum for alarm in further for datum in alarm.breaches())
        gone_off |= {alarm.name for alarm in further}
        assert alarms.in_state("ALARM") == gone_off
    assert gone_off == {alarm.name for alarm in known if not alarm.shows_by_silence}

    def are_over() -> bool:
        alarms.look()
        return alarms.in_state("OK") == {alarm.name for alarm in known}

    def all_told() -> bool:
        alarms.hear()
        return alarms.told == alarms.expected

    alarms.system.wait_for(are_over, "all alarms to be over", within_seconds=LASTS_SECONDS + 20)
    alarms.system.wait_for(all_told, "the topic to tell each change of each alarm")
    for alarm in known:
        if alarm.name in ran:
            continue
        assert min(alarms.told[alarm.name][state] for state in ("ALARM", "OK")) >= 1
        assert alarms.texts[alarm.name] == alarm.described["AlarmDescription"]
        assert "docs/runbook.md#" in alarms.texts[alarm.name]
