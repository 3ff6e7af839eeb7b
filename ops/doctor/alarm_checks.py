"""Whether alarms are there and armed, reach a person, and ring."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ops.doctor.check import Finding, Fix, Level, Looked, NotCheckedError
from ops.doctor.facts import Facts
from ops.doctor.resources import ALARM, COMPOSITE, Resource, each, resources
from ops.stage import FOUNDATION, OPERATIONS

_NAMES_AT_ONCE: Final = 100
"""What DescribeAlarms takes."""
_FIRST: Final = re.compile(r"First: `([^`]+)`")
_RUNBOOK: Final = re.compile(r"docs/runbook\.md#[a-z0-9-]+")
_PENDING: Final = "PendingConfirmation"


def reach_somebody(facts: Facts) -> Looked:
    """SB-ALARM-001: whoever alarms tell has confirmed the subscription."""
    topics = {"every alarm": facts.output("AlarmTopicArn", FOUNDATION)}
    page = (facts.stack(OPERATIONS) and facts.outputs(OPERATIONS).get("PageTopicArn")) or ""
    if page:
        topics["the alarms that page"] = page
    told = {what: _subscriptions(facts, arn) for what, arn in topics.items()}
    if facts.emulated and not any(told.values()):
        raise NotCheckedError("a stage on the emulator alarms nobody")
    findings = []
    for what, rows in told.items():
        pending = [str(row["Endpoint"]) for row in rows if row["SubscriptionArn"] == _PENDING]
        if rows and len(pending) < len(rows):
            continue
        findings.append(_nobody(facts, what, topics[what], pending))
    confirmed = sum(1 for rows in told.values() for row in rows if row["SubscriptionArn"] != _PENDING)
    return Looked(f"{confirmed} confirmed subscriptions", tuple(findings))


def _nobody(facts: Facts, what: str, topic: str, pending: Sequence[str]) -> Finding:
    name = topic.rpartition(":")[2]
    if pending:
        return Finding(
            what=f"Nobody hears of {what}: the subscription is not confirmed.",
            whom="whoever is on call",
            evidence=tuple(f"{name}: {_hidden(address)} has not confirmed" for address in pending),
            by_hand='Open AWS\'s message "Subscription Confirmation" and follow its link. It works for two '
            "days; the command has AWS send another.",
            mend=(
                facts.aws(
                    f"sns subscribe --topic-arn {topic} --protocol email --notification-endpoint <address>"
                ),
            ),
            level=Level.WARNING,
        )
    return Finding(
        what=f"Nobody hears of {what}: the topic has no subscription.",
        whom="whoever is on call",
        evidence=(name,),
        by_hand=f"Or set alarm_email in config/{facts.name}.yaml and deploy.",
        mend=(
            facts.aws(
                f"sns subscribe --topic-arn {topic} --protocol email --notification-endpoint <address>"
            ),
        ),
        level=Level.WARNING,
    )


def _hidden(address: str) -> str:
    """Return enough of an address to know which it is."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}...{at}{domain}" if at else f"{address[:8]}..."


def _subscriptions(facts: Facts, topic: str) -> list[Mapping[str, Any]]:
    start: dict[str, str] = {}
    found: list[Mapping[str, Any]] = []
    while True:
        page = facts.client("sns").list_subscriptions_by_topic(TopicArn=topic, **start)
        found += page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return found
        start = {"NextToken": page["NextToken"]}


