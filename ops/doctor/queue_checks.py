"""Whether Amazon can send to the queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ops import times
from ops.doctor import templates
from ops.doctor.check import Finding, Fix, Looked, NeedsError, NotCheckedError
from ops.doctor.facts import Facts
from ops.doctor.key_checks import AMAZON
from ops.doctor.policies import faults
from ops.doctor.resources import is_missing, name_of_queue
from ops.stage import FOUNDATION, NOTIFICATIONS, OPERATIONS

_ACTIONS: Final = ("sqs:SendMessage", "sqs:GetQueueAttributes")


def as_meant(facts: Facts) -> Looked:
    """SB-QUEUE-001: the notification queue is there, under the cell's key, with its dead-letter queue."""
    url = facts.output("NotificationQueueUrl", NOTIFICATIONS)
    found = attributes(facts, url)
    if found is None:
        return Looked("gone", (_gone(facts, url),))
    key = facts.output("KeyArn", FOUNDATION)
    set_key = str(found.get("KmsMasterKeyId", ""))
    wrong = []
    repair: dict[str, str] = {}
    if set_key.rpartition("/")[2] != key.rpartition("/")[2]:
        wrong.append(f"encrypted with {set_key or 'no key'}, not with {key}")
        repair["KmsMasterKeyId"] = key
    if not found.get("RedrivePolicy"):
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
    found = attributes(facts, url)
    if found is None:
        raise NeedsError("SB-QUEUE-001")
    wrong = faults(found.get("Policy", ""), account=AMAZON, actions=_ACTIONS, resource=arn)
    if not wrong:
        return Looked(f"account {AMAZON} may {' and '.join(_ACTIONS)}")

    def put_back() -> None:
        policy = templates.queue_policy(facts, part, url)
        facts.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    changed = found.get("LastModifiedTimestamp")
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


def attributes(facts: Facts, url: str) -> Mapping[str, Any] | None:
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
