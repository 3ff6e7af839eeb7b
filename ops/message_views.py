"""How `sellerbus messages` shows tasks: as a table, facts and JSON. The message itself only where asked."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ops import console, message_words, times
from ops.message_tasks import MessageTasks, rules
from sellerbus.api import endpoints
from sellerbus.api.redaction import redact
from sellerbus.messaging.catalogue import MESSAGE_TYPES
from sellerbus.messaging.finding import ERROR, WARNING
from sellerbus.messaging.task import NOT_SENT, MessageState, MessageTask

COUNTRIES: Final = {row.marketplace_id: row.country for row in endpoints.MARKETPLACES}
_COLUMNS: Final = ("Task", "Type", "Order", "Seller", "State", "Handed over")
_SHORT_REASON: Final = 60
_LONG_LIMIT: Final = 60
_WORDED: Final = ("State", "Handed over")


@dataclass(frozen=True)
class View:
    """A task as it is shown."""

    task: MessageTask
    tasks: MessageTasks
    now: datetime

    def document(self) -> dict[str, Any]:
        """The row without the message and what only the functions use."""
        task = self.task
        return {
            "taskId": task.task_id,
            "askedTaskId": task.asked_task_id,
            "region": task.region,
            "sellerId": task.seller_id,
            "marketplaceId": task.marketplace_id,
            "amazonOrderId": task.amazon_order_id,
            "messageType": task.message_type,
            "origin": task.origin,
            "force": task.force,
            "state": str(task.state),
            "reason": redact(task.reason) if task.reason else None,
            "findings": [plain(each) for each in task.findings],
            "allowed": None if task.allowed is None else list(task.allowed),
            "attempts": task.attempts,
            "decision": task.decision,
            "waitsFor": message_words.waits_for(task),
            "handedOverAt": task.handed_over_at,
            "createdAt": task.created_at,
            "updatedAt": task.updated_at,
            "sentAt": task.sent_at,
            "endedAt": task.ended_at,
            "contentKept": task.content is not None,
            "notes": list(task.notes),
        }

    def facts(self) -> dict[str, str]:
        """Everything that is known of the task, but for what is not there."""
        task, now = self.task, self.now
        kind = MESSAGE_TYPES.get(task.message_type)
        found = {
            "State": str(task.state),
            "Meaning": message_words.meaning(task),
            "Reason": redact(task.reason) if task.reason else None,
            "Waiting": self._waiting(),
            "Seller": f"{task.seller_id} ({task.region})",
            "Order": f"{task.amazon_order_id} ({country(task.marketplace_id)})",
            "Type": f"{task.message_type} ({kind.title})" if kind else task.message_type,
            "Asked task id": task.asked_task_id,
            "Origin": task.origin,
            "Order allows": None if task.allowed is None else ", ".join(task.allowed) or "nothing",
            "Calls": str(task.attempts) if task.attempts else None,
            "Handed over": times.both(task.handed_over_at, now),
            "Last change": times.both(task.updated_at, now),
            "Sent": times.both(task.sent_at, now) if task.sent_at else None,
            "Ended": times.both(task.ended_at, now) if task.ended_at else None,
            "Notes": " ".join(map(redact, task.notes)),
            "Message": self._kept(),
            "Kept until": times.absolute(times.at(task.expires_at)) if task.expires_at else None,
        }
        return {name: str(value) for name, value in found.items() if value}

    def _waiting(self) -> str | None:
        told = message_words.waits_for(self.task)
        at = (self.task.waits or {}).get("until") or self.task.settle_at
        if told is None or at is None or self.task.state is MessageState.UNCERTAIN:
            return told
        until = times.at(float(at))
        when = times.relative(until, self.now) if until > self.now else "any moment"
        return f"{told}; it goes on about {times.absolute(until)} ({when})"

    def _kept(self) -> str:
        content = self.task.content
        if content is None:
            return "is not kept any more"
        parts = []
        if content.get("text") is not None:
            parts.append(f"a text of {console.counted(len(content['text']), 'character')}")
        if content.get("template") is not None:
            parts.append(f"template {content['template']['name']}")
        files = content.get("attachments") or ()
        if files:
            parts.append(console.counted(len(files), "attachment"))
        until = times.absolute(times.at(self.task.content_until))
        return f"{', '.join(parts) or 'neither text nor attachments'}; kept until {until} at the latest"


def show_list(stage: str, views: Sequence[View]) -> None:
    """Print tasks as a table; where a terminal is too narrow for it, with the ids under each other."""
    rows = [_line(view) for view in views]
    title = f"Message tasks of stage {stage}: {len(views)}"
    if console.fits(_COLUMNS, rows, worded=_WORDED):
        console.show_table(title, _COLUMNS, rows, worded=_WORDED)
    else:
        stacked = [("\n".join(row[:4]), *row[4:]) for row in rows]
        console.show_table(title, ("Task", *_COLUMNS[4:]), stacked, worded=_WORDED)
    console.say(
        f"What a state means, and what you can do then: bin/sellerbus messages show TASK --stage {stage}"
    )


def show_findings(title: str, findings: Sequence[Mapping[str, Any]]) -> None:
    """Print findings as a table on stdout. None of them quotes the message."""
    console.show_table(
        title,
        ("Severity", "Rule", "Field", "What is wrong", "Allowed"),
        [
            (
                str(row.get("severity")),
                str(row.get("rule")),
                str(row.get("field")),
                str(row.get("text")),
                _limit(row),
            )
            for row in findings
        ],
        prose=("Field", "What is wrong"),
        worded=("Allowed",),
    )


def _limit(row: Mapping[str, Any]) -> str:
    """What is allowed, where what is wrong does not tell it already."""
    limit = str(row.get("limit") or "-")
    return "-" if len(limit) > _LONG_LIMIT and limit in str(row.get("text")) else limit


def country(marketplace_id: str) -> str:
    return COUNTRIES.get(marketplace_id, marketplace_id)


def plain(value: Any) -> Any:
    """Return a row's value as JSON takes it."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def _line(view: View) -> tuple[str, ...]:
    task = view.task
    return (
        task.task_id,
        task.message_type,
        task.amazon_order_id,
        f"{task.seller_id} ({task.region})",
        f"{task.state}{_more(task)}",
        times.relative(times.moment(task.handed_over_at), view.now),
    )


def _more(task: MessageTask) -> str:
    """What the state alone does not tell: which rules refused, or warned."""
    errors = rules(task.findings, ERROR)
    if errors:
        return f": {', '.join(errors)}"
    if task.state in NOT_SENT and task.reason:
        return f": {textwrap.shorten(redact(task.reason), _SHORT_REASON, placeholder=' ...')}"
    warnings = rules(task.findings, WARNING)
    return f" (warning: {', '.join(warnings)})" if warnings else ""
