"""The queue to which Amazon sends notifications."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import AMAZON_NOTIFICATIONS_PRINCIPAL, CustomerManagedKey
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.settings_model import Settings

# AWS asks for at least six times the function's timeout, so that a throttled poll isn't a failed receive.
_TIMEOUTS_HIDDEN = 6


class NotificationQueue(QueueWithDeadLetters):
    """Standard (Amazon doesn't send to FIFO queues), open to Amazon's account and to nobody else outside."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: CustomerManagedKey,
        removal_policy: cdk.RemovalPolicy,
        alarm_topic: AlarmTopic,
    ) -> None:
        processing = settings.processing
        hidden = _TIMEOUTS_HIDDEN * processing.timeout_seconds + processing.batching_window_seconds
        super().__init__(
            scope,
            construct_id,
            key=key,
            visibility_timeout=cdk.Duration.seconds(hidden),
            retention=cdk.Duration.days(settings.retention.queue_days),
            maximum_receives=settings.queue.maximum_receives,
            removal_policy=removal_policy,
            alarm_topic=alarm_topic,
            carries="notifications",
        )
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AmazonSendsNotifications",
                principals=[iam.ArnPrincipal(AMAZON_NOTIFICATIONS_PRINCIPAL)],
                actions=["sqs:SendMessage", "sqs:GetQueueAttributes"],
                resources=[self.queue.queue_arn],
            )
        )
