"""The commands for what buyers were sent, and for what was uploaded for it."""

from __future__ import annotations

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from simulator.command import AsJson, Url, call, with_query
from simulator.printing import show

_TEXT_CHARACTERS = 60

uploads = typer.Typer(help="Upload destinations.", no_args_is_help=True)


def outbox(
    url: Url = None,
    seller: Annotated[str | None, typer.Option(help="Of this seller only.")] = None,
    order: Annotated[str | None, typer.Option(help="About this order only.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Each message as the buyer reads it.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget them after printing.")] = False,
    as_json: AsJson = False,
) -> None:
    """What buyers were sent, oldest first.

    `copies` is how often the same message went.
    """
    sent = call(url, "GET", with_query("outbox", sellerId=seller, amazonOrderId=order))
    if whole and not as_json:
        sys.stdout.write("\n".join(_read(message) for message in sent) or "Outbox: none\n")
    else:
        show(sent, as_json, "Outbox", [_message_row(message) for message in sent])
    if clear:
        call(url, "DELETE", "outbox")


@uploads.command("list")
def list_uploads(url: Url = None, as_json: AsJson = False) -> None:
    """All upload destinations, and what was uploaded to them."""
    held = call(url, "GET", "uploads")
    show(held, as_json, "Upload destinations", held)


@uploads.command("forget")
def forget_upload(
    destination_id: Annotated[str, typer.Argument(show_default=False)],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Amazon no longer knows an upload destination."""
    gone = call(url, "DELETE", f"uploads/{quote(destination_id, safe='')}")
    show(gone, as_json, "Upload destination", [gone])


@uploads.command("url-lifetime")
def set_url_lifetime(seconds: int, url: Url = None, as_json: AsJson = False) -> None:
    """How long upload URLs live from now on.

    Amazon's expire after 900 seconds.
    """
    told = call(url, "POST", "uploads/url-lifetime", {"seconds": seconds})
    show(told, as_json, "Upload URLs", [told])


def _message_row(message: dict[str, Any]) -> dict[str, object]:
    text = " ".join((message["text"] or "").split())
    return {
        "time": message["time"][11:],
        "sellerId": message["sellerId"],
        "amazonOrderId": message["amazonOrderId"],
        "messageType": message["messageType"],
        "locale": message["locale"],
        "copies": message["copies"],
        "attachments": ", ".join(attached["fileName"] for attached in message["attachments"]) or None,
        "text": text if len(text) <= _TEXT_CHARACTERS else text[: _TEXT_CHARACTERS - 1] + "…",
    }


def _read(message: dict[str, Any]) -> str:
    lines = [
        f"To:      {message['to']} ({message['locale'] or 'no language known'})",
        f"Subject: {message['subject']}",
        f"Sent:    {message['time']} by {message['sellerId']}",
    ]
    start, end = message["coverageStartDate"], message["coverageEndDate"]
    if start or end:
        lines.append(f"Covered: {start or 'open'} to {end or 'open'}")
    lines += [
        f"File:    {held['fileName']}, {held['sizeBytes']} bytes, sha256 {held['sha256']}"
        for held in message["attachments"]
    ]
    return "\n".join([*lines, "", *(message["text"] or "(no text)").splitlines(), ""]) + "\n"
