"""Reads the file of `sellerbus messages send-many`: what stands in each line, not yet whether it can be sent.

No cell is repeated in a problem: texts and values are letters to buyers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ops import csv_file
from ops.csv_file import plain_name
from ops.errors import WRONG_INPUT, CommandError

COLUMNS: Final = (
    "sellerId",
    "amazonOrderId",
    "marketplace",
    "messageType",
    "text",
    "template",
    "attachments",
    "coverageStartDate",
    "coverageEndDate",
    "taskId",
)
REQUIRED: Final = COLUMNS[:4]
VALUE: Final = "value:"
"""What the name of a column begins with whose cells are a template's values."""

_KNOWN: Final = {plain_name(name): name for name in COLUMNS} | {"marketplaceid": "marketplace"}
_MOST_LINES: Final = 10_000


@dataclass(frozen=True)
class Line:
    """One message of the file. number: the line that it begins at. cells: by column, without empty ones.

    values: the template's values by name, without empty ones. attachments: paths as they are written.
    """

    number: int
    cells: dict[str, str] = field(repr=False)
    values: dict[str, str] = field(repr=False)
    attachments: tuple[str, ...] = field(repr=False)

    def cell(self, name: str) -> str | None:
        return self.cells.get(name)


def read(text: str, name: str) -> list[Line]:
    """Return the lines of the file `name`; raises CommandError with all its problems, a line each."""
    reader = _Reader()
    lines = reader.read(text)
    if reader.problems:
        raise csv_file.problems_error(name, reader.problems)
    if not lines:
        raise CommandError(f"{name} has no message in it, only a header.", WRONG_INPUT)
    return lines


class _Reader:
    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []

    def read(self, text: str) -> list[Line]:
        records = csv_file.records(text, self._problem)
        header = next(records, None)
        if header is None:
            if not self.problems:
                self._problem(1, f"the file is empty. Its first line names the columns: {','.join(COLUMNS)}")
            return []
        columns = self._columns(*header)
        if columns is None:
            return []
        lines: list[Line] = []
        for number, values in records:
            if len(values) != len(columns):
                self._problem(number, f"has {len(values)} fields, the header has {len(columns)}")
                continue
            if len(lines) == _MOST_LINES:
                self._problem(number, f"is one too many: a file has at most {_MOST_LINES:,} messages")
                return lines
            line = self._line(number, columns, values)
            if line is not None:
                lines.append(line)
        return lines

    def _columns(self, number: int, values: Sequence[str]) -> list[str] | None:
        columns = [_column(value) for value in values]
        before = len(self.problems)
        for place, column in enumerate(columns, 1):
            if not column:
                self._problem(
                    number,
                    f"column {place} is none that is known: known are {', '.join(COLUMNS)} and "
                    f"{VALUE}<name> for a template's values",
                )
            elif columns.index(column) != place - 1:
                self._problem(number, f"the column {column} stands there twice")
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            self._problem(
                number,
                f"the header lacks {', '.join(missing)}. The first line names the columns of the others",
            )
        return columns if len(self.problems) == before else None

    def _line(self, number: int, columns: Sequence[str], given: Sequence[str]) -> Line | None:
        cells: dict[str, str] = {}
        values: dict[str, str] = {}
        for column, value in zip(columns, given, strict=True):
            if not value.strip():
                continue
            if column.startswith(VALUE):
                values[column.removeprefix(VALUE)] = value.strip()
            else:
                # A text's own lines and spaces are its author's; how its lines end is the program's.
                cells[column] = value.replace("\r\n", "\n") if column == "text" else value.strip()
        missing = [name for name in REQUIRED if name not in cells]
        if missing:
            self._problem(number, f"lacks {', '.join(missing)}")
            return None
        if values and "template" not in cells:
            self._problem(number, "has values of a template but names no template")
            return None
        paths = tuple(path.strip() for path in cells.get("attachments", "").split(";") if path.strip())
        return Line(number, cells, values, paths)

    def _problem(self, number: int, text: str) -> None:
        self.problems.append((number, text))


def _column(given: str) -> str:
    """Return the column's name; "" where it is none that is known."""
    name = given.strip()
    if name.lower().startswith(VALUE):
        rest = name[len(VALUE) :].strip()
        return f"{VALUE}{rest}" if rest else ""
    return _KNOWN.get(plain_name(name), "")
