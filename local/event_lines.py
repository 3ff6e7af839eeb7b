"""Events and dead letters as lines for a person, as wide as the terminal. Pure."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from typing import Any

from local.queues import NOTIFICATIONS, DeadLetter

EVENT_COLUMNS = ("type", "seller", "event time", "what", "notification or event id")
LETTER_COLUMNS = ("reason", "detail", "body")
_BODY_WIDTH = 40
_REASON_WIDTH = 60
_INDENT = "    "
_FEED_FIELDS = (("change", "changeId"), ("SKU", "sku"), ("task", "taskId"), ("feed", "feedId"))


def event_row(event: dict[str, Any]) -> tuple[str, ...]:
    """An event of the bus in the order of EVENT_COLUMNS; what is no event is shown as it is."""
    detail = event.get("detail")
    if not isinstance(detail, dict):
        return ("no event: " + json.dumps(event, ensure_ascii=False)[:_BODY_WIDTH], "-", "-", "-", "-")
    ours = event.get("source") not in (None, NOTIFICATIONS)
    kind = event.get("detail-type") if ours else detail.get("notificationType")
    time, identity = ("detectedAt", "eventId") if ours else ("eventTime", "notificationId")
    # The events of messages tell no time of their own but that of the sending.
    told = detail.get(time) or (event.get("time") if detail.get("messageType") else None)
    values = (kind, detail.get("sellerId"), _to_the_second(told))
    return (
        *(str(value) if value else "-" for value in values),
        _what(detail),
        str(detail.get(identity, "-")),
    )


def letter_row(letter: DeadLetter) -> tuple[str, ...]:
    """A dead letter in the order of LETTER_COLUMNS, with the beginning of its body."""
    return (letter.reason or "-", letter.detail or "-", " ".join(letter.body.split())[:_BODY_WIDTH])


def fitted(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, first: int, width: int | None
) -> list[str]:
    """The lines of a table: aligned, a line for each row.

    Where they are wider than `width`, only the `first` cells stand in the line; the others go below it,
    indented and wrapped between words. None: as wide as it takes.
    """
    table = _aligned([columns, *rows])
    if width is None or max(map(len, table)) <= width:
        return table
    lines = []
    heads = _aligned([row[:first] for row in (columns, *rows)])
    for head, row in zip(heads, (columns, *rows), strict=True):
        lines += textwrap.wrap(head, width, subsequent_indent=_INDENT, break_on_hyphens=False)
        for cell in row[first:]:
            if cell != "-":
                lines += textwrap.wrap(
                    cell, width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False
                )
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _to_the_second(time: object) -> str | None:
    return re.sub(r"(\.\d+)?(\+00:00|Z)$", "Z", time) if isinstance(time, str) else None


def _what(detail: dict[str, Any]) -> str:
    """What an event of its kind is looked at for.

    Drift and what is done; a message's type, order and state; a feed's or a listing change's ids and its
    end; a refusal's reason; lateness.
    """
    if detail.get("drift"):
        return f"{detail.get('notificationType')}: {detail['drift']}, {detail.get('action')}"
    if detail.get("messageType"):
        return _message(detail)
    ended = _feed_processing_finished(detail)
    if ended:
        return f"feed {ended.get('feedId')}, {ended.get('processingStatus')}"
    told = [f"{word} {detail[name]}" for word, name in _FEED_FIELDS if detail.get(name)]
    if told:
        return _feed(detail, told)
    if detail.get("reason"):
        return _short(detail["reason"])
    return "stale" if detail.get("stale") else "-"


def _feed_processing_finished(detail: dict[str, Any]) -> dict[str, Any]:
    payload = detail.get("payload")
    ended = payload.get("feedProcessingFinishedNotification") if isinstance(payload, dict) else None
    return ended if isinstance(ended, dict) else {}


def _message(detail: dict[str, Any]) -> str:
    told = f"{detail['messageType']} for order {detail.get('amazonOrderId')}, task {detail.get('taskId')}"
    rules = sorted({str(one.get("rule")) for one in detail.get("findings") or ()})
    why = detail.get("reason") or ", ".join(rules)
    return told + (f": {_short(why)}" if why else "")


def _feed(detail: dict[str, Any], told: list[str]) -> str:
    outcome = detail.get("outcome")
    said = ", ".join([*told, *([str(outcome)] if outcome else [])])
    # These two say it all by their names; the rest of it is in the report.
    if detail.get("reason") and outcome not in ("COMPLETED", "COMPLETED_WITH_ERRORS", "SUCCEEDED"):
        said += f": {_short(detail['reason'])}"
    return said


def _short(reason: object) -> str:
    return textwrap.shorten(str(reason), _REASON_WIDTH, placeholder=" ...")
