"""Results on the terminal: lines of aligned cells for a person, JSON for a program."""

from __future__ import annotations

import json
import sys
from typing import Any


def show(content: object, as_json: bool, title: str, rows: list[dict[str, Any]]) -> None:
    """Prints `content` as JSON, or `rows` under the keys of the first, each on one line.

    No cell is cut or broken: paths, ids and types are there to be copied and searched.
    """
    if as_json:
        sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return
    if not rows:
        sys.stdout.write(f"{title}: none\n")
        return
    lines = [list(rows[0]), *([_cell(row.get(name)) for name in rows[0]] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    sys.stdout.write(f"{title}\n")
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  " + "  ".join(cells).rstrip() + "\n")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
