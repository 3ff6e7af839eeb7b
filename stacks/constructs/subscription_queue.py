"""The queue of sellers whose subscriptions are to be compared with what is wanted."""

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters

_RETENTION = cdk.Duration.days(4)
# The function sends on by itself what is to come again: only where it was killed is a message received anew.
_MAXIMUM_RECEIVES = 5
# Once a day, and after a deploy, all sellers wait here at the same time: ten thousand for about an hour.
_OLDEST_MESSAGE = cdk.Duration.hours(2)


class SubscriptionQueue(QueueWithDeadLetters):
    """One message per seller. What it holds can be made again from the registry, so nothing is retained."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        consumer_timeout: cdk.Duration,
        key: CustomerManagedKey,
        alarm_topic: AlarmTopic,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            key=key,
            visibility_timeout=cdk.Duration.seconds(6 * int(consumer_timeout.to_seconds())),
            retention=_RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=alarm_topic,
            carries="comparisons of sellers' subscriptions",
            oldest_message=_OLDEST_MESSAGE,
        )
