"""Reads the file of `sellerbus sellers import`: every row checked, every problem of the file told at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ops import csv_file, seller_input
from ops.csv_file import plain_name
from ops.errors import WRONG_INPUT, CommandError
from ops.seller_input import shown
from ops.stage import Stage

Value = TypeVar("Value")

COLUMNS: Final = ("sellerId", "marketplaces", "refreshToken", "types")
REQUIRED: Final = COLUMNS[:3]


@dataclass(frozen=True)
class SellerRow:
    """One seller of the file. line: where its row begins. types: as named; see seller_input.types."""

    line: int
    seller_id: str
    region: str
    marketplace_ids: tuple[str, ...]
    types: tuple[str, ...] | None
    refresh_token: str = field(repr=False)


def read(text: str, name: str, stage: Stage) -> list[SellerRow]:
    """Return the rows of the file `name`; raises CommandError with all its problems, a line each."""
    reader = _Reader(stage)
    rows = reader.read(text)
    if reader.problems:
        raise csv_file.problems_error(name, reader.problems)
    if not rows:
        raise CommandError(f"{name} has no seller in it, only a header.", WRONG_INPUT)
    return rows


class _Reader:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.problems: list[tuple[int, str]] = []
        self._lines: dict[str, list[tuple[int, str]]] = {}

    def read(self, text: str) -> list[SellerRow]:
        records = csv_file.records(text, self._problem)
        header = next(records, None)
        if header is None:
            if not self.problems:
                self._problem(1, f"the file is empty. Its first line names the columns: {','.join(COLUMNS)}")
            return []
        columns = self._columns(*header)
        if columns is None:
            return []
        rows: list[SellerRow] = []
        for line, values in records:
            if len(values) != len(columns):
                self._problem(line, f"has {len(values)} fields, the header has {len(columns)}")
                continue
            row = self._row(line, dict(zip(columns, (value.strip() for value in values), strict=True)))
            if row is not None:
                rows.append(row)
        return rows

    def _columns(self, line: int, values: Sequence[str]) -> list[str] | None:
        known = {plain_name(name): name for name in COLUMNS}
        columns = [known.get(plain_name(value), "") for value in values]
        before = len(self.problems)
        for value, column in zip(values, columns, strict=True):
            if not column:
                self._problem(line, f"unknown column {shown(value.strip())}: known are {', '.join(COLUMNS)}")
            elif columns.count(column) > 1:
                self._problem(line, f"the column {column} stands there twice")
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            self._problem(
                line, f"the header lacks {', '.join(missing)}. The first line names the columns of the others"
            )
        return columns if len(self.problems) == before else None

    def _row(self, line: int, given: dict[str, str]) -> SellerRow | None:
        before = len(self.problems)
        identifier = self._checked(line, "sellerId", lambda: seller_input.seller_id(given["sellerId"]))
        place = self._checked(
            line,
            "marketplaces",
            lambda: seller_input.marketplaces(self._stage, seller_input.split(given["marketplaces"])),
        )
        token = self._checked(line, "refreshToken", lambda: seller_input.token(given["refreshToken"]))
        # Where the seller's region is not known, a type must be configured for any.
        cells = self._stage.cells if place is None else (place[0],)
        types = self._checked(
            line, "types", lambda: seller_input.types(cells, seller_input.split(given.get("types", "")))
        )
        if identifier is not None:
            self._once(line, identifier, "" if place is None else place[0].region)
        if len(self.problems) > before or identifier is None or place is None or token is None:
            return None
        return SellerRow(line, identifier, place[0].region, place[1], types, token)

    def _once(self, line: int, seller_id: str, region: str) -> None:
        """Note a seller of a region, "" where that is not known: then it is taken for any."""
        seen = self._lines.setdefault(seller_id, [])
        earlier = next((known for known, where in seen if where == region or not region), None)
        if earlier is not None:
            self._problem(line, f"seller {seller_id} stands in line {earlier} already")
        seen.append((line, region))

    def _checked(self, line: int, column: str, check: Callable[[], Value]) -> Value | None:
        try:
            return check()
        except CommandError as error:
            self._problem(line, f"({column}) {error}")
            return None

    def _problem(self, line: int, text: str) -> None:
        self.problems.append((line, text))
