"""The commands for what others do to subscriptions behind the application's back."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.command import AsJson, Region, Url, call
from simulator.printing import show

destinations = typer.Typer(help="Destinations that others make.", no_args_is_help=True)
subscriptions = typer.Typer(help="What others do to subscriptions.", no_args_is_help=True)


@destinations.command("add")
def add_destination(
    name: str,
    queue_arn: Annotated[str, typer.Option(help="Of a queue; it need not exist, and is not looked at.")],
    url: Url = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Somebody else with the application's credentials makes a destination."""
    made = call(url, "POST", "destinations", {"name": name, "queueArn": queue_arn, "region": region})
    show(made, as_json, "Destination", [made])


@subscriptions.command("delete")
def delete_subscription(subscription_id: str, url: Url = None, as_json: AsJson = False) -> None:
    """Somebody else deletes a subscription.

    `simulator state` has their ids.
    """
    gone = call(url, "DELETE", f"subscriptions/{subscription_id}")
    show(gone, as_json, "Deleted", [gone])


@subscriptions.command("move")
def move_subscription(
    subscription_id: str,
    to: Annotated[str, typer.Option(help="The id of a destination of the application.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Somebody else points a subscription elsewhere.

    It is deleted, and made anew with the other destination.
    """
    moved = call(url, "POST", f"subscriptions/{subscription_id}/move", {"destinationId": to})
    show(moved, as_json, "Moved", [moved])
