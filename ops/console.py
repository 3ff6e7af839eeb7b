"""What commands print: results on stdout (a table, or JSON with --json), everything else on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ops import table_widths
from ops.errors import WRONG_INPUT, CommandError
from ops.printable import plain
from sellerbus.api.redaction import redact

_MOST_LINES: Final = 20
_PAGE_WIDTH: Final = 120


def say(message: str) -> None:
    """Tell the person something; never part of the result. Tokens that got into it are taken out."""
    # Texts are names and messages, not markup: brackets and words between colons in them are to be shown.
    screen = Console(stderr=True, highlight=False, emoji=False)
    screen.print(plain(redact(message)), markup=False, soft_wrap=True)


def show_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")


def show_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    prose: Sequence[str] = (),
    worded: Sequence[str] = (),
) -> None:
    """Print a table. Cells may have several lines; then the rows are ruled off.

    An id that is cut or split is of no use: only columns named in `prose` are broken anywhere, those in
    `worded` between words.
    """
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    rows = [[plain(cell) for cell in row] for row in rows]
    table = Table(
        title=plain(title), title_justify="left", show_lines=any("\n" in cell for row in rows for cell in row)
    )
    # What is too narrow for the least widths is overrun.
    widths = table_widths.fitting(columns, rows, prose, worded, _room(console) - _rules(columns))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, width=width, overflow="fold")
    for row in rows:
        table.add_row(*map(table_widths.broken, row, widths))
    console.width = sum(widths) + _rules(columns)
    console.print(table)


def fits(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    prose: Sequence[str] = (),
    worded: Sequence[str] = (),
    prose_width: int = 12,
) -> bool:
    """Whether `show_table` has room for the table. prose_width: how wide prose shall be at the least."""
    least = table_widths.least(columns, rows, prose, worded, prose_width)
    return sum(least) + _rules(columns) <= _room(Console(file=sys.stdout))


def _rules(columns: Sequence[str]) -> int:
    """What the table's own lines and the space beside them take."""
    return 3 * len(columns) + 1


def _room(console: Console) -> int:
    """The columns there are: the terminal's; into a file or a pipe COLUMNS, else what a page holds."""
    told = os.environ.get("COLUMNS", "")
    if console.is_terminal or (told.isdecimal() and int(told)):
        return console.width
    return _PAGE_WIDTH


def shortened(lines: Sequence[str]) -> list[str]:
    """Return what a person reads of many lines; --json has them all."""
    left = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"  ... and {left} more (--json lists all)"] if left > 0 else list(lines)


def counted(count: int, thing: str) -> str:
    """Return "1 seller", "2 sellers"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def was(count: int) -> str:
    """Return the verb after so many things."""
    return "was" if count == 1 else "were"


def show_line(text: str) -> None:
    """Print one sentence of the result."""
    sys.stdout.write(plain(text) + "\n")


def show_next(text: str, *, as_json: bool) -> None:
    """Print what a person can do next: with the result, but for JSON, which has nothing beside it."""
    if as_json:
        say(text)
    else:
        show_line(text)


def show_facts(title: str, facts: Mapping[str, str]) -> None:
    """Print one thing's facts, a line each; in a terminal a long one is wrapped between words."""
    width = max(map(len, facts), default=0)
    room = _terminal_width()
    lines = [title]
    for name, value in facts.items():
        begin = f"  {name.ljust(width)}  "
        fits = not room or len(begin + value) <= room
        parts = [value] if fits else _wrapped(value, room - len(begin))
        lines += [f"{begin}{parts[0]}".rstrip(), *(" " * len(begin) + part for part in parts[1:])]
    sys.stdout.write(plain("\n".join(lines)) + "\n")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(20, width), break_long_words=False, break_on_hyphens=False) or [text]


def _terminal_width() -> int:
    """The columns of the terminal that stdout is; 0 where it is none, which takes lines of any length."""
    return max(60, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 0


class _Asking:
    """Whether the command that runs may ask. A process runs one command."""

    allowed = True


class Progressing:
    """Moves a progress bar; does nothing where nobody watches."""

    def __init__(self, bar: Progress, total: int, what: str) -> None:
        self._bar = bar
        self._task = bar.add_task(what, total=total)

    def advance(self) -> None:
        self._bar.advance(self._task)

    def reached(self, count: int) -> None:
        self._bar.update(self._task, completed=count)

    def describe(self, what: str) -> None:
        self._bar.update(self._task, description=what)


@contextmanager
def progress(total: int, what: str) -> Iterator[Progressing]:
    """Show a progress bar on stderr, in a terminal only, for as long as the block runs."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Progressing(bar, total, what)


def never_ask(wanted: bool) -> bool:
    """Let nobody be asked by this command, or let them; returns what was wanted, as options' callbacks do."""
    _Asking.allowed = not wanted
    return wanted


def interactive() -> bool:
    """Whether there is somebody to ask, who lets themselves be asked."""
    return _Asking.allowed and sys.stdin.isatty()


def ask(question: str) -> str:
    return str(typer.prompt(question, err=True)).strip()


def ask_hidden(question: str) -> str:
    """Ask for a secret without echoing it."""
    return str(typer.prompt(question, hide_input=True, err=True)).strip()


def confirm(question: str) -> bool:
    return typer.confirm(question, err=True)


def confirmed(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone, unless `yes`; raises CommandError where the answer is no."""
    if yes:
        return
    if not interactive():
        raise CommandError("Nobody can be asked here: confirm with --yes.", WRONG_INPUT)
    if not confirm(question):
        raise CommandError("Nothing was done.", WRONG_INPUT)


def read_stdin(what: str) -> str:
    """Return what was piped in; raises CommandError where that is nothing."""
    try:
        # A pipe from PowerShell begins with a byte order mark.
        text = sys.stdin.read().strip().removeprefix("\ufeff").strip()
    except UnicodeDecodeError:
        raise CommandError(f"The {what} on stdin is not UTF-8 text.", WRONG_INPUT) from None
    if not text:
        raise CommandError(
            f"No {what} was given: pipe it in, or run the command in a terminal to be asked for it. "
            "It is not taken as an argument, since arguments are seen by others and kept in histories.",
            WRONG_INPUT,
        )
    return text


def wait(seconds: float) -> bool:
    """Wait; never cut short but by an exception."""
    time.sleep(seconds)
    return False
