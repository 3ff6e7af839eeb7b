"""The command that publishes a notification."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from simulator.bodies import sellers_in
from simulator.command import AsJson, Region, Url, call
from simulator.printing import show
from simulator.wording import PUBLISH_OPTIONS


def publish(
    file: Annotated[Path, typer.Argument(help="The notification as JSON; - reads standard input.")],
    url: Url = None,
    seller: Annotated[str | None, typer.Option(help="Whose subscriptions; needed where several fit.")] = None,
    copies: Annotated[int, typer.Option(help="How often it arrives.")] = 1,
    delay: Annotated[float, typer.Option(help="Seconds before it is sent.")] = 0.0,
    jitter: Annotated[float, typer.Option(help="Up to so many seconds more, for each copy.")] = 0.0,
    raw: Annotated[bool, typer.Option("--raw", help="Send the file as it is, JSON or not.")] = False,
    keep_metadata: Annotated[
        bool, typer.Option("--keep-metadata", help="Keep its notificationId and times.")
    ] = False,
    via: Annotated[str, typer.Option(help="subscription, or destination (needs no subscription).")] = (
        "subscription"
    ),
    destination_id: Annotated[str | None, typer.Option(help="To this destination only.")] = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Publish a notification to those subscribed to it.

    To the queues, or EventBridge, as Amazon's account.
    """
    text = sys.stdin.read() if str(file) == "-" else _read(file)
    order: dict[str, object] = {
        "sellerId": seller,
        "copies": copies,
        "delaySeconds": delay,
        "jitterSeconds": jitter,
        "keepMetadata": keep_metadata,
        "via": via,
        "destinationId": destination_id,
        "region": region,
    }
    order["body" if raw else "notification"] = text if raw else _parse(file, text)
    sent = call(url, "POST", "publish", order, options=PUBLISH_OPTIONS)
    strangers = sorted(sellers_in(order["notification"]) - {seller}) if seller and not raw else []
    if strangers:
        sys.stderr.write(
            f"simulator: It was sent as seller {seller}'s, but its body names {', '.join(strangers)}: the "
            "event will too.\n"
        )
    show(sent, as_json, "Published", [{"notificationId": sent["notificationId"], "sent": sent["sent"]}])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error


def _parse(file: Path, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{file} is not JSON ({error}); --raw sends it as it is", param_hint="FILE"
        ) from error
