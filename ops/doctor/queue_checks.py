"""Whether Amazon can send to the queues, whether they are worked off, and what lies dead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from ops import dead_letter_queues, times
from ops.doctor import templates
from ops.doctor.check import Finding, Fix, Level, Looked, NeedsError, NotCheckedError
from ops.doctor.facts import Facts
from ops.doctor.key_checks import AMAZON
from ops.doctor.policies import faults
from ops.doctor.resources import QUEUE, Resource, each, is_missing, name_of_queue, resources
from ops.stage import FOUNDATION, NOTIFICATIONS, OPERATIONS

_ACTIONS: Final = ("sqs:SendMessage", "sqs:GetQueueAttributes")
_DEAD: Final = ("DeadLetterQueue", "UndeliverableQueue")
_LOOK_BACK: Final = timedelta(minutes=15)
_METRICS_AT_ONCE: Final = 500
"""What GetMetricData takes."""


def as_meant(facts: Facts) -> Looked:
    """SB-QUEUE-001: the notification queue is there, under the cell's key, with its dead-letter queue."""
    url = facts.output("NotificationQueueUrl", NOTIFICATIONS)
    attributes = _attributes(facts, url)
    if attributes is None:
        return Looked("gone", (_gone(facts, url),))
    key = facts.output("KeyArn", FOUNDATION)
    set_key = str(attributes.get("KmsMasterKeyId", ""))
    wrong = []
    repair: dict[str, str] = {}
    if set_key.rpartition("/")[2] != key.rpartition("/")[2]:
        wrong.append(f"encrypted with {set_key or 'no key'}, not with {key}")
        repair["KmsMasterKeyId"] = key
    if not attributes.get("RedrivePolicy"):
        wrong.append("no dead-letter queue: what can't be processed comes again until it is lost")
    if not wrong:
        return Looked(f"{name_of_queue(url)}, encrypted, with its dead-letter queue")
    finding = Finding(
        what="The notification queue is not as it was deployed.",
        whom=facts.everybody,
        evidence=(url, *wrong),
        mend=(facts.fixing("SB-QUEUE-001"),),
        fix=Fix(
            "puts the queue's key and policies back as the stack's template has them",
            lambda: _put_back(facts, url, repair),
        ),
        # It can still be sent to: what else is wrong is worth knowing.
        subjects=frozenset({"settings"}),
    )
    return Looked("changed", (finding,))


def _put_back(facts: Facts, url: str, repair: Mapping[str, str]) -> None:
    # All at once: the time until it holds everywhere is then the same for all of it.
    policy = templates.queue_policy(facts, NOTIFICATIONS, url)
    values = {**templates.queue_settings(facts, NOTIFICATIONS, url), **repair, "Policy": policy}
    facts.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=values)


def _gone(facts: Facts, url: str) -> Finding:
    return Finding(
        what="The notification queue is gone: Amazon's notifications are lost.",
        whom=facts.everybody,
        evidence=(url,),
        by_hand="A deployment takes it for being there: a change set that reverts drift does not.",
        mend=facts.putting_back(NOTIFICATIONS),
    )


def lets_amazon_send(facts: Facts) -> Looked:
    """SB-QUEUE-002: the notification queue's policy as deployed lets Amazon send."""
    url = facts.output("NotificationQueueUrl", NOTIFICATIONS)
    arn = facts.output("NotificationQueueArn", NOTIFICATIONS)
    return _policy(
        facts,
        "SB-QUEUE-002",
        NOTIFICATIONS,
        url,
        arn,
        "Amazon can't send notifications: the queue's policy doesn't let it, and every one is lost.",
    )


def application_queue(facts: Facts) -> Looked:
    """SB-QUEUE-003: so does that of the queue to which Amazon sends the new client secret."""
    outputs = facts.outputs(OPERATIONS)
    url = outputs.get("ApplicationQueueUrl")
    arn = outputs.get("ApplicationQueueArn")
    if not url or not arn:
        raise NotCheckedError("the stage has no application queue")
    return _policy(
        facts,
        "SB-QUEUE-003",
        OPERATIONS,
        url,
        arn,
        "Amazon can't send the new client secret: the application queue's policy doesn't let it.",
    )


def _policy(facts: Facts, check_id: str, part: str, url: str, arn: str, what: str) -> Looked:
    attributes = _attributes(facts, url)
    if attributes is None:
        raise NeedsError("SB-QUEUE-001")
    wrong = faults(attributes.get("Policy", ""), account=AMAZON, actions=_ACTIONS, resource=arn)
    if not wrong:
        return Looked(f"account {AMAZON} may {' and '.join(_ACTIONS)}")

    def put_back() -> None:
        policy = templates.queue_policy(facts, part, url)
        facts.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    changed = attributes.get("LastModifiedTimestamp")
    finding = Finding(
        what=what,
        whom=facts.everybody,
        evidence=(name_of_queue(url), *wrong),
        mend=(facts.fixing(check_id),),
        # Of any attribute: the policy can't have been changed later.
        since=times.at(float(changed)).isoformat(timespec="seconds") if changed else "",
        fix=Fix("puts the queue's policy back as the stack's template has it", put_back),
    )
    return Looked("not as Amazon needs it", (finding,))


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
        what=f"{total} messages could not be handled and lie dead.",
        whom=f"the sellers whose messages they are: {facts.sellerbus('dead-letters list')} tells",
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
    attributes = _attributes(facts, url)
    return int(attributes.get("ApproximateNumberOfMessages", 0)) if attributes else 0


def _attributes(facts: Facts, url: str) -> Mapping[str, Any] | None:
    """Return a queue's attributes, None where there is no such queue."""

    def look() -> Mapping[str, Any] | None:
        client = facts.client("sqs")
        try:
            answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        except client.exceptions.ClientError as error:
            if not is_missing(error):
                raise
            return None
        found: Mapping[str, Any] = answer.get("Attributes", {})
        return found

    return facts.once(f"queue {url}", look)
