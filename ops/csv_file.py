"""Reads CSV as spreadsheet programs write it: records with the lines they begin at, names of columns."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ops.errors import WRONG_INPUT, CommandError

STDIN: Final = "-"

Problem = Callable[[int, str], None]
"""Is told a line and what is wrong with it."""


def content(file: Path) -> bytes:
    """Return the bytes of a file, or of stdin for "-"; raises CommandError."""
    try:
        return sys.stdin.buffer.read() if str(file) == STDIN else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", WRONG_INPUT) from error


def decoded(content: bytes, name: str) -> str:
    """Return the file's text; raises CommandError where it is not UTF-8 (with or without byte order mark)."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandError(
            f"{name} is not UTF-8. In a spreadsheet program choose 'CSV UTF-8' when saving.", WRONG_INPUT
        ) from None


def records(text: str, problem: Problem) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not empty with the line it begins at.

    Separated by commas, or by semicolons where the first line has no comma. Ends where it is no CSV any more,
    which `problem` is told.
    """
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            # Its text says what is wrong and holds nothing of the file.
            problem(line, f"is not CSV: {error}. Is a quotation mark open?")
            return
        if values is None:
            return
        if any(value.strip() for value in values):
            yield line, values


def plain_name(name: str) -> str:
    """Header names are taken with or without capitals, underscores and spaces."""
    return re.sub(r"[\s_-]", "", name).lower()


def problems_error(name: str, problems: list[tuple[int, str]]) -> CommandError:
    """All problems of the file `name`, a line each."""
    listed = "\n".join(f"{name}:{line}: {text}" for line, text in sorted(problems, key=lambda row: row[0]))
    count = len(problems)
    return CommandError(
        f"{count} {'problem' if count == 1 else 'problems'} in {name}; nothing was done.\n{listed}",
        WRONG_INPUT,
    )
