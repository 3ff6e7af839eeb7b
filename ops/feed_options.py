"""Options and arguments that the commands for feeds share."""

from __future__ import annotations

from typing import Annotated

import typer

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
