"""The one alarm of a cell that wakes somebody, and the topic that it alone tells."""

from collections.abc import Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic, let_alarms_publish
from stacks.constructs.alarms import AlarmText
from stacks.constructs.customer_managed_key import CustomerManagedKey

_NEVER = "FALSE"


class StackPages(cloudwatch.CompositeAlarm):
    """On while an alarm of one stack that pages is on, those included that are added to the stack later.

    It tells nobody: PageAlarm asks it, by its name. One alarm over all stacks would import the names of
    theirs, so that no stack could lose an alarm before the other was updated, and its rule would be too long.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: AlarmTopic) -> None:
        super().__init__(
            scope,
            construct_id,
            composite_alarm_name=stack_pages_name(cdk.Stack.of(scope)),
            alarm_description="An alarm of this stack that pages is on. The alarm of the cell tells it.",
            alarm_rule=_rule(cdk.Stack.of(scope), topic, others=()),
        )


class PageTopic(sns.Topic):
    """Encrypted, TLS only; takes what the one alarm tells, and hands it to whoever is on call."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarm_name: str,
        key: CustomerManagedKey,
        email: str | None,
        url: str | None,
    ) -> None:
        super().__init__(scope, construct_id, master_key=key, enforce_ssl=True)
        let_alarms_publish(self, alarm_name)
        if email:
            self.add_subscription(subscriptions.EmailSubscription(email))
        if url:
            self.add_subscription(subscriptions.UrlSubscription(url))


class PageAlarm(Construct):
    """`topic` and `alarm`: on while any alarm of the cell is on that pages, of its own stack or of `stacks`.

    Each of `stacks` has its StackPages.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        stacks: Sequence[cdk.Stack],
        topic: AlarmTopic,
        key: CustomerManagedKey,
    ) -> None:
        super().__init__(scope, construct_id)
        own = cdk.Stack.of(self)
        name = f"{prefix}-page"
        self.topic = PageTopic(
            self,
            "Topic",
            alarm_name=name,
            key=key,
            email=topic.limits.page_email,
            url=topic.limits.page_url,
        )
        text = AlarmText(
            symptom=f"Something is wrong in {prefix} that does not wait for the morning.",
            impact="The alarms that are on say for whom; each has told the alarm topic too.",
            command="bin/sellerbus status",
            anchor="paged",
        )
        self.alarm = cloudwatch.CompositeAlarm(
            self,
            "Alarm",
            composite_alarm_name=name,
            alarm_description=text.description(cell_options=topic.cell_options, aws_region=own.region),
            alarm_rule=_rule(own, topic, others=[stack_pages_name(stack) for stack in stacks]),
        )
        action = actions.SnsAction(self.topic)
        self.alarm.add_alarm_action(action)
        self.alarm.add_ok_action(action)
        # By name only: CloudFormation knows no more of what must be there first.
        for stack in stacks:
            own.add_stack_dependency(stack)


def stack_pages_name(stack: cdk.Stack) -> str:
    """The name of a stack's StackPages."""
    return f"{stack.stack_name}-page"


def _rule(stack: cdk.Stack, topic: AlarmTopic, *, others: Sequence[str]) -> cloudwatch.IAlarmRule:
    """On while one of the stack's alarms that page, or one of `others`, is on."""
    return cloudwatch.AlarmRule.from_string(cdk.Lazy.string(_Rule(stack, topic, others)))


@jsii.implements(cdk.IStableStringProducer)
class _Rule:
    """Written at the end of the synthesis, when every alarm is known.

    Names, not ARNs: a rule takes 10,240 characters.
    """

    def __init__(self, stack: cdk.Stack, topic: AlarmTopic, others: Sequence[str]) -> None:
        self._stack = stack
        self._topic = topic
        self._others = others

    def produce(self) -> str:
        own = (
            known.alarm.alarm_name
            for known in self._topic.alarms
            if known.severity == "page" and known.alarm.stack.node.path == self._stack.node.path
        )
        return " OR ".join(f'ALARM("{name}")' for name in (*own, *self._others)) or _NEVER
