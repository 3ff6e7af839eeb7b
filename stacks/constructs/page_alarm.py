"""The two alarms of a cell that wake somebody, and the topic that they alone tell."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic, Severity, let_alarms_publish
from stacks.constructs.alarms import AlarmText
from stacks.constructs.customer_managed_key import CustomerManagedKey

_NEVER = "FALSE"
_IDS: Mapping[Severity, str] = MappingProxyType({"page": "Alarm", "decide": "DecideAlarm"})
_TOLD: Mapping[Severity, tuple[str, str]] = MappingProxyType(
    {
        "page": ("Something in {prefix} does not work now.", "paged"),
        "decide": ("Something in {prefix} waits for a person, and does not end by itself.", "decision-waits"),
    }
)
"""Symptom and heading of the runbook."""


class StackPages(Construct):
    """For each severity that wakes somebody an alarm, on while one of its stack is, whenever that was added.

    They tell nobody: PageAlarms asks them, by their names. One alarm over all stacks would import the names
    of theirs, so that no stack could lose an alarm before the other was updated, and its rule would be too
    long.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: AlarmTopic) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        for severity, alarm_id in _IDS.items():
            cloudwatch.CompositeAlarm(
                self,
                alarm_id,
                composite_alarm_name=_composite_name(stack.stack_name, severity),
                alarm_description=f"{_TOLD[severity][0].format(prefix=stack.stack_name)} "
                "The alarm of the cell tells it.",
                alarm_rule=_rule(stack, topic, severity, others=()),
            )


class PageTopic(sns.Topic):
    """Encrypted, TLS only; takes what the two alarms tell, and hands it to whoever is on call."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarm_names: Sequence[str],
        key: CustomerManagedKey,
        email: str | None,
        url: str | None,
    ) -> None:
        super().__init__(scope, construct_id, master_key=key, enforce_ssl=True)
        let_alarms_publish(self, alarm_names)
        if email:
            self.add_subscription(subscriptions.EmailSubscription(email))
        if url:
            self.add_subscription(subscriptions.UrlSubscription(url))


class PageAlarms(Construct):
    """`topic` and `alarms`: for each severity that wakes somebody one, on while any of the cell's is on.

    Two, because one that has told is silent until all of it is over: what waits for a person for days must
    not hide an outage. Each of `stacks` has its StackPages.
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
        self.topic = PageTopic(
            self,
            "Topic",
            alarm_names=[_composite_name(prefix, severity) for severity in _IDS],
            key=key,
            email=topic.limits.page_email,
            url=topic.limits.page_url,
        )
        self.alarms = [self._alarm(severity, prefix=prefix, stacks=stacks, topic=topic) for severity in _IDS]
        # By name only: CloudFormation knows no more of what must be there first.
        for stack in stacks:
            own.add_stack_dependency(stack)

    def _alarm(
        self, severity: Severity, *, prefix: str, stacks: Sequence[cdk.Stack], topic: AlarmTopic
    ) -> cloudwatch.IAlarm:
        own = cdk.Stack.of(self)
        symptom, anchor = _TOLD[severity]
        text = AlarmText(
            symptom=symptom.format(prefix=prefix),
            impact="The alarms that are on say for whom; each has told the alarm topic too.",
            command="bin/sellerbus status",
            anchor=anchor,
        )
        others = [_composite_name(stack.stack_name, severity) for stack in stacks]
        made = cloudwatch.CompositeAlarm(
            self,
            _IDS[severity],
            composite_alarm_name=_composite_name(prefix, severity),
            alarm_description=text.description(cell_options=topic.cell_options, aws_region=own.region),
            alarm_rule=_rule(own, topic, severity, others=others),
        )
        action = actions.SnsAction(self.topic)
        made.add_alarm_action(action)
        made.add_ok_action(action)
        return made


def _composite_name(beginning: str, severity: Severity) -> str:
    """beginning: a stack's name, or what all names of the cell begin with."""
    return f"{beginning}-{severity}"


def _rule(
    stack: cdk.Stack, topic: AlarmTopic, severity: Severity, *, others: Sequence[str]
) -> cloudwatch.IAlarmRule:
    """On while one of the stack's alarms of that severity, or one of `others`, is on."""
    return cloudwatch.AlarmRule.from_string(cdk.Lazy.string(_Rule(stack, topic, severity, others)))


@jsii.implements(cdk.IStableStringProducer)
class _Rule:
    """Written at the end of the synthesis, when every alarm is known.

    Names, not ARNs: a rule takes 10,240 characters.
    """

    def __init__(
        self, stack: cdk.Stack, topic: AlarmTopic, severity: Severity, others: Sequence[str]
    ) -> None:
        self._stack = stack
        self._topic = topic
        self._severity = severity
        self._others = others

    def produce(self) -> str:
        own = (
            known.alarm.alarm_name
            for known in self._topic.alarms
            if known.severity == self._severity and known.alarm.stack.node.path == self._stack.node.path
        )
        return " OR ".join(f'ALARM("{name}")' for name in (*own, *self._others)) or _NEVER
