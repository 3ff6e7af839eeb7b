"""An encrypted queue as the target of a rule."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_events import IRuleRef

from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters

_MAXIMUM_AGE = cdk.Duration.days(1)
_MAXIMUM_ATTEMPTS = 185
"""Both the most that EventBridge offers: a key or policy that is mended within a day has lost nothing."""


@jsii.implements(events.IRuleTarget)
class QueueAsTarget:
    """A queue as a rule's target, and its dead-letter queue for what could not be delivered.

    CDK's own target would write into the key's policy, which lies in another stack; the key allows rules of
    this account already, and the queues' policies name the rule. sid: of its statement there, which must
    differ where several rules send to the same queue.
    """

    def __init__(self, queues: QueueWithDeadLetters, *, sid: str = "TheRuleSendsEvents") -> None:
        self._queues = queues
        self._sid = sid

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        for queue in (self._queues.queue, self._queues.dead_letter_queue):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=self._sid,
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": rule.rule_ref.rule_arn}},
                )
            )
        return events.RuleTargetConfig(
            arn=self._queues.queue.queue_arn,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                arn=self._queues.dead_letter_queue.queue_arn
            ),
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=int(_MAXIMUM_AGE.to_seconds()),
                maximum_retry_attempts=_MAXIMUM_ATTEMPTS,
            ),
        )
