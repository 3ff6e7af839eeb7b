"""How `sellerbus messages send-many` tells what became of each line: a table, NDJSON, and a file of results.

None of it has a message's text, values or attachments.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ops import console
from ops.errors import PARTLY, WRONG_INPUT, CommandError
from ops.feed_results import spreadsheet_cell
from ops.message_plan import FAULTY, READY, Result
from ops.message_tasks import rules
from ops.printable import plain, whole
from sellerbus.messaging.finding import ERROR, WARNING
from sellerbus.messaging.task import MessageState

COLUMNS: Final = (
    "line",
    "taskId",
    "sellerId",
    "amazonOrderId",
    "messageType",
    "outcome",
    "handedOver",
    "reason",
    "findings",
    "sentAt",
)
_TABLE_ROWS: Final = 100
_REASON_WIDTH: Final = 40
_FINE: Final = frozenset({READY, str(MessageState.SENT)})


def results_file(file: Path) -> Path:
    """Return where the results of a file go: orders.csv has its own in orders.results.csv."""
    return file.with_name(f"{file.name.removesuffix(file.suffix)}.results.csv")


def writable(path: Path, source: Path | None) -> None:
    """Raise CommandError where results can't be written there: to be known before anything is sent.

    source: the file with the messages, which must not be written over.
    """
    if source is not None and path.exists() and path.samefile(source):
        raise CommandError(
            f"--results: {path} is the file with the messages, which they would replace. Name another.",
            WRONG_INPUT,
        )
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        part = _part(path)
        part.touch()
        part.unlink()
    except OSError as error:
        raise CommandError(_unwritable(path, error), WRONG_INPUT) from error


def write(path: Path, results: Sequence[Result]) -> None:
    """Write the results as CSV, in place of those of an earlier run; raises CommandError.

    Whoever reads the file meanwhile sees the old ones or the new ones, and never a part.
    """
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for result in results:
        document = result.document() | {"findings": _findings(result.findings)}
        writer.writerow([whole(spreadsheet_cell(_plain(document[name]))) for name in COLUMNS])
    part = _part(path)
    try:
        part.write_text(content.getvalue(), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise CommandError(_unwritable(path, error), PARTLY) from error


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _unwritable(path: Path, error: OSError) -> str:
    return f"The results cannot be written to {path}: {error.strerror}. Name another file with --results."


def line(result: Result) -> str:
    """Return a result as one line of JSON."""
    return json.dumps(result.document(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def show_line(result: Result) -> None:
    console.show_line(plain(line(result)))


def show_table(title: str, results: Sequence[Result]) -> None:
    """Print the results; of many those alone that need a look, and how many there are of each kind."""
    shown = list(results)
    if len(shown) > _TABLE_ROWS:
        shown = [result for result in results if result.outcome not in _FINE][:_TABLE_ROWS]
    if shown:
        _table(title, shown)
    if len(shown) < len(results):
        console.show_line(f"{len(results) - len(shown)} other lines are not shown: --json shows all.")
    console.show_line(counts(results))


def _table(title: str, results: Sequence[Result]) -> None:
    """A line for each; where a terminal is too narrow for that, order, type and task under each other."""
    rows = [
        (
            str(result.line.number),
            result.line.cell("amazonOrderId") or "-",
            result.line.cell("messageType") or "-",
            result.task_id or "-",
            result.outcome,
            why(result) or "-",
        )
        for result in results
    ]
    columns, prose = ("Line", "Order", "Type", "Task", "Outcome", "Why"), ("Why",)
    if console.fits(columns, rows, prose=prose, prose_width=_REASON_WIDTH):
        console.show_table(title, columns, rows, prose=prose)
        return
    stacked = [(row[0], "\n".join(part for part in row[1:4] if part != "-"), *row[4:]) for row in rows]
    console.show_table(
        title, ("Line", "Order, type, task", "Outcome", "Why"), stacked, prose=("Order, type, task", "Why")
    )


def counts(results: Sequence[Result]) -> str:
    """Return "3 lines: 2 SENT, 1 REFUSED"."""
    told = ", ".join(f"{count} {outcome}" for outcome, count in Counter(r.outcome for r in results).items())
    return f"{console.counted(len(results), 'line')}: {told}"


def why(result: Result) -> str:
    """Return the reason and what was found, in words."""
    return " ".join(part for part in (result.reason or "", _findings(result.findings)) if part)


def _findings(findings: Sequence[Mapping[str, Any]]) -> str:
    """The findings in a sentence each: of errors what is wrong, of warnings the rules."""
    errors = [
        f"{each['field']}: {each['text']} ({each['rule']})."
        for each in findings
        if each.get("severity") == ERROR
    ]
    warnings = rules(findings, WARNING)
    return " ".join([*errors, *([f"Warnings: {', '.join(warnings)}."] if warnings else [])])


def _plain(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def all_fine(results: Sequence[Result]) -> bool:
    return all(result.outcome in _FINE for result in results)


def faulty(results: Sequence[Result]) -> int:
    return sum(result.outcome == FAULTY for result in results)


def refused_words(count: int) -> str:
    """Return how many lines the checks have refused, as a sentence."""
    return f"{console.counted(count, 'line')} {console.was(count)} refused by the checks."
