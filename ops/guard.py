"""What stands between a slip of the hand and a production stage."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from ops import console
from ops.errors import WRONG_INPUT, CommandError
from ops.stage import Stage

Confirm = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        metavar="STAGE",
        help="On a production stage: its name once more, for this changes something there.",
        show_default=False,
    ),
]

PRODUCTION_NAMES: Final = ("prod", "production")


def is_production(stage: Stage) -> bool:
    """Whether the stage's file says so; where it says nothing, by the stage's name."""
    told = stage.settings.shared.production
    return stage.name in PRODUCTION_NAMES if told is None else told


def allowed(stage: Stage, confirm: str | None, what: str) -> None:
    """Let a command go on that changes something; raises CommandError where nobody confirms the stage.

    what: what it is about to do, as a sentence's beginning, such as "Putting dead letters back".
    """
    if confirm is not None and confirm != stage.name:
        raise CommandError(
            f"--confirm={confirm} is not the name of stage {stage.name}: nothing was done.", WRONG_INPUT
        )
    if confirm is not None or not is_production(stage):
        return
    if console.interactive():
        console.say(f"{what} changes the production stage {stage.name}.")
        if console.ask(f"Type {stage.name} to go on") == stage.name:
            return
        raise CommandError("Nothing was done.", WRONG_INPUT)
    raise CommandError(
        f"{what} changes the production stage {stage.name}: say --confirm={stage.name}. Nothing was done.",
        WRONG_INPUT,
    )
