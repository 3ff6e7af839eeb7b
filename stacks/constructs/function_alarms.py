"""The alarms of every function, and of the calls to Amazon of those that make some."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from stacks.constructs.alarm_topic import AlarmTopic, Severity
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.metrics import metric

_NOT_BREACHING = cloudwatch.TreatMissingData.NOT_BREACHING


@dataclass(frozen=True)
class WatchedFunction:
    """What the alarms of a function tell of it.

    severity: "warn" where whoever calls the function sees its failure, as an operator or CloudFormation does.
    """

    name: str
    """Its folder under lambdas/, and the value of its metrics' dimension `service`."""
    purpose: str
    timeout: cdk.Duration
    log_group_name: str
    namespace: str
    severity: Severity

    @property
    def _logs(self) -> str:
        # Of a function that is cut off only Lambda tells: "Task timed out", "Runtime exited with error".
        return f"aws logs tail {self.log_group_name} --since 1h --filter-pattern '?ERROR ?timed ?exited'"

    def watch(self, function: lambda_.Function, topic: AlarmTopic) -> None:
        """Adds the alarms on errors, duration and throttles."""
        limits = topic.limits
        errors = limits.function_errors
        late = f"Late or missing is what it does: {self.purpose}."
        period = cdk.Duration.seconds(errors.period_seconds)
        alarm(
            function,
            "ErrorsAlarm",
            metric=_percent(
                function.metric_errors(period=period, statistic=cloudwatch.Stats.SUM),
                function.metric_invocations(period=period, statistic=cloudwatch.Stats.SUM),
                period,
                f"{self.name}: errors %",
            ),
            threshold=errors.percent,
            text=AlarmText(
                symptom=f"{self.name} fails in more than {errors.percent} % of its invocations.",
                impact=late,
                command=self._logs,
                anchor="function-errors",
            ),
            topic=topic,
            severity=self.severity,
            points=errors.window,
            missing=_NOT_BREACHING,
        )
        duration = limits.function_duration
        seconds = self.timeout.to_seconds() * duration.percent_of_timeout / 100
        alarm(
            function,
            "DurationAlarm",
            metric=function.metric_duration(
                period=cdk.Duration.seconds(duration.period_seconds),
                statistic=cloudwatch.Stats.percentile(99),
            ),
            threshold=seconds * 1000,
            text=AlarmText(
                symptom=f"{self.name} takes more than {seconds:g} s of its {self.timeout.to_seconds():g} s.",
                impact="What it is at is late; beyond the time-out its invocations fail.",
                command=self._logs,
                anchor="function-slow",
            ),
            topic=topic,
            severity="warn",
            points=duration.window,
            missing=_NOT_BREACHING,
        )
        throttles = limits.function_throttles
        alarm(
            function,
            "ThrottlesAlarm",
            metric=function.metric_throttles(
                period=cdk.Duration.seconds(throttles.period_seconds), statistic=cloudwatch.Stats.SUM
            ),
            threshold=throttles.more_than,
            text=AlarmText(
                symptom=f"Lambda throttles {self.name}.",
                impact=f"The account's concurrency is used up. {late}",
                command="aws lambda get-account-settings",
                anchor="function-throttled",
            ),
            topic=topic,
            severity=self.severity,
            points=throttles.window,
            missing=_NOT_BREACHING,
        )

    def watch_calls(self, function: lambda_.Function, topic: AlarmTopic) -> None:
        """Adds the alarms on how Amazon answers the function's calls, and on its access tokens."""
        throttled = topic.limits.throttled_calls
        period = cdk.Duration.seconds(throttled.period_seconds)
        alarm(
            function,
            "ThrottledCallsAlarm",
            metric=_percent(
                metric(self.namespace, "ApiThrottled", service=self.name, period=period),
                metric(self.namespace, "ApiCalls", service=self.name, period=period),
                period,
                f"{self.name}: 429 %",
            ),
            threshold=throttled.percent,
            text=AlarmText(
                symptom=f"Amazon answers over {throttled.percent} % of the calls of {self.name} with 429.",
                impact="What needs these calls is late for the sellers whose quota is used up.",
                command="bin/sellerbus status",
                anchor="amazon-throttles",
            ),
            topic=topic,
            severity="warn",
            points=throttled.window,
            missing=_NOT_BREACHING,
        )
        tokens = topic.limits.token_failures
        alarm(
            function,
            "TokenFailuresAlarm",
            metric=metric(
                self.namespace,
                "TokenFailures",
                service=self.name,
                period=cdk.Duration.seconds(tokens.period_seconds),
            ),
            threshold=tokens.at_least,
            comparison=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            text=AlarmText(
                symptom=f"{self.name} gets no access tokens from Login with Amazon.",
                impact="Without them Amazon is not called: subscriptions, feeds and messages stand still.",
                command="bin/sellerbus doctor",
                anchor="token-failures",
            ),
            topic=topic,
            severity=self.severity,
            points=tokens.window,
            missing=_NOT_BREACHING,
        )


def _percent(
    part: cloudwatch.IMetric, whole: cloudwatch.IMetric, period: cdk.Duration, label: str
) -> cloudwatch.MathExpression:
    """A share in percent; nothing where there is nothing to have a share of."""
    return cloudwatch.MathExpression(
        expression="100 * part / whole",
        using_metrics={"part": part, "whole": whole},
        period=period,
        label=label,
    )
