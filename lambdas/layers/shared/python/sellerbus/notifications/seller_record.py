"""A seller's row among the subscription states, as a run changes it and as a person reads it.

What each attribute means stands in subscription_state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sellerbus.api.redaction import redact, shorten

LONGEST_ERROR: Final = 2000
LONGEST_BRIEF: Final = 120

KEPT_REQUESTS: Final = 8
"""So many people may wait for runs of one seller at once."""

REQUEST_SECONDS: Final = 3600.0
"""How long the end of a request is remembered: longer than anybody waits for it."""


@dataclass(frozen=True)
class EndedRequest:
    """A request whose job a run has done. ended_at: s since 1970. error: why it failed, or ""."""

    request_id: str
    ended_at: float
    error: str = ""


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
    last_error_brief: str = field(default="", compare=False)
    requests: tuple[EndedRequest, ...] = field(default=(), compare=False)
    caller: str = field(default="", compare=False)

    @property
    def blank(self) -> bool:
        """Whether nothing can be there at Amazon."""
        return not (self.types or self.subscriptions)

    @property
    def empty(self) -> bool:
        """Whether nothing is worth remembering; the application alone is not."""
        return self.blank and not (self.closed or self.last_error or self.requests)

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

    def failed(self, text: str, brief: str) -> None:
        """Note why the run failed, whole and in a few words."""
        self.last_error, self.last_error_brief = text, brief

    def succeeded(self) -> None:
        self.failed("", "")

    def end_request(self, request_id: str, now: float, error: str = "") -> None:
        """Note that a run did what was asked for, or failed in it; the newest ends are kept, for a while.

        request_id: "" where nobody waits. now: s since 1970.
        """
        kept = [
            each
            for each in self.requests
            if each.request_id != request_id and now - each.ended_at < REQUEST_SECONDS
        ]
        if request_id:
            kept.append(EndedRequest(request_id, now, shorten(redact(error), LONGEST_ERROR)))
        self.requests = tuple(kept[-KEPT_REQUESTS:])

    def to_attributes(self) -> dict[str, dict[str, Any] | None]:
        """Return the row's attributes, None for one that goes: DynamoDB has no empty sets."""
        pairs = sorted(f"{name} {known}" for name, known in self.subscriptions)
        error = shorten(redact(self.last_error), LONGEST_ERROR)
        brief = shorten(redact(self.last_error_brief), LONGEST_BRIEF)
        return {
            "types": {"SS": sorted(self.types)} if self.types else None,
            "subscriptions": {"SS": pairs} if pairs else None,
            "closed": {"BOOL": True} if self.closed else None,
            "application": {"S": self.application} if self.application and not self.blank else None,
            "settled": {"SS": settled_texts(self.settled)} if self.settled else None,
            "blocked": {"SS": sorted(self.blocked)} if self.blocked else None,
            "lastError": {"S": error} if error else None,
            "lastErrorBrief": {"S": brief} if brief else None,
            "requests": {"L": [_request_attribute(each) for each in self.requests]}
            if self.requests
            else None,
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
            last_error_brief=_text(row, "lastErrorBrief"),
            requests=_requests(row),
        )


@dataclass(frozen=True)
class StateView:
    """What a person may want to know of a seller's row.

    settled: all types were as wanted when a run last ended. finished_at: ISO 8601; None while the first run
    is on its way. busy_until: s since 1970; None between runs. requests: those whose jobs a run has done
    lately. last_error_brief: the last error in a few words.
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
    last_error_brief: str | None = None
    requests: tuple[EndedRequest, ...] = ()

    def ended(self, request_id: str) -> EndedRequest | None:
        """Return the end of a request; None while no run has done its job."""
        return next((each for each in self.requests if each.request_id == request_id), None)

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
            last_error_brief=_text(row, "lastErrorBrief") or None,
            requests=_requests(row),
        )


def settled_texts(settled: Mapping[str, str]) -> list[str]:
    return sorted(f"{name} {digest}" for name, digest in settled.items())


def _request_attribute(ended: EndedRequest) -> dict[str, Any]:
    attribute = {"id": {"S": ended.request_id}, "endedAt": {"N": f"{ended.ended_at:.3f}"}}
    return {"M": {**attribute, **({"error": {"S": ended.error}} if ended.error else {})}}


def _requests(row: Mapping[str, Any]) -> tuple[EndedRequest, ...]:
    entries = [entry["M"] for entry in row.get("requests", {}).get("L", ())]
    return tuple(
        EndedRequest(_text(entry, "id"), float(entry["endedAt"]["N"]), _text(entry, "error"))
        for entry in entries
    )


def _set(row: Mapping[str, Any], name: str) -> set[str]:
    return set(row.get(name, {}).get("SS", ()))


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name, {}).get("S", ""))


def _pair(text: str) -> tuple[str, str]:
    name, _, known = text.partition(" ")
    return name, known
