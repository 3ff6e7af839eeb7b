"""Options and arguments that the commands for messages share."""

from __future__ import annotations

from typing import Annotated

import typer

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="The task id.", show_default=False)]
SellerId = Annotated[
    str,
    typer.Option("--seller", help="The seller id (merchant token).", show_default=False, metavar="ID"),
]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the task to its end, and say how it ended.")]
TimeOut = Annotated[
    float,
    typer.Option("--timeout", min=0, metavar="MIN", help="How many minutes are waited at the most."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
