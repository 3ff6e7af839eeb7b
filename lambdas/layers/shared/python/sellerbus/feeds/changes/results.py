"""What the end of a feed means for each of its listing changes. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.feeds.reports.model import ERROR
from sellerbus.feeds.task import FeedTask, Outcome

SUCCEEDED: Final = "SUCCEEDED"
REJECTED: Final = "REJECTED"
NOT_DONE: Final = "NOT_DONE"
UNKNOWN: Final = "UNKNOWN"
"""The end of a change: Amazon took it; Amazon refused it, see its issues; nothing was done, so that it may be
handed over again; nobody knows, so that a look at the listing has to tell.
"""

MOST_ISSUES: Final = 20
LONGEST_TEXT: Final = 500
MOST_ISSUE_BYTES: Final = 12_000
"""Of one change's issues as JSON in ASCII: ten events go onto the bus in one call of 256 KiB at most."""

_PROCESSED: Final = (Outcome.COMPLETED, Outcome.COMPLETED_WITH_ERRORS)
_NOT_DONE: Final = (Outcome.CANCELLED, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """state: one of the four above. left_out: issues that there was no room for."""

    state: str
    reason: str | None = None
    issues: tuple[Mapping[str, Any], ...] = ()
    left_out: int = 0


class Issues:
    """The issues of one message while a report is read; the errors stay where there is no room for all."""

    __slots__ = ("_kept", "_others_kept", "errors", "others")

    def __init__(self) -> None:
        self.errors = 0
        self.others = 0
        self._kept: list[Mapping[str, Any]] = []
        self._others_kept: list[Mapping[str, Any]] = []

    def add(self, row: Mapping[str, Any]) -> None:
        """Take a line of results.jsonl; see ReportMessage.document."""
        is_error = row.get("severity") == ERROR
        self.errors += is_error
        self.others += not is_error
        kept = self._kept if is_error else self._others_kept
        if len(kept) < MOST_ISSUES:
            issue = {name: row.get(name) for name in ("code", "severity", "message", "attribute")}
            kept.append({name: shortened(value) for name, value in issue.items()})

    def result(self, state: str, reason: str | None) -> ChangeResult:
        kept = bounded([*self._kept, *self._others_kept])
        return ChangeResult(state, reason, kept, self.errors + self.others - len(kept))


def result_of(task: FeedTask, issues: Issues, doubt: str | None = None) -> ChangeResult:
    """What became of one change of a task that has ended; doubt: see doubt_of.

    Raises ValueError for a task that has not.
    """
    outcome, why = task.outcome, task.reason
    if outcome in _PROCESSED:
        return _processed(task, issues, doubt)
    if outcome in _NOT_DONE:
        return issues.result(NOT_DONE, _told(f"the feed was not processed ({outcome})", why))
    if outcome is Outcome.FATAL:
        # "Some, none, or all of the operations within the feed may have completed successfully."
        text = "the feed ended FATAL, and Amazon may have carried out some, all or none of it"
        return issues.result(UNKNOWN, _told(text, why))
    if outcome is Outcome.FAILED and task.feed_id is None and task.submitted_at is None:
        return issues.result(NOT_DONE, _told("the feed was not submitted (FAILED)", why))
    if outcome is None:
        raise ValueError(f"task {task.task_id} has not ended")
    return issues.result(UNKNOWN, _told(f"nobody knows what Amazon did with the feed ({outcome})", why))


def _processed(task: FeedTask, issues: Issues, doubt: str | None) -> ChangeResult:
    if issues.errors:
        return issues.result(REJECTED, "Amazon refused the change: see its issues")
    if task.results is None:
        text = "Amazon processed the feed, and its report could not be read"
        return issues.result(UNKNOWN, _told(text, task.reason))
    if not task.results.get("complete", True):
        text = "the part of the report that could be read says nothing against the change"
        return issues.result(UNKNOWN, _told(text, task.reason))
    if doubt is not None:
        return issues.result(UNKNOWN, doubt)
    return issues.result(SUCCEEDED, None)


def doubt_of(
    task: FeedTask, rows: Iterable[Mapping[str, Any]], message_id_of_sku: Mapping[str, int]
) -> str | None:
    """Why a message without an error of its own may not have been carried out; None where it was.

    rows, message_id_of_sku: of the whole report, and of the whole feed. An error of the whole feed names no
    message, and a report may tell of fewer successes than it has messages without an error.
    """
    ids = frozenset(message_id_of_sku.values())
    refused: set[int] = set()
    of_feed: Mapping[str, Any] | None = None
    for row in rows:
        if row.get("severity") == ERROR:
            message_id = _message_id(row, message_id_of_sku)
            if message_id in ids:
                refused.add(message_id)
            else:
                of_feed = of_feed or row
    successful = (task.totals or {}).get("successful")
    unnamed = len(ids) - len(refused)
    if of_feed is None if successful is None else successful >= unnamed:
        return None
    text = "the report has an error that names none of the feed's messages"
    if successful is not None:
        text = f"the report tells of {successful} successes, and has no error for {unnamed} of the messages"
    return _told(text, f"{of_feed.get('code')} {of_feed.get('message')}" if of_feed else None)


def issues_of(
    rows: Iterable[Mapping[str, Any]], message_ids: range, message_id_of_sku: Mapping[str, int]
) -> dict[int, Issues]:
    """Gather what a report says of the messages with these ids, by id.

    message_id_of_sku: a feed has a SKU once, so that an issue without a message's id still finds its message.
    """
    found: dict[int, Issues] = {}
    for row in rows:
        message_id = _message_id(row, message_id_of_sku)
        if message_id in message_ids:
            found.setdefault(message_id, Issues()).add(row)
    return found


def _message_id(row: Mapping[str, Any], message_id_of_sku: Mapping[str, int]) -> int:
    """The id of the message that a line of the report is about; 0, which is no id, where it names none."""
    message_id = row.get("messageId") or message_id_of_sku.get(row.get("sku") or "")
    return message_id if isinstance(message_id, int) else 0


def bounded(issues: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The first issues, as many as an event has room for."""
    kept: list[Mapping[str, Any]] = []
    size_bytes = 0
    for issue in issues[:MOST_ISSUES]:
        size_bytes += len(json.dumps(issue)) + 2
        if size_bytes > MOST_ISSUE_BYTES:
            break
        kept.append(issue)
    return tuple(kept)


def shortened(value: Any) -> Any:
    """A text as it fits into an event, without halves of surrogate pairs, which UTF-8 can't say."""
    if not isinstance(value, str):
        return value
    text = value.encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _told(text: str, why: str | None) -> str:
    return f"{text}: {why}" if why else text
