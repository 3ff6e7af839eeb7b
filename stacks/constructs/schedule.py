"""What runs a function by the clock, and the alarm for when it no longer does."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic, Severity
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.python_function import PythonFunction

_INTERVALS = 3
"""So many running without an invocation. Of a day they make three: CloudWatch looks back for seven where a
period is an hour or more, else for one. Source: PutMetricAlarm, Period.
"""


class Schedule(events.Rule):
    """Runs a function again and again.

    A rule that is switched off, or may not invoke, fails nowhere: its alarm counts the function's
    invocations, whoever invokes it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        every: cdk.Duration,
        function: PythonFunction,
        topic: AlarmTopic,
        event: events.RuleTargetInput | None = None,
        severity: Severity = "warn",
    ) -> None:
        """every: whole minutes. severity: where nothing else tells that the function stands still."""
        interval = every.to_human_string().removeprefix("1 ")
        super().__init__(
            scope,
            construct_id,
            description=f"Runs {function.service} every {interval}",
            schedule=events.Schedule.rate(every),
            targets=[targets.LambdaFunction(function, event=event)],
        )
        alarm(
            function,
            "StoppedAlarm",
            metric=function.metric_invocations(period=every, statistic=cloudwatch.Stats.SUM),
            threshold=1,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            text=AlarmText(
                symptom=f"{function.service} runs every {interval}, and has not {_INTERVALS} times running.",
                impact=f"Missing is what it does: {function.purpose}.",
                command="bin/sellerbus doctor",
                anchor="schedule-stopped",
            ),
            topic=topic,
            severity=severity,
            points=(_INTERVALS, _INTERVALS),
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
