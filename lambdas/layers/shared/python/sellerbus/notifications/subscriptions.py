"""What a seller's subscriptions shall be, what they are, and the steps from one to the other. Pure rules.

Two subscriptions of one type and payloadVersion exclude each other, but for those with filter expressions,
which may exist side by side. No operation changes one, so a change is a deletion and a creation.
Amazon's refusal (409) is the last word on what excludes what: `strict` plans after one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from sellerbus.api.notifications import Subscription

REPLACE: Final = "replace"
KEEP: Final = "keep"

# Lists in a processingDirective whose order means nothing.
_UNORDERED: Final = frozenset({"marketplaceIds", "orderChangeTypes"})


class WantedError(ValueError):
    """The description of the wanted subscriptions is not usable; the message says where."""


@dataclass(frozen=True)
class WantedSubscription:
    notification_type: str
    payload_version: str
    directive: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Wanted:
    """What every active seller shall have.

    existing_subscriptions: `replace` takes the place of a subscription to another destination that Amazon
    says is in the way; `keep` leaves it and reports it.
    """

    destination_id: str
    existing_subscriptions: str
    subscriptions: tuple[WantedSubscription, ...]

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.notification_type for row in self.subscriptions))

    def of_type(self, notification_type: str) -> tuple[WantedSubscription, ...]:
        return tuple(row for row in self.subscriptions if row.notification_type == notification_type)


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


def parse_wanted(text: str) -> Wanted:
    """Read the JSON that the stack writes: destinationId, existingSubscriptions, subscriptions.

    Raises WantedError.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise WantedError(f"the wanted subscriptions are not JSON: {error}") from error
    if not isinstance(document, dict):
        raise WantedError("the wanted subscriptions are not a JSON object")
    destination_id = _text(document, "destinationId", "")
    policy = _text(document, "existingSubscriptions", "")
    if policy not in (REPLACE, KEEP):
        raise WantedError(f"existingSubscriptions is {policy!r}: allowed are {REPLACE!r} and {KEEP!r}")
    rows = document.get("subscriptions")
    if not isinstance(rows, list):
        raise WantedError("subscriptions is not a list")
    return Wanted(destination_id, policy, tuple(_wanted(row, index) for index, row in enumerate(rows)))


def plan_type(
    notification_type: str,
    wanted: Sequence[WantedSubscription],
    actual: Iterable[Subscription],
    *,
    destination_id: str,
    own_subscription_ids: frozenset[str],
    existing_subscriptions: str = REPLACE,
    untouchable: frozenset[str] = frozenset(),
    strict: bool = False,
) -> TypePlan:
    """Return the steps that bring one type to what is wanted; none where it is so already.

    own_subscription_ids: those of this deployment, which are moved or deleted; the others are foreign.
    untouchable: foreign ones that cannot be deleted.
    strict: Amazon refused a creation as a conflict, so everything of the same version is in the way of one.
    Before that a foreign one is in nobody's way: it may be another application's, which excludes nothing.
    """
    left = sorted(actual, key=lambda item: item.subscription_id)
    kept: list[Subscription] = []
    missing: list[WantedSubscription] = []
    for row in _distinct(wanted):
        match = next((item for item in left if _fits(item, row, destination_id)), None)
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
        in_way = [item for item in ours if _excludes(item, row, strict=strict)]
        theirs = [item for item in foreign if strict and _excludes(item, row, strict=True)]
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
            plan.delete_first(item, _difference(item, row, destination_id))
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


def canonical(directive: Mapping[str, object] | None) -> str:
    """Return a text that is the same for directives that mean the same."""
    return json.dumps(_canonical(directive or {}), sort_keys=True, separators=(",", ":"))


def _canonical(value: object, key: str = "") -> object:
    if isinstance(value, Mapping):
        items = {str(name): _canonical(item, str(name)) for name, item in value.items()}
        # Absent, null and an empty list all mean "no restriction".
        return {name: item for name, item in items.items() if item not in (None, [], {})}
    if isinstance(value, list | tuple):
        items_list = [_canonical(item) for item in value]
        return sorted(items_list, key=str) if key in _UNORDERED else items_list
    return value


def _fits(item: Subscription, row: WantedSubscription, destination_id: str) -> bool:
    return (
        item.destination_id == destination_id
        and item.payload_version == row.payload_version
        and canonical(item.directive) == canonical(row.directive)
    )


def _excludes(item: Subscription, row: WantedSubscription, *, strict: bool) -> bool:
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


def _distinct(wanted: Iterable[WantedSubscription]) -> list[WantedSubscription]:
    return list({(row.payload_version, canonical(row.directive)): row for row in wanted}.values())


def _wanted(row: object, index: int) -> WantedSubscription:
    where = f"subscriptions[{index}]."
    if not isinstance(row, dict):
        raise WantedError(f"{where[:-1]} is not an object")
    directive: Literal[False] | Mapping[str, object] | None = row.get("processingDirective")
    if directive is not None and not isinstance(directive, dict):
        raise WantedError(f"{where}processingDirective is not an object")
    return WantedSubscription(
        _text(row, "notificationType", where), _text(row, "payloadVersion", where), directive or None
    )


def _text(document: Mapping[str, object], key: str, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise WantedError(f"{where}{key} is missing or no text")
    return value
