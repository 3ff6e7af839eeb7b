"""Whether what starts the functions is enabled: queues and streams, rules and schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ops import console
from ops.doctor import templates
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
            by_hand=_GONE,
            mend=facts.putting_back(row.part),
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
    states = dict(zip(rows, each(rows, lambda row: _state(facts, row)), strict=True))
    gone = [row for row, state in states.items() if state is None]
    off = [row for row, state in states.items() if state == "DISABLED"]
    findings = []
    for part in dict.fromkeys(row.part for row in gone):
        names = [row for row in gone if row.part == part]
        findings.append(
            Finding(
                what=f"{_counted(names)} gone: what {_it(names)} started doesn't happen.",
                whom=facts.everybody,
                evidence=tuple(f"EventBridge knows no rule {row.physical_id}" for row in names),
                by_hand=_GONE,
                mend=facts.putting_back(part),
                subjects=frozenset(row.logical_id for row in names),
            )
        )
    if off:
        findings.append(
            Finding(
                what=f"{_counted(off)} disabled: what {_it(off)} started doesn't happen.",
                whom=facts.everybody,
                evidence=tuple(f"{row.logical_id}: {_where(facts, row)['Name']}" for row in off),
                by_hand="Ask who disabled it, and why.",
                mend=(facts.fixing("SB-MAP-002"),),
                subjects=frozenset(row.logical_id for row in off),
                fix=Fix(
                    f"enables {console.counted(len(off), 'rule')}",
                    lambda: _on(facts, off),
                ),
            )
        )
    return Looked(f"{len(rows)} rules and schedules", tuple(findings))


def _state(facts: Facts, row: Resource) -> str | None:
    client = facts.client("events")
    try:
        return str(client.describe_rule(**_where(facts, row)).get("State"))
    except client.exceptions.ClientError as error:
        if not is_missing(error):
            raise
        return None


def _where(facts: Facts, row: Resource) -> dict[str, str]:
    """Return the rule's name and bus, as EventBridge takes them."""
    bus, _, name = row.physical_id.rpartition("|")
    # CloudFormation's id of a rule on a bus of one's own is "bus|rule"; the emulator's is the rule alone.
    bus = bus or templates.event_bus(facts, row)
    return {"Name": name, **({"EventBusName": bus} if bus else {})}


def _on(facts: Facts, rows: Sequence[Resource]) -> None:
    for row in rows:
        facts.client("events").enable_rule(**_where(facts, row))


def _counted(rows: Sequence[Resource]) -> str:
    return f"The rule {rows[0].logical_id} is" if len(rows) == 1 else f"{len(rows)} rules are"


def _it(rows: Sequence[Resource]) -> str:
    return "it" if len(rows) == 1 else "they"


_GONE: Final = "A deployment takes it for being there: a change set that reverts drift does not."
