"""What was changed at Amazon behind our back, told by the first plan that a run makes. Pure rules.

    missing            a wanted subscription is gone
    altered            in its place stands one of ours with another processingDirective
    other-destination  in its place stands one to another destination
    unexpected         one to our destinations that nobody wants

Only of a type that is settled: a run ended with all of it as wanted, wanted is still the same, and no run has
changed anything since. Else a difference is our own unfinished work, or a new wish.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sellerbus.api.notifications import Subscription
from sellerbus.notifications.subscriptions import Create, Delete, TypePlan, excludes
from sellerbus.notifications.wanted import KEEP, Wanted, WantedSubscription

MISSING: Final = "missing"
ALTERED: Final = "altered"
OTHER_DESTINATION: Final = "other-destination"
UNEXPECTED: Final = "unexpected"

RESTORING: Final = "restoring"
REPORTED: Final = "reported"

_NAMESPACE: Final = uuid.UUID("0d4bb4b1-6a55-5d0e-8f43-0f6d2c1e7a90")


@dataclass(frozen=True)
class Finding:
    """One subscription that is not as it was left.

    subscription_id, destination_id: of what is there; None where nothing is. lost: the ids of this type that
    were there and are gone. action: RESTORING, or REPORTED where another's subscription is left alone.
    """

    notification_type: str
    payload_version: str
    drift: str
    subscription_id: str | None
    destination_id: str | None
    action: str
    lost: tuple[str, ...] = ()

    @property
    def row(self) -> str:
        """The wanted subscription that it is about, as `blocked` names it."""
        return f"{self.notification_type} {self.payload_version}"

    def event_id(self, seller_id: str) -> str:
        """An id that is the same whenever the same finding is made again."""
        there = self.subscription_id or ",".join(self.lost)
        return str(uuid.uuid5(_NAMESPACE, f"{seller_id} {self.row} {self.drift} {there}"))


def find_drift(
    plan: TypePlan, wanted: Wanted, *, lost: Collection[str], known_blocked: Collection[str]
) -> tuple[Finding, ...]:
    """Return how one settled type differs from what the last run left.

    plan: the first one made of the listing, not `strict`. lost: recorded ids that the listing lacks.
    known_blocked: rows ("TYPE payloadVersion") that were not there then either: others keep them out.
    """
    return tuple(_findings(plan, wanted, tuple(sorted(lost)), known_blocked))


def find_blocked(plan: TypePlan) -> tuple[Finding, ...]:
    """Return what keeps wanted subscriptions out and is left alone; of a plan made after Amazon refused."""
    return tuple(
        _in_place_of(row, _excluding(plan.foreign, row), OTHER_DESTINATION, REPORTED) for row in plan.blocked
    )


def _findings(
    plan: TypePlan, wanted: Wanted, lost: tuple[str, ...], known_blocked: Collection[str]
) -> Iterator[Finding]:
    ours = [step.subscription for step in plan.steps if isinstance(step, Delete)]
    foreign = list(plan.foreign)
    for row in (step.wanted for step in plan.steps if isinstance(step, Create)):
        if f"{row.notification_type} {row.payload_version}" in known_blocked:
            continue
        # Of others' only what surely keeps it out. Ours is put back beside the rest, and where Amazon refuses
        # that after all, it is told then.
        there = _excluding([*ours, *(each for each in foreign if excludes(each, row, strict=False))], row)
        if there in ours:
            ours.remove(there)
            drift = ALTERED if there.destination_id == wanted.destinations.of(row) else OTHER_DESTINATION
            yield _in_place_of(row, there, drift, RESTORING)
        elif there is not None:
            foreign.remove(there)
            action = REPORTED if wanted.existing_subscriptions == KEEP else RESTORING
            yield _in_place_of(row, there, OTHER_DESTINATION, action)
        else:
            yield Finding(row.notification_type, row.payload_version, MISSING, None, None, RESTORING, lost)
    for item in ours:
        yield Finding(
            plan.notification_type,
            item.payload_version,
            UNEXPECTED,
            item.subscription_id,
            item.destination_id,
            RESTORING,
        )


def stands_in_place(foreign: Iterable[Subscription], row: WantedSubscription) -> Subscription | None:
    """Return one that surely keeps a wanted one out, as far as is known before Amazon is asked."""
    return next((item for item in foreign if excludes(item, row, strict=False)), None)


def _excluding(items: Iterable[Subscription], row: WantedSubscription) -> Subscription | None:
    """The one that stands in the row's place: rather one that surely excludes it than one that may."""
    same = [item for item in items if excludes(item, row, strict=True)]
    return next((item for item in same if excludes(item, row, strict=False)), same[0] if same else None)


def _in_place_of(row: WantedSubscription, there: Subscription | None, drift: str, action: str) -> Finding:
    return Finding(
        row.notification_type,
        row.payload_version,
        drift,
        there.subscription_id if there else None,
        there.destination_id if there else None,
        action,
    )
