"""How every alarm of the project is made."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct, IConstruct

from stacks.constructs.alarm_topic import AlarmTopic, KnownAlarm, Severity

RUNBOOK = "docs/runbook.md"
COMMAND = "bin/sellerbus "
_PLACE = "Watched"
_LONGEST_DESCRIPTION = 1024
"""Source: PutMetricAlarm, AlarmDescription."""


@dataclass(frozen=True)
class AlarmText:
    """What an alarm tells whoever is woken by it."""

    symptom: str
    """What is seen, one sentence. Without its full stop it is the alarm's title."""
    impact: str
    """What it means for the sellers, one or two sentences."""
    command: str
    """What to run first, of the project's own command or of the AWS CLI; where the cell is, is added."""
    anchor: str
    """The heading of docs/runbook.md, as a link names it, such as dead-letters."""

    @property
    def title(self) -> str:
        return self.symptom.rstrip(".")

    def description(self, *, cell_options: str, aws_region: str) -> str:
        """The alarm's description. Raises ValueError where CloudWatch wouldn't take it."""
        own = self.command.startswith(COMMAND)
        command = f"{self.command} {cell_options if own else f'--region {aws_region}'}"
        text = f"{self.symptom} {self.impact} First: `{command}`. {RUNBOOK}#{self.anchor}"
        if len(text) > _LONGEST_DESCRIPTION:
            raise ValueError(f"{len(text)} characters, {_LONGEST_DESCRIPTION} are allowed: {text}")
        return text


def alarm(
    scope: Construct,
    construct_id: str,
    *,
    metric: cloudwatch.IMetric,
    threshold: float,
    text: AlarmText,
    topic: AlarmTopic,
    severity: Severity,
    missing: cloudwatch.TreatMissingData,
    points: tuple[int, int] = (1, 1),
    comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
) -> cloudwatch.Alarm:
    """An alarm that tells the alarm topic when it goes off and when it is over.

    severity: whether it also goes into one of the alarms of the cell that wake somebody (PageAlarms), and
    into which: "decide" for what stands until a person acts, so that it hides no outage. points: (m, n), so
    many of the last n periods of the metric are over the threshold. missing: what a period without any data
    means; NOT_BREACHING of what is told only when it happens, BREACHING of what is always measured.
    """
    to_alarm, evaluated = points
    made = cloudwatch.Alarm(
        _place(cdk.Stack.of(scope)),
        "-".join([*(each.node.id for each in scope.node.scopes if not _is_above(each)), construct_id]),
        alarm_description=text.description(
            cell_options=topic.cell_options, aws_region=cdk.Stack.of(scope).region
        ),
        metric=metric,
        threshold=threshold,
        comparison_operator=comparison,
        datapoints_to_alarm=to_alarm,
        evaluation_periods=evaluated,
        treat_missing_data=missing,
    )
    action = actions.SnsAction(topic)
    made.add_alarm_action(action)
    made.add_ok_action(action)
    topic.alarms.append(
        KnownAlarm(
            alarm=made,
            severity=severity,
            anchor=text.anchor,
            metric=metric,
            title=text.title,
            watched=scope,
        )
    )
    return made


def _place(stack: cdk.Stack) -> Construct:
    """Where the alarms of a stack lie: outside of what they watch.

    Whatever waits for a construct waits for all that lies in it, and nothing has to wait for alarms.
    """
    found = stack.node.try_find_child(_PLACE)
    return found if isinstance(found, Construct) else Construct(stack, _PLACE)


def _is_above(construct: IConstruct) -> bool:
    return isinstance(construct, cdk.App | cdk.Stack)
