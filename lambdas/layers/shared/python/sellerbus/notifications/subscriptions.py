"""The steps from what a seller's subscriptions are to what they shall be. Pure rules.

Two subscriptions of one type and payloadVersion exclude each other, but for those with filter expressions,
which may exist side by side. No operation changes one, so a change is a deletion and a creation.
Amazon's refusal (409) is the last word on what excludes what: `strict` plans after one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sellerbus.api.notifications import Subscription
from sellerbus.notifications.wanted import KEEP, Destinations, WantedSubscription, canonical, distinct


@dataclass(frozen=True)
class Delete:
    subscription: Subscription
    reason: str


@dataclass(frozen=True)
class Create:
    wanted: WantedSubscription
    reason: str


Step = Delete | Create


@dataclass(frozen=True)
class TypePlan:
    """The steps for one type of one seller, in the order to take them, and what is left as it is.

    kept: subscriptions that are as wanted. foreign: to other destinations, left alone. blocked: wanted
    subscriptions that a foreign one keeps out.
    """

    notification_type: str
    steps: tuple[Step, ...]
    kept: tuple[Subscription, ...] = ()
    foreign: tuple[Subscription, ...] = ()
    blocked: tuple[WantedSubscription, ...] = ()


def plan_type(
    notification_type: str,
    wanted: Sequence[WantedSubscription],
    actual: Iterable[Subscription],
    *,
    destinations: Destinations,
    own_subscription_ids: frozenset[str],
    existing_subscriptions: str = KEEP,
    untouchable: frozenset[str] = frozenset(),
    trusted: frozenset[str] = frozenset(),
    strict: bool = False,
) -> TypePlan:
    """Return the steps that bring one type to what is wanted; none where it is so already.

    own_subscription_ids: those of this deployment, which are moved or deleted; the others are foreign.
    untouchable: foreign ones that cannot be deleted.
    trusted: those that were made or found for just what is wanted. Amazon has no operation that changes one,
    so a directive that is listed with other words, such as added defaults, does not make another of it.
    strict: Amazon refused a creation as a conflict, so everything of the same version is in the way of one.
    Before that a foreign one is in nobody's way: it may be another application's, which excludes nothing.
    """
    left = sorted(actual, key=lambda item: item.subscription_id)
    kept: list[Subscription] = []
    missing: list[WantedSubscription] = []
    rows = distinct(wanted)
    places = [(destinations.of(row), row.payload_version) for row in rows]
    for row, place in zip(rows, places, strict=True):
        match = next((item for item in left if _fits(item, row, place)), None)
        if match is None and places.count(place) == 1:
            match = next(
                (item for item in left if item.subscription_id in trusted and _at(item, place)), None
            )
        if match is None:
            missing.append(row)
        else:
            kept.append(match)
            left.remove(match)
    ours = [item for item in left if item.subscription_id in own_subscription_ids]
    foreign = [item for item in left if item.subscription_id not in own_subscription_ids]
    plan = _Steps()
    blocked: list[WantedSubscription] = []
    for row in missing:
        in_way = [item for item in ours if excludes(item, row, strict=strict)]
        theirs = [item for item in foreign if strict and excludes(item, row, strict=True)]
        left_alone = existing_subscriptions == KEEP or any(
            item.subscription_id in untouchable for item in theirs
        )
        if theirs and left_alone:
            if not in_way:
                blocked.append(row)
                continue
        else:
            in_way += theirs
        for item in in_way:
            plan.delete_first(item, _difference(item, row, destinations.of(row)))
        foreign = [item for item in foreign if item not in in_way]
        ours = [item for item in ours if item not in in_way]
        plan.creations.append(Create(row, "replaces" if in_way else "is missing"))
    # What is in nobody's way goes last: with another payloadVersion the new one is there before the old goes.
    for item in ours:
        plan.last.append(Delete(item, "is no longer wanted" if not wanted else "is a duplicate or outdated"))
    return TypePlan(notification_type, plan.steps, tuple(kept), tuple(foreign), tuple(blocked))


@dataclass
class _Steps:
    first: list[Delete] = field(default_factory=list)
    creations: list[Create] = field(default_factory=list)
    last: list[Delete] = field(default_factory=list)

    def delete_first(self, item: Subscription, reason: str) -> None:
        self.first.append(Delete(item, reason))

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.first, *self.creations, *self.last)


def _at(item: Subscription, place: tuple[str, str]) -> bool:
    return (item.destination_id, item.payload_version) == place


def _fits(item: Subscription, row: WantedSubscription, place: tuple[str, str]) -> bool:
    return _at(item, place) and canonical(item.directive) == canonical(row.directive)


def excludes(item: Subscription, row: WantedSubscription, *, strict: bool) -> bool:
    """Say whether a subscription keeps a wanted one out; `strict`: as a refusal by Amazon shows it."""
    if item.payload_version != row.payload_version:
        return False
    filtered = _expression(item.directive) or _expression(row.directive)
    return strict or not filtered or canonical(item.directive) == canonical(row.directive)


def _expression(directive: Mapping[str, object] | None) -> bool:
    return bool((directive or {}).get("filterExpression"))


def _difference(item: Subscription, row: WantedSubscription, destination_id: str) -> str:
    differing = []
    if item.destination_id != destination_id:
        differing.append(f"destination {item.destination_id}")
    if canonical(item.directive) != canonical(row.directive):
        differing.append("processingDirective")
    return f"is in the way of the wanted one: differs in {' and '.join(differing)}"
