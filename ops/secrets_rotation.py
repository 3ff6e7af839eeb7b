"""`sellerbus secrets status | rotate | verify`: the rotation of the client secret, as a person has it.

Each cell's function `rotate_secret` is asked: it alone reads the secret, and answers nothing of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from ops import cells, console, guard, live
from ops.amazon import Function, ask_waiting
from ops.cells import RegionName
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.options import AsJson, NoInput, StageName, Yes, opened
from ops.secrets_views import show_proofs, show_status
from ops.stage import OPERATIONS, Cell, Stage

ROTATE_SECRET: Final = Function("RotateSecretFunctionName", OPERATIONS)
_IN_USE: Final = frozenset({"promoted", "settled"})
_PAUSE_SECONDS: Final = 3.0


def status(stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """Show each region's client secrets, when they end, and how far a rotation is. Nothing secret is shown.

    sellerbus secrets status --stage prod

    Exit code 5 where something needs a person. Printed with --json: a list of {"region", "clientId", "asks",
    "versions": [{"stage", "versionId", "createdAt", "ageDays", "expiresAt"}], "rotation": {"state" (none,
    requested, refused, arrived, stored, promoted, settled), "request", "newSecret", "troubles": [{"problem",
    "text"}]}}, or {"region", "error"}.
    """
    target = opened(stage)
    rows = [_asked(cell, "status") for cell in cells.chosen(target, region)]
    if as_json:
        console.show_json(rows)
    else:
        for row in rows:
            show_status(row)
    troubled = [row["region"] for row in rows if "error" in row or row["rotation"]["troubles"]]
    if troubled:
        raise CommandError(
            f"The client secret needs a person in {', '.join(troubled)}: see docs/runbook.md#"
            "secret-rotation-failed.",
            FAILED if all("error" in row for row in rows) else PARTLY,
        )
    console.say(f"Next: `bin/sellerbus secrets verify --stage {stage}` asks for tokens with each secret.")


def verify(stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """Ask Login with Amazon for tokens with each secret that is kept: every scope, and a seller's.

    sellerbus secrets verify --stage prod

    Exit code 1 where the secret in use is refused anywhere. Printed with --json: a list of {"region",
    "clientId", "versions": [{"stage", "works", "reason", "grants": [{"grant", "works" (null: it says nothing
    of the secret), "reason"}]}]}, or {"region", "error"}.
    """
    target = opened(stage)
    rows = [_asked(cell, "verify") for cell in cells.chosen(target, region)]
    if as_json:
        console.show_json(rows)
    else:
        show_proofs(stage, rows)
    refused = [
        row["region"]
        for row in rows
        if "error" in row
        or not all(version["works"] for version in row["versions"] if version["stage"] == "AWSCURRENT")
    ]
    if refused:
        raise CommandError(
            f"The secret in use does not work in {', '.join(refused)}. Where no rotation is under way "
            f"(`bin/sellerbus secrets status --stage {stage}`), write the good one: "
            f"`bin/sellerbus secrets set --stage {stage}`.",
            FAILED,
        )
    console.say("The secret in use works everywhere.")


def rotate(
    stage: StageName,
    again: Annotated[
        bool,
        typer.Option("--again", help="Although a request is open: nothing will come of that any more."),
    ] = False,
    wait: Annotated[
        int, typer.Option(min=0, help="Wait up to so many minutes until every region uses the new secret.")
    ] = 0,
    yes: Yes = False,
    confirm: Confirm = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Have Amazon make a new client secret, which comes to the application queue and is put to use by itself.

    sellerbus secrets rotate --stage prod --wait 15

    The present secret works for seven more days. The application queue must be registered at Amazon
    (docs/secrets.md). Each call makes another secret: while one is open, nothing is asked, unless --again
    says that nothing comes of it. Exit code 5 where a request was open, or the time was too short. Printed
    with --json: {"region", "isNew", "clientId", "versions", "rotation"} as `secrets status` has them.
    """
    del no_input
    target = opened(stage)
    home = _home(target)
    guard.allowed(target, confirm, "Having a new client secret made")
    queue_arn = home.output("ApplicationQueueArn", OPERATIONS)
    console.say(f"Amazon will send the new secret to the queue that is registered there; ours is {queue_arn}")
    console.confirmed("Have a new client secret made?", yes=yes or confirm is not None)
    answer = {
        "region": home.region,
        **ask_waiting(home, {"request": "rotate", "again": again}, ROTATE_SECRET),
    }
    if wait and _is_under_way(answer):
        answer = {**answer, **_followed(target, home, wait)}
    if as_json:
        console.show_json(answer)
    else:
        show_status(answer)
    _say_outcome(stage, answer, waited=bool(wait))


