"""Whether Amazon's and AWS's limits leave room for the work."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from botocore.exceptions import ClientError

from ops.doctor.check import Finding, Level, Looked, NotCheckedError
from ops.doctor.facts import Facts
from ops.doctor.metrics import operations, sums
from ops.doctor.resources import each

_HOUR: Final = timedelta(hours=1)
_MOST_THROTTLED: Final = 0.1
_OTHERS_AT_ONCE: Final = 30
"""What runs beside the processing of notifications: reconciler, feeds, messages, watchers."""


def throttled(facts: Facts) -> Looked:
    """SB-QUOTA-001: Amazon turns away less than a tenth of the calls of any operation."""
    if facts.emulated:
        raise NotCheckedError("the emulator makes no metrics of what functions write")

    def count(operation: str) -> tuple[str, float, float]:
        named = {"operation": operation}
        return operation, sums(facts, "ApiCalls", named, _HOUR), sums(facts, "ApiThrottled", named, _HOUR)

    rows = [row for row in each(operations(facts), count) if row[1]]
    bad = [row for row in rows if row[2] / row[1] > _MOST_THROTTLED]
    calls = sum(row[1] for row in rows)
    fact = f"{calls:.0f} calls in an hour, {sum(row[2] for row in rows):.0f} turned away"
    if not bad:
        return Looked(fact)
    finding = Finding(
        what="Amazon turns calls away: its rate limit is used up.",
        whom=f"{facts.everybody}: what waits for these calls comes late",
        evidence=tuple(
            f"{name}: {refused:.0f} of {made:.0f} calls of the last hour" for name, made, refused in bad
        ),
        by_hand="Sellerbus keeps to the limits: another tool or stage with the same application spends "
        "them. Find it, or slow it down.",
        mend=(facts.again("SB-QUOTA-001"),),
        level=Level.WARNING,
        subjects=frozenset(name for name, _, _ in bad),
    )
    return Looked(fact, (finding,))


def concurrency(facts: Facts) -> Looked:
    """SB-QUOTA-002: the account lets as many functions run at once as the configuration asks for."""
    try:
        limits = facts.client("lambda").get_account_settings()["AccountLimit"]
    except ClientError as error:
        if facts.emulated:
            raise NotCheckedError("the emulator has no limits") from error
        raise
    free = int(limits["UnreservedConcurrentExecutions"])
    needed = facts.cell.settings.processing.maximum_concurrency + _OTHERS_AT_ONCE
    if free >= needed:
        return Looked(f"{free} at once, {needed} needed")
    finding = Finding(
        what=f"The account lets {free} functions run at once; the stage needs {needed} at its busiest.",
        whom=f"{facts.everybody}: at a peak functions are throttled, and what waits comes late",
        evidence=(f"AWS's limit of concurrent executions in {facts.cell.settings.aws_region}",),
        by_hand="New accounts begin with 10. AWS grants a raise within a day or so.",
        mend=(
            facts.aws(
                "service-quotas request-service-quota-increase --service-code lambda "
                "--quota-code L-B99A9384 --desired-value 1000"
            ),
        ),
        level=Level.WARNING,
    )
    return Looked(f"{free} at once", (finding,))
