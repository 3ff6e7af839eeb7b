"""What Sellerbus tells of feed tasks on the stage's bus. docs/events.md is the contract.

Each is published before the row says what it tells of, so that a crash in between tells it again, with the
same eventId, rather than not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sellerbus.api.redaction import redact, shorten
from sellerbus.aws.event_publisher import OperationalEvent

SOURCE: Final = "sellerbus.feeds"

REFUSED: Final = "FeedRefused"
UNCERTAIN: Final = "FeedUncertain"
STUCK: Final = "FeedStuck"
COMPLETED: Final = "FeedCompleted"
COMPLETED_WITH_ERRORS: Final = "FeedCompletedWithErrors"
FATAL: Final = "FeedFatal"
CANCELLED: Final = "FeedCancelled"
FAILED: Final = "FeedFailed"

LONGEST_REASON: Final = 1000
MOST_CANDIDATES: Final = 20
MOST_MARKETPLACES: Final = 25
"""A feed is for no more; a refused request may name any number."""
LONGEST_MARKETPLACE: Final = 40

_NAMESPACE: Final = uuid.UUID("3f0c6f0e-0b9a-5b3d-8a1f-7d3f5f0a9c41")

_OF_OUTCOME: Final = {
    "COMPLETED": COMPLETED,
    "COMPLETED_WITH_ERRORS": COMPLETED_WITH_ERRORS,
    "FATAL": FATAL,
    "CANCELLED": CANCELLED,
    "REFUSED": REFUSED,
    "GIVEN_UP": FAILED,
    "UNSEEN": FAILED,
    "FAILED": FAILED,
}
_METRICS: Final = {
    COMPLETED: "FeedsCompleted",
    COMPLETED_WITH_ERRORS: "FeedsCompletedWithErrors",
    FATAL: "FeedsFatal",
    CANCELLED: "FeedsCancelled",
    REFUSED: "FeedsRefused",
    FAILED: "FeedsFailed",
    STUCK: "FeedsStuck",
    UNCERTAIN: "FeedsUncertain",
}


class ToldTask(Protocol):
    """What the events tell of a task: the row's fields, as they will be once it is written.

    report and results have bucket and key, results messages too; findings has errors, warnings and key.
    """

    @property
    def task_id(self) -> str: ...
    @property
    def seller_id(self) -> str | None: ...
    @property
    def region(self) -> str | None: ...
    @property
    def feed_type(self) -> str | None: ...
    @property
    def marketplace_ids(self) -> Sequence[str]: ...
    @property
    def feed_id(self) -> str | None: ...
    @property
    def outcome(self) -> Any: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def totals(self) -> Mapping[str, Any] | None: ...
    @property
    def report(self) -> Mapping[str, Any] | None: ...
    @property
    def results(self) -> Mapping[str, Any] | None: ...
    @property
    def findings(self) -> Mapping[str, Any] | None: ...


def ended(task: ToldTask, *, result_bucket: str | None = None) -> OperationalEvent:
    """The event of a task whose outcome is set.

    result_bucket: where findings.key is; without it the event has no pointer to the findings.
    """
    return _event(_OF_OUTCOME[str(task.outcome)], task, result_bucket=result_bucket)


def stuck(task: ToldTask) -> OperationalEvent:
    """The feed has not ended within eight hours; it is followed on."""
    return _event(STUCK, task)


def uncertain(task: ToldTask, candidates: Sequence[str], attempt: int) -> OperationalEvent:
    """A person has to decide what became of createFeed.

    candidates: the feeds that may be the task's. attempt: the submission's, which tells a second doubt from
    the first.
    """
    return _event(UNCERTAIN, task, candidates=candidates, occasion=str(attempt))


def refused_request(request: ToldTask) -> OperationalEvent:
    """A request that became no task; task_id is the one asked for, or one made of the request."""
    return _event(REFUSED, request)


def metric_of(event: OperationalEvent) -> str:
    """The name of the metric that counts the event."""
    return _METRICS[event.detail_type]


def told(reason: str) -> str:
    """A reason as events and rows tell it: one line, no tokens, no queries of URLs."""
    return shorten(redact(reason), LONGEST_REASON)


def _event(
    detail_type: str,
    task: ToldTask,
    *,
    candidates: Sequence[str] | None = None,
    occasion: str = "",
    result_bucket: str | None = None,
) -> OperationalEvent:
    return OperationalEvent(
        SOURCE,
        detail_type,
        {
            "eventId": _event_id(task.task_id, detail_type, task.feed_id, occasion),
            "taskId": task.task_id,
            "sellerId": task.seller_id,
            "region": task.region,
            "feedType": task.feed_type,
            "marketplaceIds": [
                shorten(name, LONGEST_MARKETPLACE) for name in task.marketplace_ids[:MOST_MARKETPLACES]
            ],
            "feedId": task.feed_id,
            "outcome": None if task.outcome is None else str(task.outcome),
            "reason": None if task.reason is None else told(task.reason),
            "totals": None if task.totals is None else dict(task.totals),
            "report": _chosen(task.report, "bucket", "key"),
            "results": _chosen(task.results, "bucket", "key", "messages"),
            "findings": _findings(task.findings, result_bucket),
            "candidates": None if candidates is None else list(candidates[:MOST_CANDIDATES]),
        },
    )


def _event_id(task_id: str, detail_type: str, feed_id: str | None, occasion: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\n".join((task_id, detail_type, feed_id or "", occasion))))


def _chosen(pointer: Mapping[str, Any] | None, *names: str) -> dict[str, Any] | None:
    return None if pointer is None else {name: pointer.get(name) for name in names}


def _findings(findings: Mapping[str, Any] | None, bucket: str | None) -> dict[str, Any] | None:
    if findings is None:
        return None
    key = findings.get("key")
    key = findings.get("key") if bucket else None
    return {
        "errors": findings.get("errors"),
        "warnings": findings.get("warnings"),
        "bucket": bucket if key else None,
        "key": key,
    }
