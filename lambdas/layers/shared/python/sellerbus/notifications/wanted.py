"""What the sellers' subscriptions shall be: the document that the stack writes, read strictly. Pure rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

REPLACE: Final = "replace"
KEEP: Final = "keep"

SQS: Final = "sqs"
EVENT_BRIDGE: Final = "eventBridge"

# Lists in a processingDirective whose order means nothing.
_UNORDERED: Final = frozenset({"marketplaceIds", "orderChangeTypes"})


class WantedError(ValueError):
    """The description of the wanted subscriptions is not usable; the message says where."""


@dataclass(frozen=True)
class Destinations:
    """The ids of this deployment's destinations at Amazon; event_bridge is None where no type needs one."""

    sqs: str
    event_bridge: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.sqs,) if self.event_bridge is None else (self.sqs, self.event_bridge)

    def of(self, row: WantedSubscription) -> str:
        """Return the destination of a row by its `via`. Raises WantedError where there is none."""
        if row.via == SQS:
            return self.sqs
        if self.event_bridge is None:
            raise WantedError(
                f"{row.notification_type} is wanted via {EVENT_BRIDGE}, which has no destination"
            )
        return self.event_bridge


@dataclass(frozen=True)
class WantedSubscription:
    """via: which kind of destination Amazon shall send to, SQS or EVENT_BRIDGE."""

    notification_type: str
    payload_version: str
    directive: Mapping[str, object] | None = None
    via: str = SQS


@dataclass(frozen=True)
class Wanted:
    """What every active seller shall have, but for those with an own list of types.

    existing_subscriptions: `keep` leaves a subscription to another destination that Amazon says is in the
    way, and reports it; `replace` takes its place.
    """

    destinations: Destinations
    existing_subscriptions: str
    subscriptions: tuple[WantedSubscription, ...]

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.notification_type for row in self.subscriptions))

    def digest_of(self, notification_type: str) -> str:
        """A text that is the same as long as the same is wanted of a type, at the same destination."""
        rows = sorted(
            [row.payload_version, self.destinations.of(row), canonical(row.directive)]
            for row in self.of_type(notification_type)
        )
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]

    def of_type(self, notification_type: str) -> tuple[WantedSubscription, ...]:
        return tuple(row for row in self.subscriptions if row.notification_type == notification_type)

    def limited_to(self, own_types: Sequence[str] | None) -> Wanted:
        """Return what a seller with an own list of types shall have; None means all."""
        if own_types is None:
            return self
        rows = tuple(row for row in self.subscriptions if row.notification_type in own_types)
        return replace(self, subscriptions=rows)


def parse_wanted(text: str) -> Wanted:
    """Read the JSON that the stack writes: destinations, existingSubscriptions, subscriptions.

    Raises WantedError, also for a key that is not known: it would be a wish that nobody fulfils.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise WantedError(f"the wanted subscriptions are not JSON: {error}") from error
    whole = _object(
        document, "", "the wanted subscriptions", "destinations existingSubscriptions subscriptions"
    )
    ids = _object(whole.get("destinations"), "destinations.", "destinations", f"{SQS} {EVENT_BRIDGE}")
    event_bridge = _text(ids, EVENT_BRIDGE, "destinations.") if EVENT_BRIDGE in ids else None
    destinations = Destinations(_text(ids, SQS, "destinations."), event_bridge)
    policy = _text(whole, "existingSubscriptions", "")
    if policy not in (REPLACE, KEEP):
        raise WantedError(f"existingSubscriptions is {policy!r}: allowed are {REPLACE!r} and {KEEP!r}")
    rows = whole.get("subscriptions")
    if not isinstance(rows, list):
        raise WantedError("subscriptions is not a list")
    wanted = tuple(_row(row, f"subscriptions[{index}]", destinations) for index, row in enumerate(rows))
    return Wanted(destinations, policy, wanted)


def canonical(directive: Mapping[str, object] | None) -> str:
    """Return a text that is the same for directives that mean the same."""
    return json.dumps(_canonical(directive or {}), sort_keys=True, separators=(",", ":"))


def distinct(wanted: Iterable[WantedSubscription]) -> list[WantedSubscription]:
    """Return the rows of one type without those that want the same as another."""
    return list({(row.payload_version, canonical(row.directive)): row for row in wanted}.values())


def _canonical(value: object, key: str = "") -> object:
    if isinstance(value, Mapping):
        items = {str(name): _canonical(item, str(name)) for name, item in value.items()}
        # Absent, null and an empty list all mean "no restriction".
        return {name: item for name, item in items.items() if item not in (None, [], {})}
    if isinstance(value, list | tuple):
        items_list = [_canonical(item) for item in value]
        return sorted(items_list, key=str) if key in _UNORDERED else items_list
    return value


def _row(value: object, where: str, destinations: Destinations) -> WantedSubscription:
    row = _object(value, f"{where}.", where, "notificationType payloadVersion processingDirective via")
    directive = row.get("processingDirective")
    if directive is not None and not isinstance(directive, dict):
        raise WantedError(f"{where}.processingDirective is not an object")
    # Absent for SQS: most rows are, and the parameter that holds them is short of room.
    via = row.get("via", SQS)
    if via not in (SQS, EVENT_BRIDGE):
        raise WantedError(f"{where}.via is {via!r}: allowed are {SQS!r} and {EVENT_BRIDGE!r}")
    if via == EVENT_BRIDGE and destinations.event_bridge is None:
        raise WantedError(f"{where}.via is {EVENT_BRIDGE!r}, but destinations.{EVENT_BRIDGE} is missing")
    return WantedSubscription(
        _text(row, "notificationType", f"{where}."),
        _text(row, "payloadVersion", f"{where}."),
        directive or None,
        via,
    )


def _object(value: object, prefix: str, what: str, known: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise WantedError(f"{what} is missing or not a JSON object")
    unknown = sorted(set(value) - set(known.split()))
    if unknown:
        raise WantedError(f"{prefix}{unknown[0]} is not known: allowed are {', '.join(known.split())}")
    return value


def _text(document: Mapping[str, object], key: str, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise WantedError(f"{where}{key} is missing or no text")
    return value
