"""Loggers and metrics of the functions: structured, named by function, without payloads or tokens.

Capabilities don't log: they return outcomes or raise, and the handler says what an operator has to know.
docs/metrics.md has all metrics and the keys of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from sellerbus.api.redaction import redact
from sellerbus.runtime.correlation import correlated
from sellerbus.runtime.emf import SERVICE, Group, Measured, MetricUnit, counted, emit
from sellerbus.runtime.logs import FunctionLogger as Logger

__all__ = [
    "LambdaContext",
    "Logger",
    "MetricUnit",
    "Metrics",
    "correlated",
    "count",
    "emitted",
    "logger",
    "metrics",
    "redact",
    "warn",
]

ENDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "FeedsCompleted": ("FeedsEnded", "COMPLETED"),
        "FeedsCompletedWithErrors": ("FeedsEnded", "COMPLETED_WITH_ERRORS"),
        "FeedsFatal": ("FeedsEnded", "FATAL"),
        "FeedsCancelled": ("FeedsEnded", "CANCELLED"),
        "FeedsRefused": ("FeedsEnded", "REFUSED"),
        "FeedsFailed": ("FeedsEnded", "FAILED"),
        "MessagesSent": ("MessagesEnded", "SENT"),
        "MessagesRefused": ("MessagesEnded", "REFUSED"),
        "MessagesNotAllowed": ("MessagesEnded", "NOT_ALLOWED"),
        "MessagesUncertain": ("MessagesEnded", "UNCERTAIN"),
        "MessagesFailed": ("MessagesEnded", "FAILED"),
    }
)
"""Metrics of one end, by function: counted once more by outcome, whichever function came to it."""


class Metrics:
    """Collects what one piece of work measures, by function. Not for threads."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[MetricUnit, list[float]]] = {}

    def add_metric(self, name: str, unit: MetricUnit, value: float) -> None:
        """Add a value to those that the metric has already."""
        self._values.setdefault(name, (unit, []))[1].append(value)

    def flush(self) -> None:
        """Write what was added, and forget it."""
        values, self._values = self._values, {}
        if values:
            emit([Group(SERVICE, {name: Measured(*measured) for name, measured in values.items()})])


def logger() -> Logger:
    """Return the function's logger. Its name and level come from POWERTOOLS_SERVICE_NAME and LOG_LEVEL."""
    return Logger()


def metrics() -> Metrics:
    """Return what collects metrics of the function; namespace from POWERTOOLS_METRICS_NAMESPACE."""
    return Metrics()


@contextmanager
def emitted(metrics: Metrics) -> Iterator[Metrics]:
    """Write the metrics that were added inside, also when an exception leaves the block; none is fine."""
    try:
        yield metrics
    finally:
        metrics.flush()


def warn(text: str, *, metric: str, **keys: Any) -> None:
    """Log a warning and count it, at once: for what shows itself in the midst of an invocation."""
    logger().warning(text, **keys)
    count(metric, 1)


def count(
    metric: str,
    value: float,
    unit: MetricUnit = MetricUnit.Count,
    *,
    by: Mapping[str, str] | None = None,
) -> None:
    """Write a metric at once: for what must be counted even if the invocation is cut off after it.

    by: further dimensions; the metric is written by function alone, and by function and these.
    """
    properties: dict[str, str] = dict(by or {})
    sets = (*SERVICE, ("service", *properties)) if properties else SERVICE
    groups = [Group(sets, {metric: counted(value, unit)})]
    if metric in ENDS:
        name, properties["outcome"] = ENDS[metric]
        groups.append(Group((("outcome",),), {name: counted(value, unit)}))
    emit(groups, **properties)
