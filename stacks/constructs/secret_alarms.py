"""Alarms on the application's client secret: it ends, it is refused, its rotation needs a person."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic, Severity
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.metrics import metric

_STATUS = "bin/sellerbus secrets status"
_ENDS = "Without a valid secret nothing at all can be asked of Amazon, for any seller."


class SecretAlarms(Construct):
    """Of one cell: each has a secret of its own, though all are one application's."""

    def __init__(self, scope: Construct, construct_id: str, *, namespace: str, topic: AlarmTopic) -> None:
        super().__init__(scope, construct_id)
        self._ends(namespace, topic)
        alarm(
            self,
            "FailedAlarm",
            metric=metric(namespace, "SecretRotationsFailed", service="rotate_secret", statistic="Maximum"),
            threshold=0,
            text=AlarmText(
                symptom="The rotation of the client secret needs a person.",
                impact="The secret in use may end within seven days. " + _ENDS,
                command=_STATUS,
                anchor="secret-rotation-failed",
            ),
            topic=topic,
            severity="decide",
            # Looked at every five minutes, and now and then twice: two quiet ones are over.
            points=(1, 2),
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        alarm(
            self,
            "RefusedAlarm",
            metric=metric(namespace, "ClientSecretRefused", service="rotate_secret"),
            threshold=0,
            text=AlarmText(
                symptom="Login with Amazon refuses the client secret in use.",
                impact="Another version stands in for it where there is one that works. " + _ENDS,
                command="bin/sellerbus secrets verify",
                anchor="client-secret-refused",
            ),
            topic=topic,
            severity="page",
            points=(2, 3),
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _ends(self, namespace: str, topic: AlarmTopic) -> None:
        limit = topic.limits.client_secret_days
        days: dict[Severity, int] = {"warn": limit.warn_below, "decide": limit.page_below}
        for severity, below in days.items():
            alarm(
                self,
                f"Ends{severity.capitalize()}Alarm",
                metric=metric(
                    namespace,
                    "ClientSecretDays",
                    service="watch_stage",
                    statistic="Minimum",
                    period=cdk.Duration.seconds(limit.period_seconds),
                ),
                threshold=below,
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                text=AlarmText(
                    symptom=f"The client secret is good for less than {below} days, or nobody looks.",
                    impact=_ENDS,
                    command=_STATUS,
                    anchor="client-secret-expiring",
                ),
                topic=topic,
                severity=severity,
                points=limit.window,
                missing=cloudwatch.TreatMissingData.BREACHING,
            )
