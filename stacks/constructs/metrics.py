"""The metrics that the functions of a cell write: where they are found, and how an alarm or a graph asks.

docs/metrics.md has all of them, with their dimensions.
"""

from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.marketplaces import SellingRegion


class HasMetrics(Protocol):
    """Whatever knows the namespace of its cell, as FunctionDefaults does."""

    @property
    def metrics_namespace(self) -> str: ...


def metrics_namespace(stage: str, region: SellingRegion) -> str:
    """A namespace per cell: two of them in one account and AWS region must not add up in one metric."""
    return f"Sellerbus/{stage}/{region}"


def metric(
    cell: HasMetrics | str,
    name: str,
    *,
    service: str | None = None,
    statistic: str = "Sum",
    period: cdk.Duration | None = None,
    label: str | None = None,
    **dimensions: str,
) -> cloudwatch.Metric:
    """The metric `name` with exactly these dimensions; one that was written with others is another metric.

    cell: FunctionDefaults, or the namespace itself. service: the folder of the function that writes it.
    period: five minutes where nothing is said.
    """
    named = {"service": service} if service is not None else {}
    return cloudwatch.Metric(
        namespace=cell if isinstance(cell, str) else cell.metrics_namespace,
        metric_name=name,
        dimensions_map={**named, **dimensions},
        statistic=statistic,
        period=period or cdk.Duration.minutes(5),
        label=label,
    )
