"""What commands print: results on stdout (a table, or JSON with --json), everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from ops.errors import WRONG_INPUT, CommandError


def say(message: str) -> None:
    """Tell the person something; never part of the result."""
    # Texts are names and messages, not markup: brackets in them are to be shown.
    Console(stderr=True, highlight=False).print(message, markup=False, soft_wrap=True)


def show_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        # A seller id that is cut is of no use.
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(file=sys.stdout, highlight=False, markup=False).print(table)


def show_facts(title: str, facts: Mapping[str, str]) -> None:
    """Print one thing's facts, a line each."""
    width = max(map(len, facts), default=0)
    lines = [title, *(f"  {name.ljust(width)}  {value}" for name, value in facts.items())]
    sys.stdout.write("\n".join(lines) + "\n")


def interactive() -> bool:
    return sys.stdin.isatty()


def ask(question: str) -> str:
    return str(typer.prompt(question, err=True)).strip()


def ask_hidden(question: str) -> str:
    """Ask for a secret without echoing it."""
    return str(typer.prompt(question, hide_input=True, err=True)).strip()


def confirm(question: str) -> bool:
    return typer.confirm(question, err=True)


def read_stdin(what: str) -> str:
    """Return what was piped in; raises CommandError where that is nothing."""
    text = sys.stdin.read().strip()
    if not text:
        raise CommandError(
            f"No {what} was given: pipe it in, or run the command in a terminal to be asked for it. "
            "It is not taken as an argument, since arguments are seen by others and kept in histories.",
            WRONG_INPUT,
        )
    return text
