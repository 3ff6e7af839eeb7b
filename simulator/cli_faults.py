"""The commands for what shall go wrong with requests."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.command import AsJson, Url, call
from simulator.printing import show
from simulator.wording import FAULT_OPTIONS

faults = typer.Typer(help="What shall go wrong.", no_args_is_help=True)
FAULTY = (
    "An operation such as createSubscription, feeds/2021-06-30/createFeed or messaging/v1/sendInvoice; or "
    "lwa, uploadDocument, downloadDocument, uploadAttachment."
)


@faults.command("add")
def add_fault(
    operation: Annotated[str, typer.Argument(help=FAULTY)],
    url: Url = None,
    count: Annotated[int, typer.Option(help="How many requests it befalls.")] = 1,
    status: Annotated[int | None, typer.Option(help="Answer this HTTP status.")] = None,
    body: Annotated[str | None, typer.Option(help="Answer this text, JSON or not.")] = None,
    delay: Annotated[float, typer.Option(help="Wait so many seconds first.")] = 0.0,
    cut: Annotated[
        str | None, typer.Option(help="Close the connection: before (nothing is done), after (all is done).")
    ] = None,
    carried_out: Annotated[
        bool, typer.Option("--carried-out", help="Carry the request out, then answer status or body.")
    ] = False,
    damage: Annotated[
        str | None,
        typer.Option(
            help="Of downloadDocument: breakOff (half comes), shorten (the end is missing), tamper (a bit)."
        ),
    ] = None,
    seller: Annotated[str | None, typer.Option(help="Requests of this seller only.")] = None,
    as_json: AsJson = False,
) -> None:
    """The next requests of an operation fail in this way."""
    waiting = call(
        url,
        "POST",
        "faults",
        {
            "operation": operation,
            "count": count,
            "status": status,
            "body": body,
            "delaySeconds": delay,
            "cut": cut,
            "carriedOut": carried_out,
            "damage": damage,
            "sellerId": seller,
        },
        options=FAULT_OPTIONS,
    )
    rows = [{"operation": name, "faults waiting": left} for name, left in waiting["waiting"].items()]
    show(waiting, as_json, "Faults", rows)
