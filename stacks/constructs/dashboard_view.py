"""What the rows of the dashboard draw from: the cell's parts, its metrics, and its alarms, none left out."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.alarm_topic import KnownAlarm
from stacks.constructs.dashboard_parts import CellParts, part_name
from stacks.constructs.dashboard_widgets import labelled, search, summed
from stacks.constructs.metrics import metric as own_metric
from stacks.constructs.python_function import PythonFunction
from stacks.settings_alarms import Alarms

MINUTE = cdk.Duration.minutes(1)
_CAPITAL = re.compile(r"[A-Z]")


class CellView:
    """`take` hands out alarms once they are drawn; `left` has those that no row has asked for."""

    def __init__(
        self, *, namespace: str, parts: CellParts, alarms: Iterable[KnownAlarm], limits: Alarms
    ) -> None:
        self.parts = parts
        self.limits = limits
        self.alarms = tuple(alarms)
        self._namespace = namespace
        self._drawn: set[str] = set()

    def take(self, *anchors: str) -> list[KnownAlarm]:
        """The alarms with these headings in the runbook, in the order of their names."""
        found = [each for each in self.alarms if each.anchor in anchors]
        self._drawn.update(each.alarm.node.path for each in found)
        return sorted(found, key=lambda each: (anchors.index(each.anchor), _name(each)))

    @property
    def left(self) -> list[KnownAlarm]:
        return [each for each in self.alarms if each.alarm.node.path not in self._drawn]

    def own(
        self, name: str, label: str, *, statistic: str = "Sum", minutes: int = 5, **dimensions: str
    ) -> cloudwatch.Metric:
        """A metric that the cell's functions write; with its dimensions, such as service="run_canary"."""
        return own_metric(
            self._namespace,
            name,
            statistic=statistic,
            period=cdk.Duration.minutes(minutes),
            label=label,
            **dimensions,
        )

    def by(
        self,
        name: str,
        *dimensions: str,
        statistic: str = "Sum",
        where: str = "",
        label: str | None = None,
    ) -> cloudwatch.MathExpression:
        """A line for each value of the last dimension."""
        return search(self._namespace, name, dimensions, statistic=statistic, where=where, label=label)

    def over(
        self, name: str, label: str, *dimensions: str, statistic: str = "Sum", where: str = ""
    ) -> cloudwatch.MathExpression:
        """The sum over the values of the last dimension."""
        return summed(self.by(name, *dimensions, statistic=statistic, where=where), label)


def lines(alarms: Sequence[KnownAlarm]) -> list[cloudwatch.IMetric]:
    """What the alarms watch, each under the name of what it watches. Two that watch the same are one line."""
    watched = {_identity(each): each for each in reversed(alarms)}
    once = [each for each in alarms if watched[_identity(each)] is each]
    times = Counter(_name(each) for each in once)
    return [
        labelled(each.metric, _name(each) if times[_name(each)] == 1 else _whole_name(each), number)
        for number, each in enumerate(once)
    ]


def watched_function(alarm: KnownAlarm) -> PythonFunction | None:
    """The function whose construct made the alarm."""
    scope = alarm.watched
    return scope if isinstance(scope, PythonFunction) else None


def _name(alarm: KnownAlarm) -> str:
    function = watched_function(alarm)
    if function is not None:
        return function.service
    metric = alarm.metric
    if isinstance(metric, cloudwatch.Metric):
        if not metric.namespace.startswith("AWS/"):
            return _words(metric.metric_name)
        if metric.namespace == "AWS/SQS":
            return part_name(alarm.watched)
    role = _words(alarm.alarm.node.id.rpartition("-")[2].removesuffix("Alarm"))
    return role if alarm.watched.node.id == "Alarms" else f"{part_name(alarm.watched)}: {role}"


def _whole_name(alarm: KnownAlarm) -> str:
    """With the function that writes the metric, where several do."""
    metric = alarm.metric
    service = (
        metric.dimensions.get("service")
        if isinstance(metric, cloudwatch.Metric) and metric.dimensions
        else None
    )
    return f"{_name(alarm)} ({service or alarm.watched.node.path})"


def _words(name: str) -> str:
    return _CAPITAL.sub(lambda found: f" {found[0].lower()}", name).strip()


def _identity(alarm: KnownAlarm) -> str:
    """Warning and paging alarms of one thing watch it with one metric, in two constructs."""
    watched = alarm.metric
    if isinstance(watched, cloudwatch.Metric):
        dimensions = sorted((name, str(value)) for name, value in (watched.dimensions or {}).items())
        return f"{watched.namespace} {watched.metric_name} {dimensions} {watched.statistic}"
    return alarm.alarm.node.path
