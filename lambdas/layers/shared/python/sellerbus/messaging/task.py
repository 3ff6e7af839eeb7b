"""A message task: one message to one buyer, from its handing over to what became of it.

    ACCEPTED ──gate──> SENDING ──201──> SENT
       ^  │               │ Amazon refuses ──> REFUSED, NOT_ALLOWED or FAILED
       │  │               │ 429, or proved not sent
       ├──┼───────────────┤
       │  │               └ lost ──> UNCERTAIN ──a late answer, or a person──> SENT, ACCEPTED or FAILED
       │  └ checks, the order's actions, too old ──> REFUSED, NOT_ALLOWED or FAILED
       └──────── a person: send again ──────────────────┘

SENDING is written before the call, and only the attempt whose token the row has may say what came of it. The
row is written by task_store.py; docs/events.md tells what the end tells the bus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

KIND: Final = "message"
OPEN: Final = "open"
"""The value of `sweep`, the one partition of the index of what the sweeper must see."""


class MessageState(StrEnum):
    """Where a task stands. UNCERTAIN: nobody knows whether the message was sent; a person decides."""

    ACCEPTED = "ACCEPTED"
    SENDING = "SENDING"
    SENT = "SENT"
    REFUSED = "REFUSED"
    NOT_ALLOWED = "NOT_ALLOWED"
    UNCERTAIN = "UNCERTAIN"
    FAILED = "FAILED"


ENDED: Final = frozenset(
    {MessageState.SENT, MessageState.REFUSED, MessageState.NOT_ALLOWED, MessageState.FAILED}
)
NOT_SENT: Final = ENDED - {MessageState.SENT}
"""The ends after which nothing more is sent, and nothing is known to have been."""

GIVE_UP: Final = "give-up"
"""A person's decision: nobody knows whether it was sent, and it is left so."""


@dataclass(frozen=True)
class Attempt:
    """One passing of the gate. token: whoever has it may say what came of it. number: counts them, from 1.

    looked_at: when the order was asked what it offers. All times are seconds since 1970. While the lease
    lasts its caller is at work; a settled attempt stays in the row, so that a late answer of it is known.
    """

    token: str
    number: int
    looked_at: float
    started_at: float
    lease_until: float


@dataclass(frozen=True)
class Offered:
    """An action as the order offered it just before the call. name: the message type's, where known."""

    name: str
    disabled: bool
    once_per_order: bool


@dataclass(frozen=True, kw_only=True)
class MessageTask:
    """One row. Texts that end in _at are ISO 8601 in UTC; settle_at, content_until, expires_at are seconds
    since 1970.

    content: {text | template {name, values}, attachments, coverageStartDate, coverageEndDate}, as the request
    has them, each attachment with bucket, key, versionId, fileName, sizeBytes, sha256; None once it is
    erased. content_until: when it is erased at the latest. content_hash: of what the buyer gets.
    request_hash: of the request's words. origin: event or sqs; source_id: what delivered it. asked_task_id:
    the id that was asked for where it was another task's already. reason: why it ended so, or is not known.
    findings: documents of finding.Finding. offered: the actions before the last call. uploads:
    {uploadDestinationId, contentMd5, uploadedAt}. booking: the turns of the next look (api.booking). waits:
    {reason, until} of what keeps it from its next step. allowed: the actions that the order offers. untold:
    the detail-type of the event that is still to be published. tried_since: since when it is tried to send
    it; decision: a person's on it. sweep, sweep_at: see task_store.py. version: counts the writes of the row,
    each conditional on the one before.
    """

    task_id: str
    seller_id: str
    region: str
    marketplace_id: str
    amazon_order_id: str
    message_type: str
    content: Mapping[str, Any] | None = field(default=None, repr=False)
    content_hash: str
    request_hash: str
    content_until: int
    origin: str
    source_id: str
    handed_over_at: str
    created_at: str
    updated_at: str
    tried_since: str
    state: MessageState = MessageState.ACCEPTED
    force: bool = False
    asked_task_id: str | None = None
    reason: str | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    attempt: Attempt | None = None
    settle_at: float | None = None
    offered: tuple[Offered, ...] = ()
    uploads: tuple[Mapping[str, Any], ...] = ()
    booking: Mapping[str, Any] | None = None
    waits: Mapping[str, Any] | None = None
    allowed: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    sent_at: str | None = None
    ended_at: str | None = None
    untold: str | None = None
    decision: str | None = None
    sweep: str | None = None
    sweep_at: str | None = None
    expires_at: int | None = None
    version: int = 1

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    @property
    def attempts(self) -> int:
        """How often the gate was passed."""
        return self.attempt.number if self.attempt else 0

    @property
    def holds_the_type(self) -> bool:
        """Whether no other task may send the order a message of this type now; see task_rows."""
        return self.state is MessageState.SENDING and any(
            each.once_per_order for each in self.offered if each.name == self.message_type
        )

    @property
    def is_given_up(self) -> bool:
        """Whether it has ended, and may have been sent all the same."""
        return self.state is MessageState.FAILED and self.decision == GIVE_UP

    def is_attempt(self, token: str) -> bool:
        """Whether the last attempt is the one with the token."""
        return self.attempt is not None and self.attempt.token == token


def iso(seconds: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def seconds(text: str) -> float:
    """Return what `iso` wrote as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def to_item(task: MessageTask) -> dict[str, Any]:
    """Return the row's attributes as plain values; what is None, and what has no entries, is left out.

    An order that allows nothing is told, so `allowed` may be empty.
    """
    kept = {row_name(each.name): to_stored(getattr(task, each.name)) for each in fields(task)}
    there = {
        name: value
        for name, value in kept.items()
        if value is not None and (value != [] or name == "allowed")
    }
    return {"kind": KIND, **there}


def from_item(item: Mapping[str, Any]) -> MessageTask:
    """Read what to_item made; other attributes are left alone. Raises KeyError, ValueError or TypeError."""
    values = {
        each.name: _READ.get(each.name, _same)(item[row_name(each.name)])
        for each in fields(MessageTask)
        if row_name(each.name) in item
    }
    return MessageTask(**values)


@cache
def row_name(name: str) -> str:
    """The attribute in which a field of the task is kept."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def to_stored(value: Any) -> Any:
    """Return a field's value as it is kept."""
    match value:
        case Attempt() | Offered():
            return {row_name(each.name): getattr(value, each.name) for each in fields(value)}
        case tuple():
            return [to_stored(each) for each in value]
        case StrEnum():
            return value.value
    return value


def _same(value: Any) -> Any:
    return value


def _attempt(value: Mapping[str, Any]) -> Attempt:
    times = (float(value[name]) for name in ("lookedAt", "startedAt", "leaseUntil"))
    return Attempt(value["token"], int(value["number"]), *times)


def _offered(value: list[Mapping[str, Any]]) -> tuple[Offered, ...]:
    return tuple(Offered(each["name"], each["disabled"], each["oncePerOrder"]) for each in value)


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "state": MessageState,
    "attempt": _attempt,
    "offered": _offered,
    "findings": tuple,
    "uploads": tuple,
    "allowed": tuple,
    "notes": tuple,
}
