"""`sellerbus messages`: messages to buyers, handed over as tasks and followed to what became of them."""

from __future__ import annotations

import typer

from ops import message_actions, message_decisions, message_looking

app = typer.Typer(
    no_args_is_help=True,
    help="Messages to buyers about their orders, each a task that is sent at most once.",
)
app.command("actions")(message_actions.actions)
app.command("list")(message_looking.list_tasks)
app.command("show")(message_looking.show)
app.command("settle")(message_decisions.settle)
app.command("cancel")(message_decisions.cancel)
