"""The topic that tells people about alarms, and what alarms there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.marketplaces import SellingRegion
from stacks.settings_alarms import Alarms
from stacks.settings_names import stack_prefix

Severity = Literal["page", "decide", "warn"]
"""page: something doesn't work now. decide: something waits for a person, and may for days. Both of them wake
somebody, each by an alarm of its own (PageAlarms). warn: it can wait for the morning.
"""


@dataclass(frozen=True)
class KnownAlarm:
    """An alarm of the cell, for what shows alarms and for those that page."""

    alarm: cloudwatch.Alarm
    severity: Severity
    anchor: str
    """The heading of docs/runbook.md, as a link names it."""
    metric: cloudwatch.IMetric
    title: str
    watched: Construct
    """What made the alarm for itself: a function, a queue with its dead letters, a table."""

    @property
    def is_math(self) -> bool:
        """Whether it computes with several metrics, which the local emulator's alarms can't."""
        return isinstance(self.metric, cloudwatch.MathExpression)


class AlarmTopic(sns.Topic):
    """Encrypted, TLS only; sends e-mail where an address is configured (its owner confirms it once).

    `alarms` has every alarm of the cell that was made so far, of all its stacks; `limits` is what they go by.
    `cell_options`: what names the cell in a command.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        region: SellingRegion,
        key: CustomerManagedKey,
        limits: Alarms,
        email: str | None,
    ) -> None:
        super().__init__(scope, construct_id, master_key=key, enforce_ssl=True)
        self.alarms: list[KnownAlarm] = []
        self.limits = limits
        self.cell_options = f"--stage {stage} --region {region}"
        let_alarms_publish(self, [f"{stack_prefix(stage, region)}-*"])
        if email:
            _leave_out_beginnings(self.add_subscription(subscriptions.EmailSubscription(email)))


def _leave_out_beginnings(subscription: sns.Subscription) -> None:
    """Lets through what goes off and what is over, not that an alarm begins well.

    Every new alarm goes from INSUFFICIENT_DATA to OK: without this a first deploy sends a mail for each.
    Source: SNS developer guide, "Amazon SNS message filtering", OR operator.
    """
    resource = subscription.node.default_child
    if not isinstance(resource, sns.CfnSubscription):
        raise TypeError("A Subscription's default child is its CfnSubscription.")
    resource.filter_policy_scope = "MessageBody"
    resource.filter_policy = {"$or": [{"NewStateValue": ["ALARM"]}, {"OldStateValue": ["ALARM"]}]}


def let_alarms_publish(topic: sns.Topic, names: Sequence[str]) -> None:
    """Lets the alarms of the account whose names match publish on a topic, and nothing else."""
    stack = cdk.Stack.of(topic)
    alarms = [
        stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for name in names
    ]
    # A topic policy replaces the default one, which would have let alarms of the account publish.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisCellPublish",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": alarms},
            },
        )
    )
