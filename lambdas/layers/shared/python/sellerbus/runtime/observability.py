"""Loggers and metrics of the functions: structured, named by function, without payloads or tokens.

Capabilities don't log: they return outcomes or raise, and the handler says what an operator has to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sellerbus.api.redaction import redact

__all__ = [
    "LambdaContext",
    "Logger",
    "MetricUnit",
    "Metrics",
    "count",
    "emitted",
    "logger",
    "metrics",
    "redact",
    "warn",
]


def logger() -> Logger:
    """Return the function's logger. Its name and level come from POWERTOOLS_SERVICE_NAME and LOG_LEVEL."""
    return Logger(utc=True)


def metrics() -> Metrics:
    """Return the function's metrics (embedded metric format); namespace from POWERTOOLS_METRICS_NAMESPACE."""
    return Metrics()


@contextmanager
def emitted(metrics: Metrics) -> Iterator[Metrics]:
    """Write the metrics that were added inside, also when an exception leaves the block; none is fine."""
    try:
        yield metrics
    finally:
        if metrics.provider.metric_set:
            metrics.flush_metrics()


def warn(text: str, *, metric: str) -> None:
    """Log a warning and count it, at once: for what shows itself in the midst of an invocation."""
    logger().warning(text)
    count(metric, 1)


def count(metric: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Write a metric at once: for what must be counted even if the invocation is cut off after it."""
    with single_metric(name=metric, unit=unit, value=value, default_dimensions={"service": logger().service}):
        pass
