"""Where a bus puts events that it could not encrypt or decrypt."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.alarms import alarm
from stacks.nag import accept


class UndeliverableQueue(sqs.Queue):
    """Encrypted by SQS's own key: what comes here comes because the customer managed key can't be used."""

    def __init__(self, scope: Construct, construct_id: str, *, alarm_topic: sns.ITopic) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        accept(self, "AwsSolutions-SQS3", "This is a dead-letter queue: of a bus, not of another queue")
        alarm(
            scope,
            "UndeliverableAlarm",
            metric=self.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.minutes(1), statistic="Maximum"
            ),
            threshold=0,
            description=f"Events could not be encrypted on the bus of {scope.node.id}: look at the key and "
            "its policy.",
            topic=alarm_topic,
        )

    def let_keep(self, bus: events.IEventBus) -> None:
        """Lets the bus send here, and nobody else."""
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TheBusKeepsWhatItCannotEncrypt",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": bus.event_bus_arn}},
            )
        )
