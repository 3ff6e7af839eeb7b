"""Alarms on the sellers and their subscriptions: what is late, what others changed, who has left."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.metrics import metric

_RECONCILER = "reconcile_subscriptions"


class SubscriptionAlarms(Construct):
    """seller_changes: the function that queues each seller whose row changed."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        seller_changes: lambda_.Function,
        namespace: str,
        topic: AlarmTopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._namespace = namespace
        self._topic = topic
        self._late(seller_changes)
        limits = topic.limits
        self._counted(
            "SubscriptionsDrifted",
            limits.subscriptions_drifted.period_seconds,
            limits.subscriptions_drifted.more_than,
            limits.subscriptions_drifted.window,
            AlarmText(
                symptom="Subscriptions at Amazon are not as Sellerbus left them.",
                impact="Until they are put back, these sellers' notifications of those types may not come.",
                command="bin/sellerbus subscriptions plan",
                anchor="subscriptions-drifted",
            ),
        )
        self._counted(
            "SellerAuthorizationsRevoked",
            limits.authorizations_revoked.period_seconds,
            limits.authorizations_revoked.more_than,
            limits.authorizations_revoked.window,
            AlarmText(
                symptom="Amazon refuses the authorisation of sellers.",
                impact="Nothing comes and nothing goes for these sellers, until they authorise again.",
                command="bin/sellerbus sellers list",
                anchor="authorization-revoked",
            ),
        )

    def _late(self, seller_changes: lambda_.Function) -> None:
        # A batch that is answered with a failed record counts as no error of the function, and holds up its
        # shard for a day at the most; then the change is lost until the daily comparison.
        limit = self._topic.limits.seller_changes_late
        alarm(
            self,
            "SellerChangesLateAlarm",
            metric=seller_changes.metric(
                "IteratorAge",
                period=cdk.Duration.seconds(limit.period_seconds),
                statistic=cloudwatch.Stats.MAXIMUM,
            ),
            threshold=cdk.Duration.minutes(limit.minutes).to_milliseconds(),
            text=AlarmText(
                symptom=f"Changes of sellers wait longer than {limit.minutes} minutes to be followed.",
                impact="New sellers get no subscriptions, and removed ones keep theirs, until the daily "
                "comparison.",
                command="bin/sellerbus subscriptions plan",
                anchor="seller-changes-late",
            ),
            topic=self._topic,
            severity="page",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _counted(
        self, name: str, period_seconds: int, more_than: int, points: tuple[int, int], text: AlarmText
    ) -> None:
        alarm(
            self,
            f"{name}Alarm",
            metric=metric(
                self._namespace,
                name,
                service=_RECONCILER,
                period=cdk.Duration.seconds(period_seconds),
            ),
            threshold=more_than,
            text=text,
            topic=self._topic,
            severity="warn",
            points=points,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
