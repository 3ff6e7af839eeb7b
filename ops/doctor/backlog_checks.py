"""What waits in the queues for too long, and what lies dead."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ops import dead_letter_queues, times
from ops.console import counted
from ops.doctor.check import Finding, Level, Looked, NeedsError
from ops.doctor.facts import Facts
from ops.doctor.queue_checks import attributes
from ops.doctor.resources import QUEUE, Resource, each, name_of_queue, resources

_DEAD: Final = ("DeadLetterQueue", "UndeliverableQueue")
_LOOK_BACK: Final = timedelta(minutes=15)
_METRICS_AT_ONCE: Final = 500
"""What GetMetricData takes."""


def worked_off(facts: Facts) -> Looked:
    """SB-BACKLOG-001: nothing waits in a queue for longer than the alarms allow."""
    stopped = facts.broken("SB-MAP-001") | facts.broken("SB-FUNC-001")
    queues = [row for row in resources(facts, QUEUE) if not _is_dead(row)]
    counts = each(queues, lambda row: _visible(facts, row.physical_id))
    waiting = [(row, count) for row, count in zip(queues, counts, strict=True) if count]
    total = sum(count for _, count in waiting)
    fact = f"{total} messages wait in {len(queues)} queues" if total else f"{len(queues)} queues, all empty"
    if not waiting or facts.emulated:
        return Looked(fact)
    if stopped:
        raise NeedsError("SB-MAP-001", "SB-FUNC-001")
    limits = facts.cell.settings.alarms.oldest_message
    ages = _ages(facts, [name_of_queue(row.physical_id) for row, _ in waiting])
    findings = []
    for row, count in waiting:
        age = ages.get(name_of_queue(row.physical_id), 0.0)
        if age <= limits.warn_seconds:
            continue
        since = facts.now - timedelta(seconds=age)
        findings.append(
            Finding(
                what=f"Messages wait in {row.logical_id} for {times.span(age)}.",
                whom=facts.everybody,
                evidence=(f"{name_of_queue(row.physical_id)}: {count} visible, the oldest {age:.0f} s old",),
                mend=(facts.sellerbus("status"),),
                since=since.isoformat(timespec="seconds"),
                level=Level.FAILURE if age > limits.page_seconds else Level.WARNING,
                subjects=frozenset({row.logical_id}),
            )
        )
    return Looked(fact, tuple(findings))


def _ages(facts: Facts, names: list[str]) -> dict[str, float]:
    """Return how old the oldest message of each queue is, in seconds, as SQS told CloudWatch last."""
    queries = [
        {
            "Id": f"q{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": name}],
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for index, name in enumerate(names[:_METRICS_AT_ONCE])
    ]
    answer = facts.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries,
        StartTime=facts.now - _LOOK_BACK,
        EndTime=facts.now,
        ScanBy="TimestampDescending",
    )
    return {
        names[int(row["Id"][1:])]: float(row["Values"][0])
        for row in answer["MetricDataResults"]
        if row["Values"]
    }


def none_dead(facts: Facts) -> Looked:
    """SB-DLQ-001: no dead-letter queue holds anything."""
    queues = [row for row in resources(facts, QUEUE) if _is_dead(row)]
    counts = each(queues, lambda row: _visible(facts, row.physical_id))
    full = [(row, count) for row, count in zip(queues, counts, strict=True) if count]
    if not full:
        return Looked(f"{len(queues)} queues, all empty")
    total = sum(count for _, count in full)
    finding = Finding(
        what=f"{counted(total, 'message')} could not be handled and {'lies' if total == 1 else 'lie'} dead.",
        whom=f"the sellers whose messages they are, by `{facts.sellerbus('dead-letters list')}`",
        evidence=tuple(f"{name_of_queue(row.physical_id)}: {count}" for row, count in full),
        by_hand="See the causes first. Put back what its cause is mended of; what is of no use any more goes "
        "with `dead-letters export --delete`.",
        mend=(
            facts.sellerbus("dead-letters list"),
            *(facts.sellerbus(f"dead-letters redrive --queue {name}") for name in _named(facts, full)),
        ),
    )
    return Looked(f"{total} dead letters", (finding,))


def _named(facts: Facts, full: list[tuple[Resource, int]]) -> list[str]:
    """Return the names that the command `dead-letters` has for these queues, as far as it knows them."""
    names = {
        url: dead_letter_queues.name_of(output)
        for part in {row.part for row, _ in full}
        for output, url in facts.outputs(part).items()
        if output.endswith(dead_letter_queues.OUTPUT_SUFFIX)
    }
    return [names[row.physical_id] for row, _ in full if row.physical_id in names]


def _is_dead(row: Resource) -> bool:
    return any(name in row.logical_id for name in _DEAD)


def _visible(facts: Facts, url: str) -> int:
    found = attributes(facts, url)
    return int(found.get("ApproximateNumberOfMessages", 0)) if found else 0
