"""The tables that `sellerbus feeds` prints of tasks and of what is said of their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ops import console, feed_words, times
from ops.feed_tasks import ending, standing
from ops.feed_views import View


def show_list(stage: str, views: Sequence[View]) -> None:
    """Print tasks as a table, and what the states mean that occur."""
    console.show_table(
        f"Feed tasks of stage {stage}: {len(views)}",
        ("Task", "Feed", "State", "Handed over"),
        [_line(view) for view in views],
        prose=("Feed",),
        worded=("State", "Handed over"),
    )
    present = {standing(view.task): view for view in views}
    for name, view in present.items():
        console.say(f"{name}: {feed_words.meaning(str(view.task.state), ending(view.task))}.")


def _line(view: View) -> tuple[str, ...]:
    task = view.task
    # Words, so that the column can be narrow.
    told = standing(view.task).replace("_", " ")
    return (
        task.task_id,
        f"{task.feed_type} of {task.seller_id} ({view.tasks.cell.region})",
        f"{told}{_failed(task.totals)}",
        times.relative(times.moment(task.handed_over_at), view.now),
    )


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
