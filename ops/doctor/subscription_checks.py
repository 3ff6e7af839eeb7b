"""Whether Amazon sends what shall be sent, for each seller."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from ops import times
from ops.amazon import RETRYABLE, THROTTLED, UNKNOWN_SELLER, AmazonRefusedError
from ops.doctor.asking import ask
from ops.doctor.check import Finding, Fix, Level, Looked
from ops.doctor.facts import Facts
from ops.doctor.resources import each
from ops.doctor.seller_checks import sellers, whom
from ops.seller_states import States, busy, moment
from ops.stage import NOTIFICATIONS
from sellerbus.notifications.jobs import SellerJob, SubscriptionQueue
from sellerbus.notifications.seller_record import StateView
from sellerbus.sellers.rows import ACTIVE

_SECONDS: Final = 5.0
"""For all sellers together: Amazon lets one listing pass a second and seller, after a burst."""
_LONGEST_PAUSE: Final = timedelta(hours=26)
"""Each seller has a run a day."""
_NAMED: Final = 5
_AT_ONCE: Final = 16
"""Each waits for Amazon nearly all of its time, and every seller has limits of its own."""


@dataclass(frozen=True)
class _Seen:
    """One seller's answer; `left` where there was no time or quota for it."""

    seller_id: str
    answer: Mapping[str, Any]
    left: str = ""

    def steps(self) -> list[str]:
        return [
            _said(plan["notificationType"], step)
            for plan in self.answer.get("plan", ())
            for step in plan["steps"]
        ]

    @property
    def missing(self) -> bool:
        return any(
            step["action"] == "create" for plan in self.answer.get("plan", ()) for step in plan["steps"]
        )


def _said(notification_type: str, step: Mapping[str, Any]) -> str:
    if step["action"] == "create":
        return f"{notification_type} {step['payloadVersion']} {step['reason']}"
    return f"{notification_type}: subscription {step['subscriptionId']} is one too many: {step['reason']}"


def _look(facts: Facts, seller_id: str, until: float) -> _Seen:
    while True:
        if time.monotonic() >= until:
            return _Seen(seller_id, {}, "no time was left")
        try:
            return _Seen(seller_id, ask(facts, {"request": "subscriptions", "sellerId": seller_id}))
        except AmazonRefusedError as error:
            if error.kind == UNKNOWN_SELLER:
                return _Seen(seller_id, {})
            if error.kind not in (THROTTLED, RETRYABLE):
                raise
            pause = max(1.0, error.seconds)
            if time.monotonic() + pause >= until:
                return _Seen(seller_id, {}, error.message)
            time.sleep(pause)


def as_wanted(facts: Facts) -> Looked:
    """SB-SUBS-001: each active seller's subscriptions at Amazon are what the configuration says."""
    names = _active(facts, "SB-SELLER-002")
    until = time.monotonic() + _SECONDS
    seen = each(names, lambda name: _look(facts, name, until), at_once=_AT_ONCE)
    states = _states(facts)
    wrong = [row for row in seen if row.steps() and not row.answer.get("working")]
    findings = []
    for what, level, rows in (
        ("Amazon doesn't send everything", Level.FAILURE, [row for row in wrong if row.missing]),
        ("Amazon sends what nobody wants", Level.WARNING, [row for row in wrong if not row.missing]),
    ):
        if rows:
            findings.append(_to_apply(facts, what, level, rows, states))
    findings += _refused_types(facts, seen)
    left = [row for row in seen if row.left]
    if left:
        findings.append(_not_looked_at(facts, left))
    working = [row.seller_id for row in seen if row.answer.get("working")]
    doubt = f"; a run is at work on {len(working)}" if working else ""
    looked = len(seen) - len(left)
    return Looked(f"{looked - len(wrong)} of {len(seen)} sellers as wanted{doubt}", tuple(findings))


def _to_apply(
    facts: Facts, what: str, level: Level, rows: Sequence[_Seen], states: Mapping[str, StateView]
) -> Finding:
    ids = [row.seller_id for row in rows]
    who = whom(facts, ids)
    named = " ".join(f"--seller {name}" for name in ids) if len(ids) <= _NAMED else "--all"
    evidence = [f"{row.seller_id}: {step}" for row in rows for step in row.steps()]
    evidence += [
        f"{name}: the last run failed: {view.last_error_brief or view.last_error}"
        for name in ids
        if (view := states.get(name)) is not None and view.last_error
    ]

    def queue() -> None:
        url = facts.output("SubscriptionQueueUrl", NOTIFICATIONS)
        SubscriptionQueue(facts.client("sqs"), url).put(SellerJob(name) for name in ids)

    return Finding(
        what=f"{what} for {who}.",
        whom=who,
        evidence=tuple(evidence),
        mend=(f"bin/sellerbus subscriptions apply --stage {facts.name} {named} --wait",),
        level=level,
        subjects=frozenset(ids),
        fix=Fix("queues these sellers, whose subscriptions are then put right within minutes", queue),
    )


