"""The command line: `python -m simulator`. One command serves; the others drive a simulator that runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli_application import application
from simulator.cli_behind_the_back import destinations, subscriptions
from simulator.cli_faults import faults
from simulator.cli_feeds import FEED_COLUMNS, documents, feeds
from simulator.cli_orders import ORDER_COLUMNS, order_row, orders
from simulator.cli_outbox import outbox, uploads
from simulator.cli_publish import publish
from simulator.command import AsJson, Region, Url, call
from simulator.printing import show

DEFAULT_CLIENT_ID = "amzn1.application-oa2-client.local"

app = typer.Typer(
    name="simulator",
    help="A stand-in for Amazon on this machine: Login with Amazon, the Notifications, Feeds, Orders, "
    "Messaging and Uploads APIs, the publisher.",
    no_args_is_help=True,
    add_completion=False,
    # Without boxes: in those, paths and commands are broken over lines.
    rich_markup_mode=None,
)
sellers = typer.Typer(help="Sellers that authorise the application.", no_args_is_help=True)
app.add_typer(sellers, name="sellers")
app.add_typer(faults, name="faults")
app.add_typer(destinations, name="destinations")
app.add_typer(subscriptions, name="subscriptions")
app.add_typer(feeds, name="feeds")
app.add_typer(documents, name="documents")
app.add_typer(orders, name="orders")
app.add_typer(uploads, name="uploads")
app.add_typer(application, name="application")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    aws_endpoint: Annotated[
        str | None,
        typer.Option(
            help="The local AWS to check queues at, to make event sources in and to publish to; "
            "without it none of that is done."
        ),
    ] = None,
    region: Annotated[
        str, typer.Option(help="The region of the local AWS; queues are found in the region of their ARN.")
    ] = "us-east-1",
    ready_file: Annotated[
        Path | None, typer.Option(help="Gets the line that is printed, when connections are accepted.")
    ] = None,
    client_id: Annotated[str, typer.Option(help="Client id of the application that exists at once.")] = (
        DEFAULT_CLIENT_ID
    ),
    client_secret: Annotated[
        str | None,
        typer.Option(
            envvar=["SIMULATOR_CLIENT_SECRET", "LWA_CLIENT_SECRET"],
            help="Its client secret, better from the environment; without one there is no application yet.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve on 127.0.0.1 until interrupted.

    Prints one line of JSON, {"url": ...}, when ready. SP-API's endpoints of Amazon's regions are
    {url}/regions/na, /eu and /fe, each with /sandbox; {url} itself is na's. Login with Amazon is
    {url}/auth/o2/token for all of them.
    """
    from simulator.app import create_app
    from simulator.aws import checked_endpoint
    from simulator.event_sources import AmazonEventSources
    from simulator.queues import AmazonQueues
    from simulator.server import run
    from simulator.world import Application

    # boto3 wants a region for some clients whatever is passed to them.
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    try:
        endpoint = checked_endpoint(aws_endpoint) if aws_endpoint else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--aws-endpoint") from error
    simulated = create_app(
        applications=[Application(client_id, client_secret)] if client_secret else [],
        queues=AmazonQueues(endpoint) if endpoint else None,
        event_sources=AmazonEventSources(endpoint) if endpoint else None,
    )
    try:
        run(simulated, port, _announce, ready_file)
    except OSError as error:
        raise typer.BadParameter(f"cannot listen on port {port}: {error}", param_hint="--port") from error


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


app.command("publish")(publish)
app.command("outbox")(outbox)


@sellers.command("add")
def add_seller(
    seller_id: str,
    url: Url = None,
    refresh_token: Annotated[str | None, typer.Option(help="Minted where none is given.")] = None,
    marketplace: Annotated[list[str] | None, typer.Option(help="Its id; may be repeated.")] = None,
    region: Annotated[
        str | None, typer.Option(help="na, eu or fe; that of the marketplaces, or na.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A seller authorises the application.

    Prints the refresh token, bare where it is piped on.
    """
    body = {
        "sellerId": seller_id,
        "refreshToken": refresh_token,
        "marketplaceIds": marketplace or [],
        "region": region,
    }
    added = call(url, "POST", "sellers", body)
    if as_json:
        show(added, as_json, "", [])
        return
    if sys.stdout.isatty():
        sys.stdout.write(f"Seller {seller_id} has authorised the application. The refresh token:\n")
    sys.stdout.write(f"{added['refreshToken']}\n")


@sellers.command("revoke")
def revoke_seller(seller_id: str, url: Url = None, region: Region = None, as_json: AsJson = False) -> None:
    """A seller withdraws the authorisation: its tokens stop working."""
    revoked = call(url, "POST", f"sellers/{seller_id}/revoke", {"region": region})
    show(revoked, as_json, "Seller", [revoked])


@app.command("requests")
def received(
    url: Url = None,
    operation: Annotated[str | None, typer.Option(help="Of this operation only.")] = None,
    last: Annotated[int, typer.Option(min=0, help="Only so many, the newest; 0 for all.")] = 20,
    clear: Annotated[bool, typer.Option("--clear", help="Forget them after printing.")] = False,
    as_json: AsJson = False,
) -> None:
    """What was received, oldest first."""
    everything = call(url, "GET", "requests", operation=operation)
    entries = everything[-last:] if last else everything
    rows = [
        {
            "time": entry["time"][11:],
            "operation": entry["operation"],
            "caller": entry["sellerId"] or ("grantless" if entry["grantless"] else None),
            "status": f"cut {entry['cut']}" if entry["cut"] else entry["status"],
            "path": entry["path"],
        }
        for entry in entries
    ]
    left_out = len(everything) - len(entries)
    title = f"Requests, the last {last} ({left_out} older: --last 0)" if left_out else "Requests"
    show(entries, as_json, title, rows)
    if clear:
        call(url, "DELETE", "requests")


@app.command()
def state(url: Url = None, as_json: AsJson = False) -> None:
    """Everything it holds, sellers and subscriptions sorted."""
    held = call(url, "GET", "state")
    if as_json:
        show(held, as_json, "", [])
        return
    columns = {
        "applications": ("clientId", "applicationId"),
        "sellers": ("sellerId", "region", "marketplaceIds", "revoked"),
        "destinations": ("destinationId", "region", "name", "resource"),
        "subscriptions": (
            "sellerId",
            "region",
            "notificationType",
            "payloadVersion",
            "subscriptionId",
            "destinationId",
        ),
        "feeds": FEED_COLUMNS,
        "orders": ORDER_COLUMNS,
    }
    for part, names in columns.items():
        row = order_row if part == "orders" else _row_of(names)
        rows = sorted(map(row, held[part]), key=_by_seller)
        show(held[part], as_json, part.capitalize(), rows)
    waiting = [{"operation": name, "waiting": left} for name, left in held["faults"].items()]
    show(held["faults"], as_json, "Faults", waiting)


def _row_of(names: tuple[str, ...]) -> Callable[[dict[str, object]], dict[str, object]]:
    return lambda item: {name: item[name] for name in names}


def _by_seller(row: dict[str, object]) -> tuple[str, ...]:
    """Sellers and subscriptions by seller, region and type; the sort leaves all else in its order."""
    return tuple(str(row.get(name, "")) for name in ("sellerId", "region", "notificationType"))


def main() -> None:
    app(prog_name="simulator")
