"""Collects the report of a feed that Amazon is through with, and ends its task.

The row says COLLECTING before Amazon is asked, and has the result before the bus is told of it: a crash at
any point repeats what is not written yet. Whatever becomes of the report, the task ends as its
processingStatus says, and its notes tell what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from sellerbus.api.feed_status import ENDS
from sellerbus.api.redaction import redact, shorten
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.feeds import feed_events
from sellerbus.feeds.fetching import Fetched, LaterError
from sellerbus.feeds.following import Events, WrongTaskStateError, wait_seconds
from sellerbus.feeds.outcomes import messages_with_errors, outcome_of, reason_of
from sellerbus.feeds.task import FeedTask, TaskState
from sellerbus.feeds.task_store import TaskStore
from sellerbus.feeds.waits import keep_wait

LONGEST_NOTE: Final = 500
MOST_NOTES: Final = 20


class Fetcher(Protocol):
    """fetching.ReportFetcher."""

    def fetch(self, task: FeedTask) -> Fetched: ...


@dataclass(frozen=True)
class Collected:
    """What a step came to. answer: for the state machine. told: what the bus was told. counted: metrics.

    remark: for the log.
    """

    task: FeedTask
    answer: Mapping[str, Any]
    told: tuple[OperationalEvent, ...] = ()
    counted: Mapping[str, int] = field(default_factory=dict)
    remark: str = ""


class FeedCollector:
    """result_bucket: where findings of the checks are kept, too. now: seconds since 1970."""

    def __init__(
        self,
        *,
        store: TaskStore,
        events: Events,
        fetcher: Fetcher,
        result_bucket: str,
        now: Callable[[], float],
    ) -> None:
        self._now = now
        self._store = store
        self._events = events
        self._fetcher = fetcher
        self._result_bucket = result_bucket

    def collect(self, task_id: str) -> Collected:
        """Do what is not done yet. Raises WrongTaskStateError, StoreUnavailableError, TaskChangedError, and
        StorageRefusedError of the result bucket.
        """
        task = self._store.get(task_id)
        counted: dict[str, int] = {}
        if task.is_ended:
            return Collected(task, {"next": task.next_after_end})
        if task.state is TaskState.PROCESSING:
            task = self._begun(task)
        if task.state is not TaskState.COLLECTING:
            raise WrongTaskStateError("collect", task)
        if task.outcome is None:
            try:
                fetched = self._fetcher.fetch(task)
            except LaterError as later:
                seconds = wait_seconds(later.seconds)
                keep_wait(self._store, later.task, later.reason, seconds, self._now())
                answer = {"next": "wait", "waitSeconds": seconds}
                return Collected(later.task, answer, remark=str(later))
            task = self._written(fetched)
            if fetched.kept is not None:
                counted["ReportBytesDownloaded"] = fetched.kept.transferred_bytes
                counted["FeedMessagesAccepted"] = int((fetched.kept.totals or {}).get("successful") or 0)
                counted["FeedMessagesRefused"] = messages_with_errors(fetched.kept.totals)
        event = feed_events.ended(task, result_bucket=self._result_bucket)
        self._events.publish([event])
        outcome = task.outcome or outcome_of(str(task.processing_status), task.totals)
        task = self._store.end(task, outcome, reason=task.reason)
        if task.submitted_at is not None and task.ended_at is not None:
            took = datetime.fromisoformat(task.ended_at) - datetime.fromisoformat(task.submitted_at)
            counted["FeedDuration"] = max(0, round(took.total_seconds()))
        return Collected(task, {"next": task.next_after_end}, (event,), counted, " ".join(task.notes))

    def _begun(self, task: FeedTask) -> FeedTask:
        row = self._store.feed_row(task.seller_id, task.feed_id or "")
        if row is None or row.processing_status not in ENDS:
            raise WrongTaskStateError("collect", task)
        # The feed has ended: the next of the lane need not wait for its report.
        self._store.leave_lane(task)
        return self._store.change(
            task,
            state=TaskState.COLLECTING,
            processing_status=row.processing_status,
            result_feed_document_id=row.result_feed_document_id,
            token=None,
            token_step=None,
        )

    def _written(self, fetched: Fetched) -> FeedTask:
        """The result in the row, which is not ended yet."""
        task, kept, unread = fetched.task, fetched.kept, fetched.unread
        changes: dict[str, Any] = {}
        notes = [unread] if unread else []
        if kept is not None:
            changes["totals"] = kept.totals
            changes["report"] = {
                "bucket": kept.report.bucket,
                "key": kept.report.key,
                "bytes": kept.content_bytes,
                "contentType": kept.content_type,
            }
            changes["results"] = {
                "bucket": kept.results.bucket,
                "key": kept.results.key,
                "messages": kept.messages,
                # Where errors may be missing, no message is said to have succeeded.
                **({"complete": False} if kept.unread else {}),
            }
            notes += kept.notes
            unread = kept.unread
        outcome = outcome_of(str(task.processing_status), changes.get("totals"))
        reason = reason_of(outcome, has_report=kept is not None, unread=unread)
        return self._store.change(
            task,
            outcome=outcome,
            reason=feed_events.told(reason) if reason else None,
            notes=(*task.notes, *(shorten(redact(note), LONGEST_NOTE) for note in notes))[:MOST_NOTES],
            **changes,
        )
