"""AWS's list prices that docs/cost.md is computed with: us-east-1, no free tier, no discount, no tax.

They are entered by hand. Prices differ between regions and change: look at the page named, change the figure,
run `python -m bench.cost --write`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

REGION = "us-east-1"
ENTERED = "2026-11-22"


@dataclass(frozen=True)
class Price:
    """usd for `per` of `unit`."""

    usd: float
    per: int
    unit: str
    page: str

    def of(self, amount: float) -> float:
        return amount / self.per * self.usd


_M = 1_000_000
PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "SQS requests": Price(0.40, _M, "requests, 64 KB each", "sqs"),
        "SQS messages with a group": Price(0.10, _M, "requests, on top", "sqs"),
        "Lambda invocations": Price(0.20, _M, "invocations", "lambda"),
        "Lambda time": Price(0.0000133334, 1, "GB-seconds, arm64", "lambda"),
        "DynamoDB writes": Price(0.625, _M, "write request units", "dynamodb"),
        "DynamoDB reads": Price(0.125, _M, "read request units", "dynamodb"),
        "EventBridge events": Price(1.00, _M, "events of your own, 64 KB each", "eventbridge"),
        "Step Functions": Price(25.00, _M, "state transitions", "step-functions"),
        "S3 writes": Price(5.00, _M, "PUT requests", "s3"),
        "KMS keys": Price(1.00, 1, "keys a month", "kms"),
        "KMS requests": Price(3.00, _M, "requests", "kms"),
        "Secrets": Price(0.40, 1, "secrets a month", "secrets-manager"),
        "Logs": Price(0.50, 1_000_000_000, "bytes taken in", "cloudwatch"),
        "Own metrics": Price(0.30, 1, "metrics a month, by the hour", "cloudwatch"),
        "Alarm metrics": Price(0.10, 1, "metrics of alarms a month", "cloudwatch"),
        "Composite alarms": Price(0.50, 1, "composite alarms a month", "cloudwatch"),
        "Dashboards": Price(3.00, 1, "dashboards a month", "cloudwatch"),
        "Traces": Price(5.00, _M, "traces recorded", "xray"),
    }
)
