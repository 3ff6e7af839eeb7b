"""`sellerbus messages`: messages to buyers, handed over as tasks and followed to what became of them."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Messages to buyers about their orders, each a task that is sent at most once.",
)
