"""Whether the stacks are deployed, ended well, and are what this checkout would deploy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from ops import times
from ops.doctor.check import Finding, Level, Looked, NotCheckedError
from ops.doctor.facts import Facts
from ops.doctor.resources import PARTS, functions
from ops.stage import OPERATIONS
from stacks import settings_digest

_WELL: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_ROLLED_BACK: Final = ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
_STUCK: Final = "UPDATE_ROLLBACK_FAILED"
_MOST_REASONS: Final = 3


def deployed(facts: Facts) -> Looked:
    """SB-STACK-001: every stack of the cell is there, and its last deployment ended well."""
    stacks = {part: facts.stack(part) for part in PARTS}
    missing = [part for part, stack in stacks.items() if stack is None]
    findings = [_bad(facts, part, stack) for part, stack in stacks.items() if stack is not None]
    found = [finding for finding in findings if finding is not None]
    if missing:
        found.append(
            Finding(
                what=f"{'Nothing' if len(missing) == len(PARTS) else 'Not everything'} of the stage is "
                f"deployed in {facts.cell.settings.aws_region}.",
                whom=facts.everybody,
                evidence=tuple(f"{facts.cell.stack_name(part)} is not there" for part in missing),
                mend=(facts.deploying,),
                subjects=frozenset() if len(missing) == len(PARTS) else frozenset(missing),
            )
        )
    last = [_changed(stack) for stack in stacks.values() if stack is not None]
    when = f", last deployed {times.both(max(last), facts.now)}" if last else ""
    return Looked(f"{len(last)} of {len(PARTS)} stacks{when}", tuple(found))


def _bad(facts: Facts, part: str, stack: Mapping[str, Any]) -> Finding | None:
    status = str(stack["StackStatus"])
    name = facts.cell.stack_name(part)
    if status in _WELL:
        return None
    if status.endswith("_IN_PROGRESS"):
        return Finding(
            what=f"The stack {name} is being changed: what is found now may be over in a minute.",
            whom=facts.everybody,
            evidence=(f"status {status}",),
            mend=(facts.again("SB-STACK-001"),),
            since=_changed(stack),
            level=Level.WARNING,
            subjects=frozenset({part}),
        )
    reasons = tuple(_reasons(facts, name))
    if status in _ROLLED_BACK:
        return Finding(
            what=f"The last deployment of {name} failed; what was before it is in force again.",
            whom="whoever deployed: the change is not there",
            evidence=(f"status {status}", *reasons),
            by_hand="Mend what the lines above name.",
            mend=(facts.deploying,),
            since=_changed(stack),
            level=Level.WARNING,
            subjects=frozenset({part}),
        )
    first: tuple[str, ...] = ()
    if status == _STUCK:
        first = (facts.aws(f"cloudformation continue-update-rollback --stack-name {name}"),)
    elif status.startswith(("ROLLBACK", "CREATE_FAILED")):
        first = (facts.aws(f"cloudformation delete-stack --stack-name {name}"),)
    return Finding(
        what=f"The stack {name} is broken: {status}.",
        whom=facts.everybody,
        evidence=(f"status {status}", *reasons),
        by_hand="Mend what the lines above name.",
        mend=(*first, facts.deploying),
        since=_changed(stack),
        subjects=frozenset({part}),
    )


def _reasons(facts: Facts, name: str) -> Iterator[str]:
    """Yield why the last deployment failed, the first cause first."""
    rows = facts.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    failed = [
        row
        for row in reversed(rows)
        if row["ResourceStatus"].endswith("_FAILED")
        and "cancelled" not in row.get("ResourceStatusReason", "cancelled").lower()
    ]
    for row in failed[-_MOST_REASONS:]:
        yield f"{row['LogicalResourceId']} ({row['ResourceType']}): {row['ResourceStatusReason']}"


def _changed(stack: Mapping[str, Any]) -> str:
    when = stack.get("LastUpdatedTime") or stack.get("CreationTime")
    return when.isoformat(timespec="seconds") if isinstance(when, datetime) else ""


def as_configured(facts: Facts) -> Looked:
    """SB-STACK-002: the configuration and the code that are deployed are those of this checkout."""
    outputs = facts.outputs(OPERATIONS)
    told = {name: outputs.get(name) for name in (settings_digest.SETTINGS, settings_digest.CODE)}
    if not all(told.values()):
        raise NotCheckedError("it was deployed by a version that doesn't tell")
    here = {
        settings_digest.SETTINGS: settings_digest.of_settings(facts.cell.settings),
        settings_digest.CODE: settings_digest.of_code(facts.root),
    }
    names = {
        settings_digest.SETTINGS: f"config/{facts.name}.yaml",
        settings_digest.CODE: "the code of stacks and functions",
    }
    findings = tuple(
        Finding(
            what=f"What is deployed is not what this checkout has: {names[key]} differs.",
            whom="operators: what the documents and this command say may not fit what runs",
            evidence=(f"deployed {told[key]}, here {here[key]}",),
            by_hand="Where the other version is the right one, check that out instead.",
            mend=(facts.deploying,),
            level=Level.WARNING,
        )
        for key in here
        if here[key] != told[key]
    )
    return Looked("other than here" if findings else "as here", findings)


def functions_run(facts: Facts) -> Looked:
    """SB-FUNC-001: no function is gone, switched off, or left broken by a deployment."""
    found = functions(facts)
    findings = [_cannot_run(facts, name) for name in found]
    return Looked(f"{len(found)} functions", tuple(finding for finding in findings if finding))


def _cannot_run(facts: Facts, name: str) -> Finding | None:
    function = functions(facts)[name]
    subjects = frozenset({function.service})
    whom = f"{facts.everybody}, for what {function.service} does"
    if not function.found:
        return Finding(
            what=f"The function {function.service} is gone.",
            whom=whom,
            evidence=(f"Lambda knows no {name}",),
            by_hand="A deployment takes it for being there: a change set that reverts drift does not.",
            mend=facts.putting_back(function.part),
            subjects=subjects,
        )
    if function.answer.get("Concurrency", {}).get("ReservedConcurrentExecutions") == 0:
        return Finding(
            what=f"The function {function.service} is switched off: its reserved concurrency is 0.",
            whom=whom,
            evidence=(name,),
            by_hand="Ask who switched it off, and why.",
            mend=(facts.aws(f"lambda delete-function-concurrency --function-name {name}"),),
            subjects=subjects,
        )
    state = function.configuration.get("State") or "Active"
    update = function.configuration.get("LastUpdateStatus") or "Successful"
    # Inactive is one that was not called for weeks: the next call wakes it.
    if state == "Failed" or update == "Failed":
        reason = function.configuration.get("StateReason") or function.configuration.get(
            "LastUpdateStatusReason"
        )
        return Finding(
            what=f"The function {function.service} can't run: its last deployment left it broken.",
            whom=whom,
            evidence=(f"state {state}, last update {update}", str(reason or "no reason was given")),
            mend=(facts.deploying,),
            since=str(function.configuration.get("LastModified") or ""),
            subjects=subjects,
        )
    return None
