"""What a person sees of the demo: one line per step, progress while waiting, tables at the end.

On a terminal the running step is a spinner with its progress; without one (a build log) a step has a
line when it starts and one when it ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.status import Status
from rich.table import Table

_DETAIL_WIDTH = 90
_LOG_WIDTH = 140


@dataclass
class Step:
    """A step while it runs: `progress` shows how far it is, `result` is what its last line says.

    A `note` gets a line of its own after that.
    """

    title: str
    result: str = ""
    note: str = ""
    seconds: float = 0.0
    _status: Status | None = None

    def progress(self, text: str) -> None:
        """Shows `text` beside the running step; only on a terminal."""
        if self._status is not None and text.strip():
            self._status.update(f"{escape(self.title)}  [dim]{escape(text.strip()[:_DETAIL_WIDTH])}[/dim]")


def _console() -> Console:
    # ARNs hold what rich would take for emoji codes, ":secret:" for one.
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        # A log has no width of its own; the 80 columns assumed otherwise would break the tables' cells.
        console.width = _LOG_WIDTH
    return console


@dataclass
class Screen:
    """Prints to `console` and keeps the finished steps."""

    console: Console = field(default_factory=_console)
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Shows a step that runs as long as the block; an exception ends it as failed and passes on."""
        step = Step(title)
        started = time.monotonic()
        try:
            if self.console.is_terminal:
                with self.console.status(escape(title)) as step._status:
                    yield step
            else:
                self.console.print(f"[dim]· {escape(title)} ...[/dim]", soft_wrap=True)
                yield step
        except BaseException:
            self.console.print(f"[red]✗ {escape(title)}[/red]", soft_wrap=True)
            raise
        finally:
            step.seconds = time.monotonic() - started
            step._status = None
            self.steps.append(step)
        detail = f"  [dim]{escape(step.result)}[/dim]" if step.result else ""
        self.console.print(
            f"[green]✓[/green] {escape(title)}{detail}  [dim]{step.seconds:.1f} s[/dim]", soft_wrap=True
        )
        if step.note:
            self.console.print(f"  [dim]{escape(step.note)}[/dim]", soft_wrap=True)

    def heading(self, text: str, explanation: str) -> None:
        """Opens the show: what is going to happen."""
        self.console.print(Panel(escape(explanation), title=escape(text), title_align="left", expand=False))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; columns whose name ends in "#" are numbers, set to the right."""
        table = Table(title=escape(title), title_justify="left", title_style="bold")
        for column in columns:
            table.add_column(
                column.rstrip("#"), justify="right" if column.endswith("#") else "left", overflow="fold"
            )
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self.console.print()
        self.console.print(table)

    def columns(self, rows: Sequence[Sequence[str]]) -> None:
        """Plain lines of aligned cells: whole on one line each, to be copied and searched."""
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.say("  ".join(cells).rstrip())

    def say(self, text: str) -> None:
        """A line of plain text."""
        self.console.print(escape(text), soft_wrap=True)

    def fail(self, text: str) -> None:
        """Says why it ended badly."""
        self.console.print(f"[red]{escape(text)}[/red]", soft_wrap=True)
