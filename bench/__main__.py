"""`make bench`: prints the measurements as a table, or with --json as data."""

import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bench import processing, throttle

_WIDTH = 110


def main() -> None:
    """Measure and print."""
    rows = [*processing.calls(), *processing.own_code(), *processing.cold_start(), *throttle.calls()]
    if "--json" in sys.argv[1:]:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
        return
    table = Table()
    for name in ("what", "figure", "", "ratio", "against"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(row.what, f"{row.figure:.2f}", row.unit, f"{row.ratio:.2f}", row.baseline)
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)


main()
