"""The tables that `sellerbus feeds` prints of tasks and of what is said of their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ops import console, feed_waits, times
from ops.feed_tasks import standing
from ops.feed_views import View

_COLUMNS: Final = ("Task", "Type", "Seller", "State", "Handed over")
_WORDED: Final = ("State", "Handed over")
_LONG_TYPE: Final = 40


def show_list(stage: str, views: Sequence[View]) -> None:
    """Print tasks as a table.

    A line for each; where a terminal is too narrow for that, task, type and seller under each other.
    """
    rows = [_line(view) for view in views]
    title = f"Feed tasks of stage {stage}: {len(views)}"
    if console.fits(_COLUMNS, rows, worded=_WORDED):
        console.show_table(title, _COLUMNS, rows, worded=_WORDED)
    else:
        stacked = [("\n".join((row[0], _broken(row[1]), row[2])), *row[3:]) for row in rows]
        console.show_table(title, ("Task", *_COLUMNS[3:]), stacked, worded=_WORDED)
    console.say(
        "What a state means, and what you can do then: "
        f"bin/sellerbus feeds show TASK --stage {stage}; all of them: docs/feeds.md"
    )


def _line(view: View) -> tuple[str, ...]:
    task = view.task
    return (
        task.task_id,
        task.feed_type,
        f"{task.seller_id} ({view.tasks.cell.region})",
        f"{standing(task)}{_failed(task.totals)}{_next(view)}",
        times.relative(times.moment(task.handed_over_at), view.now),
    )


def _next(view: View) -> str:
    """When the task goes on, where it says so."""
    until = feed_waits.until(view.task)
    return f": goes on {feed_waits.coming(until, view.now)}" if until else ""


def _broken(feed_type: str) -> str:
    """Return a long type's name in two lines, broken at an underscore."""
    at = feed_type.rfind("_", 0, _LONG_TYPE) + 1 if len(feed_type) > _LONG_TYPE else 0
    return f"{feed_type[:at]}\n{feed_type[at:]}" if at else feed_type


def _failed(found: Mapping[str, Any] | None) -> str:
    if not found or not found.get("withErrors"):
        return ""
    of = f" of {found['processed']}" if found.get("processed") is not None else ""
    return f": {found['withErrors']}{of} failed"


def show_results(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print results as a table: what Amazon, or a check, says of messages."""
    console.show_table(
        title,
        ("Message", "SKU", "Code", "Severity", "What is said"),
        [
            (
                "-" if row.get("messageId") is None else str(row["messageId"]),
                str(row.get("sku") or "-"),
                str(row.get("code") or "-"),
                str(row.get("severity") or "-"),
                _said(row),
            )
            for row in rows
        ],
        prose=("SKU", "What is said"),
    )


def _said(row: Mapping[str, Any]) -> str:
    text = " ".join(str(row.get("message") or "").split())
    return f"{text} ({row['attribute']})" if row.get("attribute") else text
