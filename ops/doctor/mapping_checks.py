"""Whether what starts the functions is enabled: queues and streams, rules and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ops.doctor.check import Finding, Fix, Looked
from ops.doctor.facts import Facts
from ops.doctor.resources import MAPPING, RULE, Resource, each, functions, is_missing, resources

_OFF = ("Disabled", "Disabling")


def sources(facts: Facts) -> Looked:
    """SB-MAP-001: every event source mapping is enabled, and Lambda can read what it maps."""
    rows = resources(facts, MAPPING)
    found = each(rows, lambda row: _mapping(facts, row))
    findings = [finding for row in found if (finding := _wrong_mapping(facts, *row))]
    return Looked(f"{len(rows)} queues and streams feed functions", tuple(findings))


def _mapping(facts: Facts, row: Resource) -> tuple[Resource, Mapping[str, Any] | None]:
    client = facts.client("lambda")
    try:
        return row, client.get_event_source_mapping(UUID=row.physical_id)
    except client.exceptions.ResourceNotFoundException:
        return row, None


def _wrong_mapping(facts: Facts, row: Resource, found: Mapping[str, Any] | None) -> Finding | None:
    if found is None:
        return Finding(
            what=f"Nothing feeds a function any more: its event source mapping {row.logical_id} is gone.",
            whom=facts.everybody,
            evidence=(f"Lambda knows no mapping {row.physical_id}",),
            by_hand="CloudFormation takes it for being there: its stack must be deleted and made again.",
            mend=(
                facts.aws(f"cloudformation delete-stack --stack-name {facts.cell.stack_name(row.part)}"),
                facts.deploying,
            ),
            subjects=frozenset({row.logical_id}),
        )
    name = str(found["FunctionArn"]).split(":function:")[-1]
    known = functions(facts).get(name)
    service = known.service if known else name
    source = str(found.get("EventSourceArn", "")).rpartition(":")[2]
    state = str(found.get("State", ""))
    result = str(found.get("LastProcessingResult") or "")
    changed = found.get("LastModified")
    since = changed.isoformat(timespec="seconds") if isinstance(changed, datetime) else ""
    if state in _OFF:
        client = facts.client("lambda")
        return Finding(
            what=f"{service} is not fed: its event source mapping is disabled, and {source} fills up.",
            whom=facts.everybody,
            evidence=(f"mapping {row.physical_id}: {state}",),
            by_hand="Ask who disabled it, and why.",
            mend=(facts.fixing("SB-MAP-001"),),
            since=since,
            subjects=frozenset({service}),
            fix=Fix(
                f"enables the mapping of {service}",
                lambda: client.update_event_source_mapping(UUID=row.physical_id, Enabled=True),
            ),
        )
    if result.startswith("PROBLEM"):
        return Finding(
            what=f"{service} is not fed: Lambda can't take from {source}.",
            whom=facts.everybody,
            evidence=(f"mapping {row.physical_id}: {result}",),
            by_hand="Most often the function's role lost a right on the queue, the stream or the key.",
            mend=(facts.deploying,),
            since=since,
            subjects=frozenset({service}),
        )
    return None


def rules(facts: Facts) -> Looked:
    """SB-MAP-002: every rule and schedule is enabled."""
    rows = resources(facts, RULE)
    found = each(rows, lambda row: _rule(facts, row))
    findings = tuple(finding for finding in found if finding)
    return Looked(f"{len(rows)} rules and schedules", findings)


def _rule(facts: Facts, row: Resource) -> Finding | None:
    client = facts.client("events")
    # Of a rule on a bus of one's own CloudFormation's id is "bus|rule".
    bus, _, name = row.physical_id.rpartition("|")
    where = {"Name": name, **({"EventBusName": bus} if bus else {})}
    try:
        rule = client.describe_rule(**where)
    except client.exceptions.ClientError as error:
        if not is_missing(error):
            raise
        return Finding(
            what=f"The rule {row.logical_id} is gone.",
            whom=facts.everybody,
            evidence=(f"EventBridge knows no rule {row.physical_id}",),
            by_hand="CloudFormation takes it for being there: its stack must be deleted and made again.",
            mend=(
                facts.aws(f"cloudformation delete-stack --stack-name {facts.cell.stack_name(row.part)}"),
                facts.deploying,
            ),
            subjects=frozenset({row.logical_id}),
        )
    if rule.get("State") != "DISABLED":
        return None
    what = str(rule.get("Description") or rule.get("ScheduleExpression") or "no description")
    return Finding(
        what=f"The rule {row.logical_id} is disabled: {what[0].lower()}{what[1:]} doesn't happen.",
        whom=facts.everybody,
        evidence=(row.physical_id,),
        by_hand="Ask who disabled it, and why.",
        mend=(facts.fixing("SB-MAP-002"),),
        subjects=frozenset({row.logical_id}),
        fix=Fix(f"enables the rule {row.logical_id}", lambda: client.enable_rule(**where)),
    )
