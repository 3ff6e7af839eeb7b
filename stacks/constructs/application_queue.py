"""The queue to which Amazon sends what is about the application: its client secret ends, and the new one."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.customer_managed_key import AMAZON_NOTIFICATIONS_PRINCIPAL
from stacks.constructs.python_function import FunctionDefaults
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.marketplaces import SellingRegion
from stacks.settings_names import stack_prefix

_RETENTION = cdk.Duration.days(14)
# What waits for a fault to end comes back after a quarter of an hour at most: these are the fourteen days.
# A secret becomes no dead letter for being tried too often while, say, another cell is not deployed yet.
_MAXIMUM_RECEIVES = 1000


def application_queue_name(stage: str, region: SellingRegion) -> str:
    """A plain name: people register it at Amazon, and the other cells of the stage find it by it."""
    return f"{stack_prefix(stage, region)}-application"


class ApplicationQueue(QueueWithDeadLetters):
    """Standard, open to Amazon's account and to nobody else outside, exactly as the notification queue is.

    It goes with its stack, whatever is kept of data: nothing lies in it that nobody takes, and its plain name
    would stand in the way of the next stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        defaults: FunctionDefaults,
        visibility_timeout: cdk.Duration,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            key=defaults.key,
            visibility_timeout=visibility_timeout,
            retention=_RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=defaults.alarm_topic,
            carries="messages about the client secret",
            name=application_queue_name(defaults.stage, defaults.settings.region),
        )
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AmazonSendsNotifications",
                principals=[iam.ArnPrincipal(AMAZON_NOTIFICATIONS_PRINCIPAL)],
                actions=["sqs:SendMessage", "sqs:GetQueueAttributes"],
                resources=[self.queue.queue_arn],
            )
        )
