"""Results on the terminal: a table for a person, JSON for a program."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def show(content: object, as_json: bool, title: str, rows: list[dict[str, Any]]) -> None:
    """Prints `content` as JSON, or `rows` as a table whose columns are the keys of the first row."""
    if as_json:
        sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return
    console = Console()
    if not rows:
        console.print(f"{title}: none")
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(row.get(name))) for name in rows[0]))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
