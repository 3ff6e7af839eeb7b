"""How parts of the Orders API's answers are read, in both versions: nothing is taken to be there."""

from __future__ import annotations

from collections.abc import Mapping

from sellerbus.api.answers import Answer
from sellerbus.api.caller import malformed
from sellerbus.api.operation import Operation


def rows_in(operation: Operation, answer: Answer, rows: object, what: str) -> list[Mapping[str, object]]:
    """Return the rows of a list. Raises what `malformed` makes where `what`, such as "orders", is no list."""
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise malformed(operation, answer, f"the list of {what} is missing")
    return rows


def required(operation: Operation, answer: Answer, row: Mapping[str, object], name: str) -> str:
    """Return a text of an order. Raises what `malformed` makes where it is not told."""
    value = told(row, name)
    if not value:
        raise malformed(operation, answer, f"an order lacks {name}")
    return value


def told(row: Mapping[str, object], name: str) -> str:
    """Return a text; "" where it is not told."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def part(row: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return an object in a row; {} where there is none."""
    return part_of(row.get(name))


def part_of(value: object) -> Mapping[str, object]:
    """Return the object that a value is; {} where it is none."""
    return value if isinstance(value, Mapping) else {}
