"""The commands for the application itself: its client secret, and where its owner is told of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from simulator.command import AsJson, Url, call
from simulator.printing import show

application = typer.Typer(
    help="The application's client secret, which Amazon makes anew.", no_args_is_help=True
)
ClientId = Annotated[
    str, typer.Option("--client-id", help="Needed where there are several.", show_default=False)
]
_ONLY = "only"


@application.command("show")
def show_applications(url: Url = None, as_json: AsJson = False) -> None:
    """When each secret works, and where its owner is told. No secret is shown."""
    held = call(url, "GET", "applications")
    rows = [{"clientId": each["clientId"], **secret} for each in held for secret in each["secrets"]]
    show(held, as_json, "Client secrets", rows)


@application.command("register")
def register(
    queue_arn: Annotated[str, typer.Argument(help="The application queue's ARN; an empty text for none.")],
    url: Url = None,
    client_id: ClientId = _ONLY,
    as_json: AsJson = False,
) -> None:
    """Register a queue for both of the application's notifications, as in the Developer Console."""
    _shown(call(url, "POST", f"applications/{client_id}/queues", {"queueArn": queue_arn}), as_json)


@application.command("pace")
def pace(
    url: Url = None,
    client_id: ClientId = _ONLY,
    works_after: Annotated[
        float | None, typer.Option(help="Seconds until a new secret works.", show_default=False)
    ] = None,
    message_after: Annotated[
        float | None, typer.Option(help="Seconds until its message comes.", show_default=False)
    ] = None,
    old_lasts: Annotated[
        float | None, typer.Option(help="Seconds that the old one lasts.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How long Amazon takes with secrets to come."""
    asked = {
        "worksAfterSeconds": works_after,
        "messageAfterSeconds": message_after,
        "oldLastsSeconds": old_lasts,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    _shown(call(url, "POST", f"applications/{client_id}/pace", body), as_json)


@application.command("announce-expiry")
def announce_expiry(
    url: Url = None,
    client_id: ClientId = _ONLY,
    of_previous: Annotated[
        bool, typer.Option("--of-previous", help="Of the secret before the present one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Amazon tells the owner when the client secret ends."""
    told = call(url, "POST", f"applications/{client_id}/announce-expiry", {"ofPrevious": of_previous})
    show(told, as_json, "Announced", [told])


@application.command("rotate")
def rotate(url: Url = None, client_id: ClientId = _ONLY, as_json: AsJson = False) -> None:
    """The owner makes a new secret in the Developer Console, by hand."""
    _shown(call(url, "POST", f"applications/{client_id}/rotate"), as_json)


@application.command("clock")
def clock(
    ahead_days: Annotated[float, typer.Argument(help="0 for the real time.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Move all clocks of the simulator on by so many days."""
    moved = call(url, "POST", "clock", {"aheadSeconds": ahead_days * 86_400})
    show(moved, as_json, "Clock", [moved])


def _shown(held: dict[str, Any], as_json: bool) -> None:
    show(held, as_json, "Client secrets", [dict(secret) for secret in held["secrets"]])
