"""A consumer of the bus, to show how one is attached."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct

from stacks.constructs.event_bus import CANARY_TYPE, EVERY_SOURCE_PREFIX
from stacks.constructs.queue_as_target import QueueAsTarget
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.foundation_stack import FoundationStack
from stacks.notifications_stack import NotificationsStack
from stacks.settings_model import Settings
from stacks.settings_names import EXAMPLE_CONSUMER, stack_name

_MOST_RECEIVES = 1000
"""As many as SQS allows."""
REQUESTS = ("FeedRequested", "ListingChangeRequested", "MessageRequested")
"""What applications ask of Sellerbus by the bus: no news, and texts to buyers among it."""


class ExampleConsumerStack(cdk.Stack):
    """A rule for everything that Sellerbus tells, and a queue that keeps it to be looked at."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        settings: Settings,
        foundation: FoundationStack,
        notifications: NotificationsStack,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name(stage, settings.region, EXAMPLE_CONSUMER),
            description=f"Sellerbus {stage} {settings.region}: a queue that receives every event",
            env=env,
            tags=settings.tags,
        )
        queues = QueueWithDeadLetters(
            self,
            "Consumer",
            key=foundation.key,
            visibility_timeout=cdk.Duration.seconds(30),
            retention=cdk.Duration.days(4),
            # Whoever looks into the queue receives: what is looked at often is to stay there.
            maximum_receives=_MOST_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=foundation.alarm_topic,
            carries="events",
            only_kept=True,
        )
        events.Rule(
            self,
            "EveryNotification",
            event_bus=notifications.event_bus.bus,
            description="Every event that Sellerbus publishes",
            event_pattern=events.EventPattern(
                source=events.Match.prefix(EVERY_SOURCE_PREFIX),
                detail_type=events.Match.anything_but(*REQUESTS, CANARY_TYPE),
            ),
            targets=[QueueAsTarget(queues)],
        )
        cdk.CfnOutput(self, "ExampleConsumerQueueUrl", value=queues.queue.queue_url)
        cdk.CfnOutput(self, "ExampleConsumerDeadLetterQueueUrl", value=queues.dead_letter_queue.queue_url)
