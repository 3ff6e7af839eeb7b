"""What Sellerbus tells of listing changes on the stage's bus. docs/events.md is the contract.

One event for each change, and the same eventId where it is told again. All fields are always there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.feeds.changes.change import Group, ListingChange, RefusedChange
from sellerbus.feeds.changes.document import Entry
from sellerbus.feeds.changes.results import (
    NOT_DONE,
    SUCCEEDED,
    ChangeResult,
    bounded,
    shortened,
)
from sellerbus.feeds.feed_events import SOURCE, told
from sellerbus.feeds.findings import Finding
from sellerbus.feeds.task import FeedTask

CHANGE_SUCCEEDED: Final = "ListingChangeSucceeded"
CHANGE_FAILED: Final = "ListingChangeFailed"

_NAMESPACE: Final = uuid.UUID("9a1c1f5c-5d7e-5a2b-8d43-2a6f0e4b7c19")
_OTHER_CONTENT: Final = (
    "the change was not sent: another one with the same changeId and other content was handed over before"
)


def ended(group: Group, entry: Entry, task: FeedTask, result: ChangeResult) -> OperationalEvent:
    """The event of a change whose feed has ended."""
    return _event(
        CHANGE_SUCCEEDED if result.state == SUCCEEDED else CHANGE_FAILED,
        occasion=task.task_id,
        change_id=entry.change_id,
        seller_id=group.seller_id,
        marketplace_id=group.marketplace_id,
        sku=entry.sku,
        task=task,
        result=result,
    )


def refused(change: RefusedChange) -> OperationalEvent:
    """The event of a change that was not gathered."""
    issues = [_issue(finding) for finding in change.findings]
    kept = bounded(issues)
    return _event(
        CHANGE_FAILED,
        occasion=change.content_sha256,
        change_id=change.change_id,
        seller_id=change.seller_id,
        marketplace_id=change.marketplace_id,
        sku=change.sku,
        task=None,
        result=ChangeResult(NOT_DONE, change.reason, kept, len(issues) - len(kept)),
    )


def with_a_taken_id(change: ListingChange) -> RefusedChange:
    """The refusal of a change whose id is another's."""
    group = change.group
    return RefusedChange(
        group.seller_id,
        change.change_id,
        group.marketplace_id,
        change.sku,
        _OTHER_CONTENT,
        (),
        change.content_sha256,
    )


def _event(
    detail_type: str,
    *,
    occasion: str,
    change_id: str,
    seller_id: str,
    marketplace_id: str | None,
    sku: str | None,
    task: FeedTask | None,
    result: ChangeResult,
) -> OperationalEvent:
    name = "\n".join((detail_type, seller_id, change_id, occasion))
    return OperationalEvent(
        SOURCE,
        detail_type,
        {
            "eventId": str(uuid.uuid5(_NAMESPACE, name)),
            "changeId": change_id,
            "sellerId": seller_id,
            "marketplaceId": marketplace_id,
            "sku": shortened(sku),
            "taskId": task.task_id if task else None,
            "feedId": task.feed_id if task else None,
            "feedOutcome": str(task.outcome) if task else None,
            "outcome": result.state,
            "reason": None if result.reason is None else told(shortened(result.reason)),
            "issues": list(result.issues),
            "issuesLeftOut": result.left_out,
        },
    )


def _issue(finding: Finding) -> Mapping[str, Any]:
    return {
        "code": finding.rule,
        "severity": finding.severity.upper(),
        "message": shortened(finding.text),
        "attribute": shortened(finding.where),
    }


def details(entry: Entry, task: FeedTask, result: ChangeResult) -> Mapping[str, Any]:
    """What the change's row keeps of its result."""
    return {
        "messageId": entry.message_id,
        "feedId": task.feed_id,
        "feedOutcome": str(task.outcome),
        "reason": result.reason,
        "issues": list(result.issues),
        "issuesLeftOut": result.left_out,
    }


def counts(results: Sequence[ChangeResult]) -> dict[str, int]:
    """The metrics that count the results."""
    succeeded = sum(result.state == SUCCEEDED for result in results)
    return {"ListingChangesSucceeded": succeeded, "ListingChangesFailed": len(results) - succeeded}
