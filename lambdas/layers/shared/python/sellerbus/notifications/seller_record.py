"""A seller's row among the subscription states, as a run changes it and as a person reads it.

What each attribute means stands in subscription_state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sellerbus.api.redaction import redact, shorten

LONGEST_ERROR: Final = 500


@dataclass
class Record:
    """What was made for one seller, and how its last run ended.

    subscriptions: type and subscription id. settled: type and the digest of what was wanted of it.
    caller: client id that the run calls Amazon with; not remembered until Amazon has answered it.
    """

    types: set[str] = field(default_factory=set)
    subscriptions: set[tuple[str, str]] = field(default_factory=set)
    closed: bool = False
    application: str = field(default="", compare=False)
    settled: dict[str, str] = field(default_factory=dict, compare=False)
    blocked: set[str] = field(default_factory=set, compare=False)
    last_error: str = field(default="", compare=False)
    caller: str = field(default="", compare=False)

    @property
    def blank(self) -> bool:
        """Whether nothing can be there at Amazon."""
        return not (self.types or self.subscriptions)

    @property
    def empty(self) -> bool:
        """Whether nothing is worth remembering; the application alone is not."""
        return self.blank and not (self.closed or self.last_error)

    def ids(self, notification_type: str) -> frozenset[str]:
        return frozenset(known for name, known in self.subscriptions if name == notification_type)

    def answered(self) -> None:
        """Note that Amazon has answered for the seller: the caller is the application that it authorised.

        Not before. A client id that is mistyped, or another application's, makes nothing; remembered, it
        would keep the right one out.
        """
        self.application = self.caller or self.application

    def saw(self, notification_type: str, ids: Iterable[str]) -> None:
        """Note a listing: these are there and no others."""
        others = {entry for entry in self.subscriptions if entry[0] != notification_type}
        self.subscriptions = others | {(notification_type, known) for known in ids}

    def forget(self, notification_type: str) -> None:
        """Note that nothing of a type is there, nor will be."""
        self.types.discard(notification_type)
        self.saw(notification_type, ())
        self.settled.pop(notification_type, None)
        self.settle_blocked(notification_type, ())

    def settle_blocked(self, notification_type: str, blocked: Iterable[str]) -> None:
        """Note the wanted subscriptions ("TYPE payloadVersion") of a type that others keep out."""
        others = {entry for entry in self.blocked if _pair(entry)[0] != notification_type}
        self.blocked = others | set(blocked)

    def to_attributes(self) -> dict[str, dict[str, Any] | None]:
        """Return the row's attributes, None for one that goes: DynamoDB has no empty sets."""
        pairs = sorted(f"{name} {known}" for name, known in self.subscriptions)
        error = shorten(redact(self.last_error), LONGEST_ERROR)
        return {
            "types": {"SS": sorted(self.types)} if self.types else None,
            "subscriptions": {"SS": pairs} if pairs else None,
            "closed": {"BOOL": True} if self.closed else None,
            "application": {"S": self.application} if self.application and not self.blank else None,
            "settled": {"SS": settled_texts(self.settled)} if self.settled else None,
            "blocked": {"SS": sorted(self.blocked)} if self.blocked else None,
            "lastError": {"S": error} if error else None,
        }

    @classmethod
    def from_item(cls, row: Mapping[str, Any]) -> Record:
        return cls(
            _set(row, "types"),
            {_pair(text) for text in _set(row, "subscriptions")},
            closed="closed" in row,
            application=_text(row, "application"),
            settled=dict(_pair(text) for text in _set(row, "settled")),
            blocked=_set(row, "blocked"),
            last_error=_text(row, "lastError"),
        )


@dataclass(frozen=True)
class StateView:
    """What a person may want to know of a seller's row.

    settled: all types were as wanted when a run last ended. finished_at: ISO 8601; None while the first run
    is on its way. busy_until: s since 1970; None between runs.
    """

    seller_id: str
    subscriptions: tuple[tuple[str, str], ...]
    types: tuple[str, ...]
    blocked: tuple[str, ...]
    settled: bool
    closed: bool
    finished_at: str | None
    last_error: str | None
    busy_until: float | None

    @classmethod
    def from_item(cls, row: Mapping[str, Any]) -> StateView:
        types = _set(row, "types")
        return cls(
            row["sellerId"]["S"],
            subscriptions=tuple(sorted(_pair(text) for text in _set(row, "subscriptions"))),
            types=tuple(sorted(types)),
            blocked=tuple(sorted(_set(row, "blocked"))),
            settled=bool(types) and {_pair(text)[0] for text in _set(row, "settled")} >= types,
            closed="closed" in row,
            finished_at=_text(row, "finishedAt") or None,
            last_error=_text(row, "lastError") or None,
            busy_until=float(row["leaseUntil"]["N"]) if "leaseUntil" in row else None,
        )


def settled_texts(settled: Mapping[str, str]) -> list[str]:
    return sorted(f"{name} {digest}" for name, digest in settled.items())


def _set(row: Mapping[str, Any], name: str) -> set[str]:
    return set(row.get(name, {}).get("SS", ()))


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name, {}).get("S", ""))


def _pair(text: str) -> tuple[str, str]:
    name, _, known = text.partition(" ")
    return name, known
