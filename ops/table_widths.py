"""How wide the columns of a table are printed, and where a text is broken that finds no room."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

_PROSE_WIDTH: Final = 12
# After one of these a name can be broken and still be read: messages[0].|operationType
_JOINT: Final = re.compile(r"(?<=[./,;:_\-\])}])")

Rows = Sequence[Sequence[str]]


def natural(columns: Sequence[str], rows: Rows) -> list[int]:
    """Return the widths at which nothing is broken."""
    return [
        max(cell_len(line) for cell in cells for line in cell.split("\n"))
        for cells in _contents(columns, rows)
    ]


def least(
    columns: Sequence[str],
    rows: Rows,
    prose: Sequence[str],
    worded: Sequence[str],
    prose_width: int = _PROSE_WIDTH,
) -> list[int]:
    """Return the widths that no column may fall below: of an id its own, of `worded` its longest word."""
    longest = _longest_words(columns, rows)
    return [
        min(prose_width, wide) if name in prose else word if name in worded else wide
        for name, wide, word in zip(columns, natural(columns, rows), longest, strict=True)
    ]


def fitting(
    columns: Sequence[str], rows: Rows, prose: Sequence[str], worded: Sequence[str], room: int
) -> list[int]:
    """Return the widths that fit `room`; more than it where a column can't be narrower.

    Columns give way down to their longest words; words are broken only where that is not enough.
    """
    widest, end = natural(columns, rows), least(columns, rows, prose, worded)
    words = _longest_words(columns, rows)
    whole = [
        max(low, word) if name in prose else low for name, low, word in zip(columns, end, words, strict=True)
    ]
    return _narrowed(_narrowed(widest, whole, room), end, room)


def broken(text: str, width: int) -> str:
    """Return the text, its words that are wider than `width` broken at their joints."""
    words = [_word(word, width) for word in text.split(" ")]
    return " ".join(words)


def _word(word: str, width: int) -> str:
    if cell_len(word) <= width or "\n" in word:
        return word
    lines = [""]
    for part in _JOINT.split(word):
        if lines[-1] and cell_len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _contents(columns: Sequence[str], rows: Rows) -> list[tuple[str, ...]]:
    return [(column, *(row[number] for row in rows)) for number, column in enumerate(columns)]


def _longest_words(columns: Sequence[str], rows: Rows) -> list[int]:
    return [
        max(cell_len(word) for cell in cells for word in cell.split()) for cells in _contents(columns, rows)
    ]


def _narrowed(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Return widths that fit `room`: the widest gives way first, none below its least width."""
    widths = list(natural)
    while sum(widths) > room:
        yielding = [number for number, width in enumerate(widths) if width > least[number]]
        if not yielding:
            break
        widths[max(yielding, key=lambda number: widths[number])] -= 1
    return widths
