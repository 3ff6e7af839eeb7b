"""What moves on stderr while a command works: bytes that go out, a state that changes.

In a terminal it is one line that is drawn again; elsewhere each new state is said once, and bytes not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from ops import console
from ops.printable import plain


@contextmanager
def transfer(total_bytes: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """Show bytes on their way for as long as the block runs; yields what is told of more of them.

    total_bytes: None where it is not known beforehand.
    """
    screen = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(plain(what), total=total_bytes)
        yield lambda count: bar.advance(task, count)


class States:
    """Shows the state that something is in."""

    def __init__(self, bar: Progress, what: str) -> None:
        self._bar = bar
        self._what = what
        self._told = ""
        self._task = bar.add_task(plain(what), total=None)

    def reached(self, state: str, more: str = "") -> None:
        """Show the state; `more` is what a terminal shows of it beside, which may change often."""
        self._bar.update(self._task, description=plain(f"{self._what}: {state}{f', {more}' if more else ''}"))
        if state != self._told:
            self._told = state
            if self._bar.disable:
                console.say(f"{self._what}: {state}")


@contextmanager
def states(what: str) -> Iterator[States]:
    """Show states for as long as the block runs."""
    screen = Console(stderr=True, highlight=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        yield States(bar, what)
