"""Counts calls of Amazon's API: each attempt is one line, by operation and by function.

The seller, Amazon's request id and what the call belongs to stand in the line beside the metrics.
"""

from __future__ import annotations

from typing import Final

from sellerbus.api.errors import SellingPartnerError
from sellerbus.api.observing import ApiCall
from sellerbus.runtime.emf import Group, Measured, MetricUnit, counted, emit
from sellerbus.runtime.observability import warn

_SETS: Final = (("service",), ("operation",))


class ApiCalls:
    """See sellerbus.api.observing.Observer. Safe for threads.

    What did not happen is not written as 0: each name and operation is a metric that costs.
    """

    def called(self, call: ApiCall) -> None:
        metrics = {
            "ApiCalls": counted(1),
            "ApiLatency": counted(round(call.seconds * 1000, 1), MetricUnit.Milliseconds),
        }
        kind = _kind(call.status)
        if kind is not None:
            metrics[kind] = counted(1)
        if call.quota_used is not None:
            metrics["QuotaUsed"] = _percent(call.quota_used)
        emit(
            [Group(_SETS, metrics)],
            message="Amazon was called",
            operation=call.operation,
            status=call.status if call.status is not None else "no answer",
            code=call.code,
            seller_id=call.seller_id or None,
            amazon_request_id=call.request_id,
        )

    def withheld(self, operation: str, seller_id: str, wait_seconds: float) -> None:
        emit(
            [Group(_SETS, {"QuotaUsed": _percent(1.0)})],
            message="Amazon was not called: the quota is used up",
            operation=operation,
            seller_id=seller_id or None,
            wait_seconds=round(wait_seconds, 1),
        )

    def no_token(self, grant: str, error: SellingPartnerError) -> None:
        warn(
            "Login with Amazon gave no token",
            metric="TokenFailures",
            grant=grant,
            status=error.status,
            code=error.code,
            reason=str(error),
        )


def _kind(status: int | None) -> str | None:
    """The metric of an answer that is no success; a redirect is the other side's fault, as silence is."""
    if status == 429:
        return "ApiThrottled"
    if status is not None and 400 <= status < 500:
        return "ApiClientErrors"
    if status is None or not 200 <= status < 300:
        return "ApiServerErrors"
    return None


def _percent(share: float) -> Measured:
    return counted(round(share * 100, 1), MetricUnit.Percent)
