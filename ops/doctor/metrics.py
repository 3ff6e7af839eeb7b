"""The cell's own metrics, as CloudWatch has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ops.doctor.facts import Facts


def namespace(facts: Facts) -> str:
    """Return the namespace of the cell's metrics; docs/metrics.md."""
    return f"Sellerbus/{facts.name}/{facts.region}"


def sums(facts: Facts, name: str, dimensions: Mapping[str, str], window: timedelta) -> float:
    """Return the sum of one metric over the last `window`; 0 where it has no data."""
    answer = facts.client("cloudwatch").get_metric_statistics(
        Namespace=namespace(facts),
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=facts.now - window,
        EndTime=facts.now,
        Period=int(window.total_seconds()),
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def operations(facts: Facts) -> list[str]:
    """Return the operations of Amazon's that were called lately."""
    start: dict[str, str] = {}
    found: set[str] = set()
    while True:
        page = facts.client("cloudwatch").list_metrics(
            Namespace=namespace(facts), MetricName="ApiCalls", **start
        )
        for row in page["Metrics"]:
            names = {item["Name"]: item["Value"] for item in row["Dimensions"]}
            if set(names) == {"operation"}:
                found.add(names["operation"])
        if not page.get("NextToken"):
            return sorted(found)
        start = {"NextToken": page["NextToken"]}
