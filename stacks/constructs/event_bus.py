"""The bus on which notifications are published, with its archive."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.alarms import alarm
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.nag import accept

EVENT_SOURCE = "sellerbus.notifications"


class NotificationBus(Construct):
    """`bus`, encrypted with the key; every event of ours is archived for replay."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: CustomerManagedKey,
        archive_days: int,
        alarm_topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.undeliverable = self._undeliverable_queue(alarm_topic)
        self.bus = events.EventBus(
            self,
            "Bus",
            event_bus_name=name,
            description=f"{name}: Amazon's notifications, once each",
            dead_letter_queue=self.undeliverable,
        )
        resource = self.bus.node.default_child
        if not isinstance(resource, events.CfnEventBus):
            raise TypeError("An EventBus's default child is its CfnEventBus.")
        # Set here and not through `kms_key`, which would add statements about this bus to the key's policy in
        # the other stack: the policy has narrower ones.
        resource.kms_key_identifier = key.key_arn
        self.undeliverable.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TheBusKeepsWhatItCannotEncrypt",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.undeliverable.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": self.bus.event_bus_arn}},
            )
        )
        # It goes with the bus, also where data is kept: it holds a rule on the bus, and a bus with rules
        # can't be deleted.
        events.CfnArchive(
            self,
            "Archive",
            source_arn=self.bus.event_bus_arn,
            description="Replays what was published",
            event_pattern={"source": [EVENT_SOURCE]},
            retention_days=archive_days,
            kms_key_identifier=key.key_arn,
        )

    def let_publish(self, grantee: iam.IRole) -> None:
        """Lets a role put events on the bus."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="PublishEvents",
                actions=["events:PutEvents"],
                resources=[self.bus.event_bus_arn],
            )
        )

    def _undeliverable_queue(self, alarm_topic: sns.ITopic) -> sqs.Queue:
        """Where EventBridge puts events that it could not encrypt or decrypt.

        Encrypted by SQS's own key: what arrives here arrives because the customer managed key can't be used.
        """
        queue = sqs.Queue(
            self,
            "UndeliverableQueue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        accept(queue, "AwsSolutions-SQS3", "This is a dead-letter queue: of the bus, not of another queue")
        alarm(
            self,
            "UndeliverableAlarm",
            metric=queue.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.minutes(1), statistic="Maximum"
            ),
            threshold=0,
            description="Events could not be encrypted on the bus: look at the key and its policy.",
            topic=alarm_topic,
        )
        return queue
