"""How an alarm looks at its metric.

In ministack 1.5.33 an alarm takes in the metrics of its name whatever they are of, takes all its periods as
one, and never minds that data are missing: the alarms of all queues go off for one queue, and m of n is one.

Here it looks as AWS does, but that its periods end at the moment of looking and not at a full minute. All
look when metrics are put, and only then: nobody puts those that functions log, and silence is an alarm.

Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def state(alarm: Mapping[str, Any], values: Sequence[float | None]) -> str | None:
    """The state by the values of the periods, of which one without data has None; None where it stays."""
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    over = sum(value is not None and breaches(value, alarm["Threshold"]) for value in values)
    missing = sum(value is None for value in values)
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    treated = alarm["TreatMissingData"]
    if over + (missing if treated == "breaching" else 0) >= needed:
        return "ALARM"
    if treated in ("breaching", "notBreaching") or over + missing < needed:
        return "OK"
    return "INSUFFICIENT_DATA" if treated == "missing" and missing == len(values) else None


def in_periods(
    points: Sequence[Mapping[str, Any]], *, now: float, period: float, count: int
) -> list[list[Mapping[str, Any]]]:
    """The points of each of the last `count` periods, the newest first; those outside of all are left out."""
    found: list[list[Mapping[str, Any]]] = [[] for _ in range(count)]
    for point in points:
        place = int((now - point["Timestamp"]) // period)
        if 0 <= place < count:
            found[place].append(point)
    return found


def fit(cloudwatch: Any) -> None:
    """Takes the places where alarms look in the emulator's module: when metrics are put, and when made."""

    def look(alarm: dict[str, Any]) -> None:
        of = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(of))
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        values = [
            cloudwatch._stat_value(cloudwatch._calc_stats(points), statistic, points) if points else None
            for points in in_periods(
                cloudwatch._metrics.get(key, ()),
                now=time.time(),
                period=alarm["Period"],
                count=alarm["EvaluationPeriods"],
            )
        ]
        before, after = alarm["StateValue"], state(alarm, values)
        if after is None or after == before:
            return
        reason = f"Threshold Crossed: {statistic} of the last periods: {values}, limit {alarm['Threshold']}"
        alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
        cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)
        cloudwatch._evaluate_parent_alarms(alarm)

    def look_at_all() -> None:
        for alarm in cloudwatch._alarms.values():
            look(alarm)

    cloudwatch._evaluate_all_alarms = look_at_all
    cloudwatch._evaluate_alarm = lambda _: None
