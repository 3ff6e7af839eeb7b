"""`make bench`: prints the measurements as a table, or with --json as data.

A ratio that is past its limit is marked, and the command fails.
"""

import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bench import (
    documents,
    following,
    listing_changes,
    message_tasks,
    missed_events,
    processing,
    reconciliation,
    reports,
    throttle,
)
from bench.processing import Row

_WIDTH = 130


def main() -> int:
    """Measure and print; return the exit code."""
    rows = [
        *processing.calls(),
        *processing.own_code(),
        *processing.cold_start(),
        *throttle.calls(),
        *reconciliation.quota_bound(),
        *documents.streams(),
        *reports.rows(),
        *following.calls(),
        *following.keeping(),
        *listing_changes.calls(),
        *message_tasks.calls(),
        *missed_events.calls(),
    ]
    missed = [row for row in rows if row.most is not None and row.ratio > row.most]
    if "--json" in sys.argv[1:]:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    else:
        _print(rows)
    for row in missed:
        sys.stderr.write(f"{row.what}: {row.ratio:.2f} is more than {row.most:.2f}\n")
    return 1 if missed else 0


def _print(rows: list[Row]) -> None:
    table = Table()
    for name in ("what", "figure", "", "ratio", "at most", "against"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        limit = "" if row.most is None else f"{row.most:.2f}"
        table.add_row(row.what, f"{row.figure:.2f}", row.unit, f"{row.ratio:.2f}", limit, row.baseline)
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)


sys.exit(main())
