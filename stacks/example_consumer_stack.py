"""A consumer of the bus, to show how one is attached."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct

from stacks.constructs.event_bus import EVENT_SOURCE
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.foundation_stack import FoundationStack
from stacks.notifications_stack import NotificationsStack
from stacks.settings_model import Settings
from stacks.settings_names import EXAMPLE_CONSUMER, stack_name


@jsii.implements(events.IRuleTarget)
class EncryptedQueueTarget:
    """A queue as a rule's target, and its dead-letter queue for what could not be delivered.

    CDK's own target would write into the key's policy, which lies in another stack; the key allows rules of
    this account already, and the queues' policies name the one rule.
    """

    def __init__(self, queues: QueueWithDeadLetters) -> None:
        self._queues = queues

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        for queue in (self._queues.queue, self._queues.dead_letter_queue):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="TheRuleSendsEvents",
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": rule.rule_ref.rule_arn}},
                )
            )
        dead_letters = events.CfnRule.DeadLetterConfigProperty(arn=self._queues.dead_letter_queue.queue_arn)
        return events.RuleTargetConfig(arn=self._queues.queue.queue_arn, dead_letter_config=dead_letters)


class ExampleConsumerStack(cdk.Stack):
    """A rule for every event of ours, and a queue that keeps them to be looked at."""

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
            maximum_receives=5,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=foundation.alarm_topic,
        )
        events.Rule(
            self,
            "EveryNotification",
            event_bus=notifications.event_bus.bus,
            description="Every notification that Sellerbus publishes",
            event_pattern=events.EventPattern(source=[EVENT_SOURCE]),
            targets=[EncryptedQueueTarget(queues)],
        )
        cdk.CfnOutput(self, "ExampleConsumerQueueUrl", value=queues.queue.queue_url)
