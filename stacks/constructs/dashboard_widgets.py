"""The kinds of widget that the dashboard is made of, all laid out on 24 columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.alarm_topic import KnownAlarm, Severity

COLUMNS = 24
GRAPH_HEIGHT = 6
NUMBER_HEIGHT = 4
_LOOKS: Mapping[Severity, tuple[str, str]] = MappingProxyType(
    {
        "page": ("pages", cloudwatch.Color.RED),
        "decide": ("pages for a decision", cloudwatch.Color.RED),
        "warn": ("warns", cloudwatch.Color.ORANGE),
    }
)
"""What is told at a level, and its colour; where several tell at one, that of the first."""
_SIDES = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "from",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "down from",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def panel(markdown: str, *, height: int) -> cloudwatch.TextWidget:
    """The text that opens a row, over its whole width."""
    return cloudwatch.TextWidget(markdown=markdown, width=COLUMNS, height=height)


def graph(
    title: str,
    *,
    left: Sequence[cloudwatch.IMetric],
    unit: str,
    width: int,
    alarms: Iterable[KnownAlarm] = (),
    right: Sequence[cloudwatch.IMetric] = (),
    right_unit: str | None = None,
    stacked: bool = False,
    annotations: Sequence[cloudwatch.HorizontalAnnotation] | None = None,
) -> cloudwatch.GraphWidget:
    """Lines over time, with the thresholds of the alarms on the left axis' metrics drawn in.

    annotations: in place of the alarms' thresholds, where the graph's unit is another than the alarms'.
    """
    return cloudwatch.GraphWidget(
        title=title,
        left=left,
        left_y_axis=cloudwatch.YAxisProps(label=unit, min=0, show_units=False),
        left_annotations=list(thresholds(alarms) if annotations is None else annotations),
        right=right or None,
        right_y_axis=cloudwatch.YAxisProps(label=right_unit, min=0, show_units=False) if right else None,
        stacked=stacked,
        width=width,
        height=GRAPH_HEIGHT,
    )


def number(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int, whole: bool
) -> cloudwatch.IWidget:
    """One or a few figures; whole: of all the time shown, not of its last period alone."""
    return cloudwatch.SingleValueWidget(
        title=title,
        metrics=metrics,
        set_period_to_time_range=whole,
        sparkline=not whole,
        width=width,
        height=NUMBER_HEIGHT,
    )


def thresholds(alarms: Iterable[KnownAlarm]) -> list[cloudwatch.HorizontalAnnotation]:
    """A line for each level at which something tells; alarms with the same level share one."""
    levels: dict[tuple[float, str], set[Severity]] = {}
    for each in alarms:
        levels.setdefault((_threshold(each), _side(each)), set()).add(each.severity)
    return [threshold(level, severities, side) for (level, side), severities in sorted(levels.items())]


def threshold(level: float, severities: Iterable[Severity], side: str) -> cloudwatch.HorizontalAnnotation:
    """side: where the values are that tell, such as "above"."""
    among = set(severities)
    told = [looks for severity, looks in _LOOKS.items() if severity in among]
    verbs = " or ".join(verb for verb, _ in told)
    return cloudwatch.HorizontalAnnotation(
        value=level, label=f"{verbs} {side} {level:.10g}", color=told[0][1]
    )


def labelled(metric: cloudwatch.IMetric, label: str, number: int) -> cloudwatch.IMetric:
    """The metric under a label of its own. An expression's ids are made unlike any other's in the graph.

    CloudWatch takes ids once in a graph, and every alarm on an expression calls its metrics by the same.
    """
    if isinstance(metric, cloudwatch.Metric):
        return metric.with_(label=label)
    if not isinstance(metric, cloudwatch.MathExpression):
        raise TypeError(f"{label}: neither a metric nor an expression of metrics.")
    used = dict(metric.using_metrics)
    renamed = {name: f"{name}_{number}" for name in used}
    return cloudwatch.MathExpression(
        expression=_NAME.sub(lambda found: renamed.get(found[0], found[0]), metric.expression),
        using_metrics={renamed[name]: each for name, each in used.items()},
        period=cdk.Duration.seconds(metric.period.to_seconds()),
        label=label,
    )


def search(
    namespace: str,
    name: str,
    by: Sequence[str],
    *,
    statistic: str = "Sum",
    where: str = "",
    label: str | None = None,
    seconds: int = 300,
) -> cloudwatch.MathExpression:
    """A line for each value of the last dimension that wrote the metric; `where` narrows, as in SEARCH.

    Found by dimension and not listed: a notification type that nobody configured is shown as well.
    """
    dimensions = ",".join((f'"{namespace}"', *by))
    found = f'SEARCH(\'{{{dimensions}}} MetricName="{name}" {where}'.rstrip()
    return cloudwatch.MathExpression(
        expression=f"{found}', '{statistic}', {seconds})",
        using_metrics={},
        label=label or f"${{PROP('Dim.{by[-1]}')}}",
        period=cdk.Duration.seconds(seconds),
    )


def summed(expression: cloudwatch.MathExpression, label: str) -> cloudwatch.MathExpression:
    """All lines of a search as one."""
    return cloudwatch.MathExpression(
        expression=f"SUM({expression.expression})",
        using_metrics={},
        label=label,
        period=cdk.Duration.seconds(expression.period.to_seconds()),
    )


def _threshold(known: KnownAlarm) -> float:
    return float(known.alarm.to_annotation().value)


def _side(known: KnownAlarm) -> str:
    resource = known.alarm.node.default_child
    if not isinstance(resource, cloudwatch.CfnAlarm):
        raise TypeError("An Alarm's default child is its CfnAlarm.")
    return _SIDES[str(resource.comparison_operator)]
