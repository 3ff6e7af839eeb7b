"""Whether notifications arrive: Amazon's by each seller's own rhythm, the canary's by its round trips."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ops import times
from ops.doctor.check import Finding, Level, Looked, NeedsError, NotCheckedError
from ops.doctor.facts import Facts
from ops.doctor.metrics import sums
from ops.doctor.seller_checks import sellers, whom
from ops.stage import NOTIFICATIONS
from sellerbus.notifications.arrivals import ArrivalRow, ArrivalRows, iso
from sellerbus.notifications.rhythm import State, standing
from sellerbus.sellers.rows import ACTIVE

_PROCESSOR: Final = "process_notifications"
_CANARY_MINUTES: Final = 15
_MOST_EVIDENCE: Final = 20


def rhythm(facts: Facts) -> Looked:
    """SB-ARRIVE-001: nobody is silent for longer than the own rhythm of the last two weeks explains."""
    if _PROCESSOR in facts.broken("SB-MAP-001"):
        raise NeedsError("SB-MAP-001")
    left_out = facts.broken("SB-SELLER-002") | facts.broken("SB-SUBS-001")
    table = facts.output("ArrivalsTableName", NOTIFICATIONS)
    rows = [
        row
        for row in ArrivalRows(facts.client("dynamodb"), table).all()
        if row.seller_id not in left_out and _wanted(facts, row)
    ]
    if not rows:
        return Looked("nothing has come yet")
    judged = [(row, standing(row, facts.now)) for row in rows]
    silent = [(row, found) for row, found in judged if found.state is State.SILENT]
    learning = sum(1 for _, found in judged if found.state is State.LEARNING)
    last = max(row.last_at for row in rows)
    doubt = f", {learning} too young to judge" if learning else ""
    fact = f"last {times.relative(last, facts.now)}; {len(rows)} rhythms, {len(silent)} silent{doubt}"
    if not silent:
        return Looked(fact)
    silent.sort(key=lambda pair: pair[0].last_at)
    first = silent[0][0]
    ids = sorted({row.seller_id for row, _ in silent})
    finding = Finding(
        what=f"Notifications stay away longer than usual for {whom(facts, ids)}.",
        whom=whom(facts, ids),
        evidence=tuple(
            f"{row.seller_id} {row.notification_type}: the last {times.both(iso(row.last_at), facts.now)}; "
            f"usual are pauses up to {times.span(found.usual.total_seconds() if found.usual else 0)}"
            for row, found in silent[:_MOST_EVIDENCE]
        ),
        by_hand="Subscriptions, queue and key are well: either nothing happens at the seller, or Amazon is "
        "late. What Amazon never sent, the search for missed events brings.",
        mend=(
            f"bin/sellerbus notifications tail --stage {facts.name} --seller {first.seller_id} "
            f"--type {first.notification_type}",
        ),
        since=iso(first.last_at),
        level=Level.WARNING,
        subjects=frozenset(ids),
    )
    return Looked(fact, (finding,))


def _wanted(facts: Facts, row: ArrivalRow) -> bool:
    seller = sellers(facts).get(row.seller_id)
    types = {entry.type for entry in facts.cell.settings.notifications}
    if seller is None or seller.status != ACTIVE or row.notification_type not in types:
        return False
    return seller.notification_types is None or row.notification_type in seller.notification_types


def canary(facts: Facts) -> Looked:
    """SB-ARRIVE-002: marked notifications come back from queue, ledger and bus."""
    if facts.emulated:
        raise NotCheckedError("the emulator makes no metrics of what functions write")
    if _PROCESSOR in facts.broken("SB-MAP-001"):
        raise NeedsError("SB-MAP-001")
    window = timedelta(minutes=_CANARY_MINUTES)
    trips = sums(facts, "CanaryRoundTrips", {"service": "run_canary"}, window)
    if trips:
        return Looked(f"{trips:.0f} round trips in {_CANARY_MINUTES} minutes")
    finding = Finding(
        what=f"No canary came back within {_CANARY_MINUTES} minutes: something between queue and bus stands.",
        whom=facts.everybody,
        evidence=(f"the metric CanaryRoundTrips of {facts.name} {facts.region} is 0 or has no data",),
        mend=(facts.sellerbus("status"),),
        since=(facts.now - window).isoformat(timespec="seconds"),
    )
    return Looked("none came back", (finding,))
