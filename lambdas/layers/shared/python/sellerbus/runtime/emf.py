"""Metrics as lines of the log: CloudWatch reads them there, and no call is made.

A line holds its metrics' values, the names of the dimensions they are written under, and whatever else helps
who reads the log (such as a seller's id, which as a dimension would make a metric of every seller).

Source: CloudWatch user guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sellerbus.runtime.correlation import current

MOST_VALUES: Final = 100
"""Of one metric in one line."""


class MetricUnit(StrEnum):
    """CloudWatch's names of the units that are used."""

    Count = "Count"
    Seconds = "Seconds"
    Milliseconds = "Milliseconds"
    Bytes = "Bytes"
    Percent = "Percent"


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of one metric; several in a line count as so many samples."""

    unit: MetricUnit
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that are written under the same dimensions.

    sets: under each set of dimension names a metric of its own is kept. Their values are among the line's
    properties, as `service` always is.
    """

    sets: Sequence[Sequence[str]]
    metrics: Mapping[str, Measured]


SERVICE: Final[Sequence[Sequence[str]]] = (("service",),)
"""By function alone."""


def counted(value: float, unit: MetricUnit = MetricUnit.Count) -> Measured:
    """One value."""
    return Measured(unit, (value,))


def lines(
    namespace: str, at_ms: int, groups: Sequence[Group], properties: Mapping[str, object]
) -> Iterator[str]:
    """The lines that hold all values: one, or more where a metric has more values than a line takes.

    at_ms: since 1970. No name may be in two groups, nor a group's name among the properties.
    """
    longest = max((len(each.values) for group in groups for each in group.metrics.values()), default=0)
    for start in range(0, longest, MOST_VALUES):
        directives = []
        values: dict[str, Sequence[float]] = {}
        for group in groups:
            part = {name: each.values[start : start + MOST_VALUES] for name, each in group.metrics.items()}
            names = [name for name, some in part.items() if some]
            if names:
                directives.append(
                    {
                        "Namespace": namespace,
                        "Dimensions": group.sets,
                        "Metrics": [{"Name": name, "Unit": group.metrics[name].unit} for name in names],
                    }
                )
                values.update((name, part[name]) for name in names)
        document = {
            "_aws": {"Timestamp": at_ms, "CloudWatchMetrics": directives},
            **properties,
            **values,
        }
        yield json.dumps(document, separators=(",", ":"), allow_nan=False)


def emit(groups: Sequence[Group], **properties: object) -> None:
    """Write metrics at once, in the function's namespace, with its name as `service`; None is left out.

    Properties go out as they are: never anything of a buyer's, nor text that came from outside.
    """
    told: dict[str, object] = {"service": os.environ["POWERTOOLS_SERVICE_NAME"]}
    correlation_id = current()
    if correlation_id is not None:
        told["correlation_id"] = correlation_id
    told.update((name, value) for name, value in properties.items() if value is not None)
    for line in lines(os.environ["POWERTOOLS_METRICS_NAMESPACE"], time.time_ns() // 1_000_000, groups, told):
        # In one piece: threads write beside each other.
        sys.stdout.write(line + "\n")
