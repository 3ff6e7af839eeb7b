"""How `sellerbus feeds` shows tasks: as a table, facts and JSON. No content of a feed is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ops import console, feed_waits, feed_words, times
from ops.feed_tasks import Tasks, ending
from sellerbus.api import endpoints
from sellerbus.api.redaction import redact
from sellerbus.feeds.task import FeedTask, Source, TaskState, to_stored

_COUNTRIES: Final = {row.marketplace_id: row.country for row in endpoints.MARKETPLACES}
_TOTALS: Final = {
    "processed": "processed",
    "successful": "successful",
    "withErrors": "with errors",
    "withWarnings": "with warnings",
}
_FAULTS: Final = ("errors", "warnings")


@dataclass(frozen=True)
class View:
    """A task as it is shown.

    lane: what it waits for in its lane, where it waits there. resubmissions: the tasks that submitted it
    again, in words; None where nobody looked.
    """

    task: FeedTask
    tasks: Tasks
    now: datetime
    lane: str | None = None
    resubmissions: str | None = None

    @property
    def waits_for(self) -> str | None:
        return (
            self.lane
            or feed_waits.told(self.task, self.now)
            or feed_words.waits_for(str(self.task.state), str(self.task.submission.state.value))
        )

    def document(self) -> dict[str, Any]:
        """The row without what only the functions use."""
        task = self.task
        return {
            "taskId": task.task_id,
            "region": self.tasks.cell.region,
            "sellerId": task.seller_id,
            "feedType": task.feed_type,
            "marketplaceIds": list(task.marketplace_ids),
            "contentType": task.content_type,
            "feedOptions": None if task.feed_options is None else dict(task.feed_options),
            "origin": task.origin,
            "resubmissionOf": task.resubmission_of,
            "source": to_stored(task.source),
            "contentBytes": task.content_bytes,
            "contentSha256": task.content_sha256,
            "state": str(task.state),
            "outcome": ending(task),
            "reason": redact(task.reason) if task.reason else None,
            "apiVersion": task.api_version,
            "feedId": task.feed_id,
            "processingStatus": task.processing_status,
            "handedOverAt": task.handed_over_at,
            "createdAt": task.created_at,
            "updatedAt": task.updated_at,
            "submittedAt": task.submitted_at,
            "stuckSince": task.stuck_since,
            "endedAt": task.ended_at,
            "findings": plain(task.findings),
            "totals": plain(task.totals),
            "report": plain(task.report),
            "results": plain(task.results),
            "notes": list(task.notes or ()),
            "executionArn": task.execution_arn,
        }

    def full_document(self) -> dict[str, Any]:
        return self.document() | {"waitsFor": self.waits_for, "candidates": list(candidates(self.task))}

    def facts(self) -> dict[str, str]:
        """Everything that is known of the task, but for what is not there."""
        task, now = self.task, self.now
        outcome = ending(task)
        found = {
            "State": str(task.state),
            "Outcome": outcome,
            "Meaning": feed_words.meaning(str(task.state), outcome),
            "Reason": redact(task.reason) if task.reason else None,
            "Waiting": self.waits_for,
            "Seller": f"{task.seller_id} ({self.tasks.cell.region})",
            "Feed type": task.feed_type,
            "Marketplaces": countries(task.marketplace_ids),
            "Content type": task.content_type,
            "Options": ", ".join(
                f"{name}={value}" for name, value in sorted((task.feed_options or {}).items())
            ),
            "Document": source(task.source),
            "Size": _size(task.content_bytes),
            "SHA-256": task.content_sha256,
            "Origin": task.origin,
            "Resubmission of": task.resubmission_of,
            "Resubmitted as": self.resubmissions,
            "Findings": _findings(task.findings),
            "Feed id": task.feed_id,
            "Feeds API": task.api_version if task.feed_id else None,
            "Amazon says": task.processing_status,
            "Candidates": ", ".join(candidates(task)),
            "Handed over": times.both(task.handed_over_at, now),
            "Submitted": times.both(task.submitted_at, now) if task.submitted_at else None,
            "Stuck since": times.both(task.stuck_since, now) if task.stuck_since else None,
            "Last change": times.both(task.updated_at, now),
            "Ended": times.both(task.ended_at, now) if task.ended_at else None,
            "Totals": totals(task.totals),
            "Report": _place(task.report),
            "Results": _place(task.results),
            "Notes": " ".join(map(redact, task.notes or ())),
            "Kept until": self._kept_until(),
            "Execution": self.tasks.console_link(task) or task.execution_arn,
        }
        return {name: str(value) for name, value in found.items() if value}

    def advice(self, stage: str) -> tuple[str, ...]:
        task = self.task
        return feed_words.advice(
            task.task_id,
            stage,
            str(task.state),
            ending(task),
            stuck=bool(task.stuck_since),
            source=source(task.source),
            listed=bool(task.results or (task.findings or {}).get("key")),
            call_is_open=task.call_is_open,
        )

    def _kept_until(self) -> str | None:
        until = self.task.expires_at
        if until is None:
            return None
        row = times.absolute(times.at(until))
        if not (self.task.report or self.task.results or self.task.findings) or not self.task.ended_at:
            return row
        days = self.tasks.cell.settings.retention.feeds_days
        objects = times.moment(self.task.ended_at) + timedelta(days=days)
        return f"{row}; document, report, results and findings {days} days, until about {objects:%Y-%m-%d}"


def of(tasks: Tasks, task: FeedTask, now: datetime) -> View:
    """Return the view of one task, with its place in its lane where it waits there."""
    if str(task.state) != "WAITING":
        return View(task, tasks, now)
    lane = feed_waits.lane(tasks, task, now)
    return View(task, tasks, now, f"{lane}{feed_waits.place(tasks, task)}")


def totals(found: Mapping[str, Any] | None) -> str | None:
    """Return the totals of a report in words; None where there are none."""
    if not found:
        return None
    told = [f"{found[name]} {words}" for name, words in _TOTALS.items() if found.get(name) is not None]
    told += [console.counted(found[name], name[:-1]) for name in _FAULTS if found.get(name) is not None]
    return ", ".join(told) or "the report has none"


def candidates(task: FeedTask) -> tuple[str, ...]:
    """The feeds of Amazon that may be an uncertain task's; none of another."""
    if task.state is not TaskState.UNCERTAIN:
        return ()
    return tuple(dict.fromkeys((*task.candidates, *task.submission.answered)))


def countries(marketplace_ids: Sequence[str]) -> str:
    return ", ".join(_COUNTRIES.get(name, name) for name in marketplace_ids)


def source(place: Source) -> str:
    return f"s3://{place.bucket}/{place.key}"


def _place(pointer: Mapping[str, Any] | None) -> str | None:
    return f"s3://{pointer['bucket']}/{pointer['key']}" if pointer else None


def _findings(found: Mapping[str, Any] | None) -> str | None:
    if not found:
        return None
    errors, warnings = int(found.get("errors") or 0), int(found.get("warnings") or 0)
    return f"{console.counted(errors, 'error')}, {console.counted(warnings, 'warning')}"


def _size(count: int | None) -> str | None:
    return None if count is None else f"{count:,} bytes"


def plain(value: Any) -> Any:
    """Return a row's value as JSON takes it."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