@dataclass
class _Progress:
    """How far every cell is."""

    rows: Sequence[dict[str, Any]]

    @property
    def told(self) -> str:
        return ", ".join(f"{row['region']} {row['rotation']['state']}" for row in self.rows)

    @property
    def is_done(self) -> bool:
        """Whether all use one and the same new secret, and none is on its way."""
        ids = {(row["rotation"]["newSecret"] or {}).get("notificationId") for row in self.rows}
        return len(ids) == 1 and all(row["rotation"]["state"] in _IN_USE for row in self.rows)


def _followed(target: Stage, home: Cell, minutes: int) -> dict[str, Any]:
    """Wait until all cells use the new secret, or the time is over; return the home cell's status then."""
    deadline = time.monotonic() + minutes * 60
    with live.states("The new client secret") as shown:
        while True:
            rows = [
                {"region": cell.region, **ask_waiting(cell, {"request": "status"}, ROTATE_SECRET)}
                for cell in target.cells
            ]
            progress = _Progress(rows)
            shown.reached(progress.told)
            if progress.is_done or time.monotonic() >= deadline:
                found = next(row for row in rows if row["region"] == home.region)
                return {**found, "everywhere": progress.is_done}
            console.wait(_PAUSE_SECONDS)


def _say_outcome(stage: str, answer: dict[str, Any], *, waited: bool) -> None:
    state = answer["rotation"]["state"]
    if state == "refused":
        raise CommandError(f"No new secret was made: {answer['rotation']['request']['reason']}", FAILED)
    if waited and answer.get("everywhere"):
        console.say(
            "Every region uses the new secret. The one before it works for seven days after the call."
        )
        return
    if not answer["isNew"]:
        raise CommandError(
            f"Nothing was asked: a rotation is under way already (state {state}). See "
            f"`bin/sellerbus secrets status --stage {stage}`; where nothing comes of it: --again.",
            PARTLY,
        )
    if waited:
        raise CommandError(
            f"Not every region uses the new secret yet. It goes on by itself: `bin/sellerbus secrets status "
            f"--stage {stage}`.",
            PARTLY,
        )
    console.say(f"Next: `bin/sellerbus secrets status --stage {stage}` shows how far it is.")


def _is_under_way(answer: dict[str, Any]) -> bool:
    return answer["rotation"]["state"] in ("requested", "arrived", "stored", "promoted")


def _home(target: Stage) -> Cell:
    home = next(cell for cell in target.cells if cell.settings.has_application_queue)
    if home.settings.sp_api.sandbox:
        raise CommandError(
            f"Stage {target.name} talks to Amazon's sandbox, where no secret can be rotated: rotate it in "
            "the stage that has the application's queue, then run `bin/sellerbus secrets set` here.",
            WRONG_INPUT,
        )
    if not home.settings.client_secret.rotate:
        raise CommandError(
            f"client_secret.rotate is false in config/{target.name}.yaml: Amazon would send the new secret "
            "to another stage's queue. Rotate it there, then run `bin/sellerbus secrets set` here.",
            WRONG_INPUT,
        )
    return home


def _asked(cell: Cell, request: str) -> dict[str, Any]:
    """Ask one cell; a refusal is data, so that the others are shown all the same."""
    try:
        return {"region": cell.region, **ask_waiting(cell, {"request": request}, ROTATE_SECRET)}
    except CommandError as error:
        return {"region": cell.region, "error": str(error)}
