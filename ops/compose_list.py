"""A list of answers as it is searched and drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prompt_toolkit.formatted_text import StyleAndTextTuples
from rich.cells import cell_len

from ops.compose_page import one_line, stacked
from ops.compose_terminal import Terminal

_MARK_COLUMNS: Final = 2


@dataclass(frozen=True)
class Choice:
    """One answer. columns: what its line shows. why_not: why it can't be chosen now; None where it can.

    detail: what is said of it while the cursor is on it. also: words that find it beside those of its line.
    """

    value: Any
    columns: Sequence[str]
    why_not: str | None = None
    detail: str = ""
    also: str = ""


@dataclass
class Choices:
    """The choices that match what was typed, and which of them the cursor is on."""

    choices: Sequence[Choice]
    typed: Callable[[str], Choice | None]
    wanted: str = ""
    at: int = 0
    shown: list[Choice] = field(default_factory=list)

    def search(self, words: str) -> None:
        """Show what has all the words; after them what they themselves may be taken as."""
        self.wanted = words
        parts = words.lower().split()
        self.shown = [row for row in self.choices if all(part in _text(row) for part in parts)]
        taken = self.typed(words.strip()) if words.strip() else None
        if taken is not None and all(row.value != taken.value for row in self.shown):
            self.shown.append(taken)
        self.at = next((number for number, row in enumerate(self.shown) if row.why_not is None), 0)

    def start_at(self, value: Any) -> None:
        self.at = next((number for number, row in enumerate(self.shown) if row.value == value), self.at)

    def move(self, by: int) -> None:
        self.at = max(0, min(len(self.shown) - 1, self.at + by))

    @property
    def current(self) -> Choice | None:
        return self.shown[self.at] if self.shown else None


def lines(terminal: Terminal, rows: Choices) -> StyleAndTextTuples:
    """Return what is shown of the choices, a line each, columns under each other."""
    widths = _widths(rows.shown)
    # Possible ones stand under impossible ones, whatever is drawn before those.
    signed = any(choice.why_not is not None for choice in rows.choices)
    return stacked(
        _line(terminal, choice, widths, current=number == rows.at, signed=signed)
        for number, choice in enumerate(rows.shown)
    )


def _line(
    terminal: Terminal, choice: Choice, widths: Sequence[int], *, current: bool, signed: bool
) -> StyleAndTextTuples:
    signs = terminal.signs
    possible = choice.why_not is None
    sign = "" if not signed else "  " if possible else f"{signs.impossible} "
    cells = [_padded(one_line(cell), width) for cell, width in zip(choice.columns, widths, strict=False)]
    words = "  ".join([*cells, *([] if possible else [one_line(choice.why_not or "")])]).rstrip()
    found: StyleAndTextTuples = [("[SetCursorPosition]", "")] if current else []
    found += [
        ("class:mark", f"{signs.mark} " if current else "  "),
        ("class:impossible", sign),
        (
            ("class:chosen" if current else "") if possible else "class:impossible",
            _cut(words, terminal.columns - len(sign) - _MARK_COLUMNS, signs.more),
        ),
    ]
    return found


def _cut(text: str, width: int, more: str) -> str:
    """Return as much as there is room for: the whole is told below the list."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - len(more):
        text = text[:-1]
    return f"{text.rstrip()}{more}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _widths(rows: Sequence[Choice]) -> list[int]:
    count = max((len(row.columns) for row in rows), default=0)
    return [
        max((cell_len(one_line(row.columns[at])) for row in rows if at < len(row.columns)), default=0)
        for at in range(count)
    ]


def search_line(rows: Choices) -> StyleAndTextTuples:
    if not rows.wanted:
        return [("class:rule", f"{len(rows.choices)} to choose from")]
    return [
        ("class:label", "search  "),
        ("", one_line(rows.wanted)),
        ("class:rule", f"   {len(rows.shown)} found"),
    ]


def detail(rows: Choices) -> StyleAndTextTuples:
    current = rows.current
    if current is None:
        return [("class:why", "Nothing matches what you typed.")]
    if current.why_not is not None:
        return [("class:why", f"Not possible now: {one_line(current.why_not)}")]
    return [("class:detail", one_line(current.detail))]


def _text(choice: Choice) -> str:
    return " ".join((*choice.columns, choice.also)).lower()
