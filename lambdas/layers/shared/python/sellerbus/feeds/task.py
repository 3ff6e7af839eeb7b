"""A feed task: one feed from its handing over to what Amazon did with each of its messages.

    RECEIVED ──checked──> WAITING ──its turn──> SUBMITTING ──> PROCESSING ──> COLLECTING ──> ENDED
                                                    └──> UNCERTAIN ──decided──> PROCESSING, WAITING or ENDED

ENDED comes from every state, with an outcome. What may be called when while it is SUBMITTING stands in
submission.py. The row is written by task_store.py; docs/events.md tells what the end tells the bus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sellerbus.feeds.submission import State, Submission

KIND: Final = "feed"
CHANGES: Final = "changes"
"""The origin of a task that gathers listing changes: each of its changes is told of the task's end."""

AWAIT: Final = "await"
DECIDE: Final = "decide"
"""What a task token waits for (token_step): the end of the processing, or a person's decision."""
OVER: Final = "over"
"""In the place of these: the execution is over, and nothing goes on with the task unless it is redriven."""


class TaskState(StrEnum):
    """Where a task stands."""

    RECEIVED = "RECEIVED"
    WAITING = "WAITING"
    SUBMITTING = "SUBMITTING"
    UNCERTAIN = "UNCERTAIN"
    PROCESSING = "PROCESSING"
    COLLECTING = "COLLECTING"
    ENDED = "ENDED"


class Outcome(StrEnum):
    """How a task ended.

    REFUSED: by our checks or by Amazon. GIVEN_UP: nobody knows whether there is a feed, and nobody asks any
    more. UNSEEN: the feed did not end within 90 days. FAILED: a step failed for good.
    """

    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    FATAL = "FATAL"
    CANCELLED = "CANCELLED"
    REFUSED = "REFUSED"
    GIVEN_UP = "GIVEN_UP"
    UNSEEN = "UNSEEN"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Source:
    """The object that holds the feed as it was handed over. version_id: "" where the bucket keeps none."""

    bucket: str
    key: str
    version_id: str = ""


@dataclass(frozen=True, kw_only=True)
class FeedTask:
    """One row. Texts that end in _at are ISO 8601 in UTC; `looked_at` and `expires_at` seconds since 1970.

    origin: inbox, event, changes, resubmit or another word; request_hash: of what was asked for beside the
    content. region to is_gzip: known once it was checked. findings: {errors, warnings, key?}; totals: the
    report's; report: {bucket, key, bytes, contentType}; results: {bucket, key, messages}. asked_task_id: the
    id that was asked for where it was another task's already. api_version, silence_seconds: fixed when the
    submission begins. candidates: the feeds that may be an UNCERTAIN one's. decision: a person's on it, as
    the output that its token is answered with: {choice, feedId?, next, silenceSeconds?}. collect_attempts:
    downloads of the report that were begun; collect_faults: how often Amazon or a storage was at fault before
    one. waits: what keeps it from its next step, see waits.py. version: counts the writes of the row, each
    conditional on the one before.
    """

    task_id: str
    seller_id: str
    feed_type: str
    marketplace_ids: tuple[str, ...]
    content_type: str
    source: Source
    origin: str
    request_hash: str
    handed_over_at: str
    created_at: str
    updated_at: str
    state: TaskState = TaskState.RECEIVED
    feed_options: Mapping[str, str] | None = None
    resubmission_of: str | None = None
    asked_task_id: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    region: str | None = None
    content_sha256: str | None = None
    content_bytes: int | None = None
    etag: str | None = None
    is_gzip: bool | None = None
    findings: Mapping[str, Any] | None = None
    waits: Mapping[str, Any] | None = None
    api_version: str | None = None
    silence_seconds: int | None = None
    submission: Submission = field(default_factory=Submission)
    document_id: str | None = None
    feed_id: str | None = None
    processing_status: str | None = None
    result_feed_document_id: str | None = None
    submitted_at: str | None = None
    ended_at: str | None = None
    stuck_since: str | None = None
    looked_at: float | None = None
    looks: int = 0
    collect_attempts: int = 0
    collect_faults: int = 0
    token: str | None = field(default=None, repr=False)
    token_step: str | None = None
    candidates: tuple[str, ...] = ()
    decision: Mapping[str, Any] | None = None
    totals: Mapping[str, Any] | None = None
    report: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    execution_arn: str | None = None
    expires_at: int | None = None
    version: int = 1

    @property
    def order(self) -> str:
        """The place in its lane: the milliseconds since 1970 at which it was handed over, 13 digits."""
        at = datetime.fromisoformat(self.handed_over_at)
        return f"{round(at.timestamp() * 1000):013d}"

    @property
    def is_ended(self) -> bool:
        return self.state is TaskState.ENDED

    @property
    def next_after_end(self) -> str:
        """The state machine's next step once the task has ended."""
        return "report-changes" if self.origin == CHANGES else "ended"

    @property
    def call_is_open(self) -> bool:
        """Whether createFeed is called now, or was and nobody knows yet what came of it."""
        return self.submission.state in {State.SUBMITTING, State.SETTLING}


def iso(seconds: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def to_item(task: FeedTask) -> dict[str, Any]:
    """Return the row's attributes as plain values; what is None is left out."""
    return {
        "kind": KIND,
        **{
            row_name(each.name): stored
            for each in fields(task)
            if (stored := to_stored(getattr(task, each.name))) is not None
        },
    }


def from_item(item: Mapping[str, Any]) -> FeedTask:
    """Read what to_item made; other attributes are left alone. Raises KeyError, ValueError or TypeError."""
    values = {
        each.name: _READ.get(each.name, _same)(item[row_name(each.name)])
        for each in fields(FeedTask)
        if row_name(each.name) in item
    }
    return FeedTask(**values)


@cache
def row_name(name: str) -> str:
    """The attribute in which a field of the task is kept."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def to_stored(value: Any) -> Any:
    """Return a field's value as it is kept."""
    match value:
        case Source():
            return {"bucket": value.bucket, "key": value.key, "versionId": value.version_id}
        case Submission():
            kept = {row_name(each.name): getattr(value, each.name) for each in fields(value)}
            kept |= {"state": value.state.value, "answered": list(value.answered)}
            return {name: each for name, each in kept.items() if each is not None}
        case tuple():
            return list(value)
        case StrEnum():
            return value.value
    return value


def _same(value: Any) -> Any:
    return value


def _source(value: Mapping[str, Any]) -> Source:
    return Source(value["bucket"], value["key"], value.get("versionId", ""))


def _submission(value: Mapping[str, Any]) -> Submission:
    known = {
        each.name: value[row_name(each.name)] for each in fields(Submission) if row_name(each.name) in value
    }
    return Submission(**{**known, "state": State(value["state"]), "answered": tuple(value["answered"])})


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "marketplace_ids": tuple,
    "candidates": tuple,
    "notes": tuple,
    "source": _source,
    "submission": _submission,
    "state": TaskState,
    "outcome": Outcome,
}