def _refused_types(facts: Facts, seen: Sequence[_Seen]) -> list[Finding]:
    refused: dict[str, list[tuple[str, str]]] = {}
    for row in seen:
        for plan in row.answer.get("plan", ()):
            if plan.get("error"):
                refused.setdefault(plan["notificationType"], []).append((row.seller_id, plan["error"]))
    return [
        Finding(
            what=f"Amazon refuses to list subscriptions of {name}.",
            whom=whom(facts, [seller_id for seller_id, _ in rows]),
            evidence=tuple(f"{seller_id}: {error}" for seller_id, error in rows),
            by_hand="Most often the application lacks the role for the type, or the seller authorised it "
            "before the role was added.",
            mend=(facts.again("SB-SUBS-001"),),
            level=Level.WARNING,
            subjects=frozenset(seller_id for seller_id, _ in rows),
        )
        for name, rows in refused.items()
    ]


def _not_looked_at(facts: Facts, left: Sequence[_Seen]) -> Finding:
    ids = [row.seller_id for row in left]
    return Finding(
        what="Amazon's quota left no turn to look at some sellers.",
        whom=whom(facts, ids),
        evidence=tuple(f"{row.seller_id}: {row.left}" for row in left),
        mend=(facts.sellerbus("subscriptions plan"),),
        level=Level.WARNING,
    )


def runs(facts: Facts) -> Looked:
    """SB-SUBS-002: the reconciler's last run for each seller succeeded, not longer ago than a day."""
    names = _active(facts, "SB-SELLER-002", "SB-SUBS-001")
    states = _states(facts)
    failing: list[tuple[str, str, str]] = []
    late: list[tuple[str, str]] = []
    kept_out: list[tuple[str, str]] = []
    for name in names:
        view = states.get(name)
        if view is None or view.finished_at is None:
            continue
        if view.last_error:
            failing.append((name, view.last_error_brief or view.last_error, view.finished_at))
        elif view.blocked:
            kept_out.append((name, ", ".join(sorted(view.blocked))))
        if facts.now - moment(view.finished_at) > _LONGEST_PAUSE and not busy(view, facts.now):
            late.append((name, view.finished_at))
    findings = []
    if failing:
        findings.append(_failing(facts, failing))
    if kept_out:
        findings.append(_kept_out(facts, kept_out))
    if late:
        findings.append(_late(facts, late))
    bad = {row[0] for row in (*failing, *late)}
    return Looked(
        f"the last run of {len(names) - len(bad)} of {len(names)} sellers succeeded", tuple(findings)
    )


def _failing(facts: Facts, rows: Sequence[tuple[str, str, str]]) -> Finding:
    ids = [name for name, _, _ in rows]
    return Finding(
        what=f"The last run for {whom(facts, ids)} failed.",
        whom=whom(facts, ids),
        evidence=tuple(f"{name}: {error}" for name, error, _ in rows),
        mend=(f"bin/sellerbus subscriptions apply --stage {facts.name} --seller {ids[0]} --wait",),
        since=min(at for _, _, at in rows),
        level=Level.WARNING,
        subjects=frozenset(ids),
    )


def _kept_out(facts: Facts, rows: Sequence[tuple[str, str]]) -> Finding:
    ids = [name for name, _ in rows]
    return Finding(
        what=f"Others' subscriptions keep ours out for {whom(facts, ids)}.",
        whom=whom(facts, ids),
        evidence=tuple(f"{name}: {types}" for name, types in rows),
        by_hand="Another stage or tool of the same application has them: take them away there, or set "
        "existing_subscriptions: replace.",
        mend=(facts.sellerbus("subscriptions list"),),
        level=Level.WARNING,
        subjects=frozenset(ids),
    )


def _late(facts: Facts, rows: Sequence[tuple[str, str]]) -> Finding:
    ids = [name for name, _ in rows]
    return Finding(
        what=f"Nobody has looked after {whom(facts, ids)} for more than a day.",
        whom=whom(facts, ids),
        evidence=tuple(f"{name}: last run {times.both(at, facts.now)}" for name, at in rows),
        mend=(f"bin/sellerbus subscriptions apply --stage {facts.name} --all",),
        since=min(at for _, at in rows),
        level=Level.WARNING,
        subjects=frozenset(ids),
    )


def _active(facts: Facts, *needed: str) -> list[str]:
    """Return the active sellers but for those whom the checks named found broken."""
    left_out = frozenset().union(*(facts.broken(name) for name in needed))
    return [name for name, row in sellers(facts).items() if row.status == ACTIVE and name not in left_out]


def _states(facts: Facts) -> Mapping[str, StateView]:
    return facts.once("states", lambda: States(facts.cell).all())