def armed(facts: Facts) -> Looked:
    """SB-ALARM-002: every alarm of the templates is there, and tells somebody when it rings."""
    names = _names(facts)
    found = _alarms(facts)
    missing = [name for name in names if name not in found]
    muted = [name for name in names if name in found and not found[name].get("ActionsEnabled", True)]
    findings = []
    if missing:
        gone = [row for row in resources(facts, ALARM, COMPOSITE) if _name(row) in missing]
        parts = dict.fromkeys(row.part for row in gone)
        findings.append(
            Finding(
                what=f"{len(missing)} alarms are gone.",
                whom="whoever is on call: what they watch goes wrong unseen",
                evidence=tuple(missing),
                by_hand="A deployment takes them for being there: a change set that reverts drift does not.",
                mend=tuple(command for part in parts for command in facts.putting_back(part)),
                level=Level.WARNING,
                subjects=frozenset(missing),
            )
        )
    if muted:
        client = facts.client("cloudwatch")
        findings.append(
            Finding(
                what=f"{len(muted)} alarms are muted: they ring and tell nobody.",
                whom="whoever is on call",
                evidence=tuple(muted),
                by_hand="Ask who muted them, and why.",
                mend=(facts.fixing("SB-ALARM-002"),),
                level=Level.WARNING,
                subjects=frozenset(muted),
                fix=Fix(
                    f"has {len(muted)} alarms tell of themselves again",
                    lambda: client.enable_alarm_actions(AlarmNames=muted),
                ),
            )
        )
    return Looked(f"{len(names) - len(missing)} alarms", tuple(findings))


def quiet(facts: Facts) -> Looked:
    """SB-ALARM-003: none of them rings."""
    found = _alarms(facts)
    ringing = [row for row in found.values() if row.get("StateValue") == "ALARM" and "AlarmRule" not in row]
    paging = " ".join(str(row["AlarmRule"]) for row in found.values() if "AlarmRule" in row)
    ringing.sort(key=lambda row: str(row.get("StateUpdatedTimestamp")))
    findings = tuple(_ringing(facts, row, pages=_named(row, paging)) for row in ringing)
    return Looked(f"{len(ringing)} of {len(found)} ring" if ringing else "", findings)


def _named(row: Mapping[str, Any], rule: str) -> bool:
    return f'"{row["AlarmName"]}"' in rule or f'"{row.get("AlarmArn")}"' in rule


def _ringing(facts: Facts, row: Mapping[str, Any], *, pages: bool) -> Finding:
    text = str(row.get("AlarmDescription") or row["AlarmName"])
    first = _FIRST.search(text)
    anchor = _RUNBOOK.search(text)
    said = text[: first.start()].strip() if first else text
    changed = row.get("StateUpdatedTimestamp")
    evidence = [str(row["AlarmName"]), str(row.get("StateReason") or "")]
    return Finding(
        what=said,
        whom=facts.everybody,
        evidence=tuple(line for line in evidence if line),
        by_hand=f"What it means and how to mend it: {anchor[0]}" if anchor else "",
        mend=(first[1] if first else facts.sellerbus("status"),),
        since=changed.isoformat(timespec="seconds") if isinstance(changed, datetime) else "",
        level=Level.FAILURE if pages else Level.WARNING,
        subjects=frozenset({str(row["AlarmName"])}),
    )


def _names(facts: Facts) -> list[str]:
    return [_name(row) for row in resources(facts, ALARM, COMPOSITE)]


def _name(row: Resource) -> str:
    # CloudFormation's id of an alarm is its name; one of a composite may be its ARN.
    return row.physical_id.rpartition(":")[2]


def _alarms(facts: Facts) -> dict[str, Mapping[str, Any]]:
    """Return the cell's alarms by name."""

    def look() -> dict[str, Mapping[str, Any]]:
        names = _names(facts)
        parts = [names[start : start + _NAMES_AT_ONCE] for start in range(0, len(names), _NAMES_AT_ONCE)]
        client = facts.client("cloudwatch")
        kinds = ["MetricAlarm", "CompositeAlarm"]
        answers = each(
            parts,
            lambda part: client.describe_alarms(AlarmNames=part, AlarmTypes=kinds, MaxRecords=_NAMES_AT_ONCE),
        )
        return {
            row["AlarmName"]: row
            for answer in answers
            for row in (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))
        }

    return facts.once("alarms", look)
