"""Where a bus puts events that it could not encrypt or decrypt."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm
from stacks.nag import accept
from stacks.settings_sections import DEAD_LETTER_RETENTION_DAYS


class UndeliverableQueue(sqs.Queue):
    """Encrypted by SQS's own key: what comes here comes because the customer managed key can't be used."""

    def __init__(self, scope: Construct, construct_id: str, *, alarm_topic: AlarmTopic) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(DEAD_LETTER_RETENTION_DAYS),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        accept(self, "AwsSolutions-SQS3", "This is a dead-letter queue: of a bus, not of another queue")
        limit = alarm_topic.limits.dead_letters
        alarm(
            scope,
            "UndeliverableAlarm",
            metric=self.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.seconds(limit.period_seconds), statistic=cloudwatch.Stats.MAXIMUM
            ),
            threshold=limit.more_than,
            text=AlarmText(
                symptom=f"The bus of {scope.node.id} keeps events that it could not encrypt.",
                impact="No application gets these events; SQS deletes them after "
                f"{DEAD_LETTER_RETENTION_DAYS} days.",
                command="bin/sellerbus doctor",
                anchor="undeliverable-events",
            ),
            topic=alarm_topic,
            severity="decide",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
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
