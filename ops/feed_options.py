"""Options and arguments that the commands for feeds share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.errors import WRONG_INPUT, CommandError

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="The task id.", show_default=False)]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the task to its end, and say how it ended.")]
TimeOut = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0,
        metavar="MIN",
        help="How many minutes --wait waits at the most. Amazon takes up to eight hours under load.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def one_of(words: Any, given: str | None, option: str) -> str | None:
    """Return the word of an enumeration that was typed, in any case; raises CommandError for no such."""
    if given is None:
        return None
    word = given.strip().upper().replace("-", "_").replace(" ", "_")
    if word not in list(words):
        raise CommandError(f"{option} {given!r} is none of {', '.join(words)}.", WRONG_INPUT)
    return word
