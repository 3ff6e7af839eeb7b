"""`make events`: what lies in the example consumer's queue and in the dead-letter queue of `make up`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.kept import FOLDER, running
from local.look import look
from local.queues import NOTIFICATIONS, DeadLetter, parse_dead_letter
from local.screen import Screen

_BODY_WIDTH = 40
_REASON_WIDTH = 60


def show_events(screen: Screen, *, dead: bool, as_json: bool, folder: Path = FOLDER) -> int:
    """Prints the events, and with `dead` the dead letters; nothing is taken away. Returns the exit code.

    The consumer's own dead letters, events that somebody received too often, are shown where there are any.
    """
    deployment = running(folder)
    if deployment is None:
        sys.stderr.write("No local deployment is running: start it with `make up`.\n")
        return 1
    sqs, outputs = deployment.client("sqs"), deployment.outputs
    try:
        events = [_event(message) for message in look(sqs, outputs["ExampleConsumerQueueUrl"])]
        letters = (
            [parse_dead_letter(one) for one in look(sqs, outputs["NotificationDeadLetterQueueUrl"])]
            if dead
            else []
        )
        worn = outputs.get("ExampleConsumerDeadLetterQueueUrl") if dead else None
        worn_events = [_event(message) for message in look(sqs, worn)] if worn else []
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"The queues can't be read: {error}\nIs it still running? See: make up\n")
        return 1
    if as_json:
        document: dict[str, Any] = {"events": events}
        if dead:
            document["deadLetters"] = [_letter(letter) for letter in letters]
            document["consumerDeadLetters"] = worn_events
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return 0
    _show(screen, "Events in the example consumer's queue", _EVENT_COLUMNS, [_row(event) for event in events])
    if dead:
        rows = [(one.reason or "-", one.detail or "-", " ".join(one.body.split())) for one in letters]
        _show(
            screen,
            "Dead letters",
            ("reason", "detail", "body"),
            [(reason, detail, body[:_BODY_WIDTH]) for reason, detail, body in rows],
        )
    if worn_events:
        title = "The example consumer's own dead letters (received too often, or not deliverable)"
        _show(screen, title, _EVENT_COLUMNS, [_row(event) for event in worn_events])
    return 0


_EVENT_COLUMNS = ("type", "seller", "event time", "what", "notification or event id")


def _event(message: dict[str, Any]) -> dict[str, Any]:
    try:
        event = json.loads(message["Body"])
    except ValueError:
        event = None
    # Anybody may send to a queue; what is no event is shown as it is.
    return event if isinstance(event, dict) else {"body": message["Body"]}


def _row(event: dict[str, Any]) -> tuple[str, ...]:
    detail = event.get("detail")
    if not isinstance(detail, dict):
        return ("no event: " + json.dumps(event, ensure_ascii=False)[:_BODY_WIDTH], "-", "-", "-", "-")
    ours = event.get("source") not in (None, NOTIFICATIONS)
    kind = event.get("detail-type") if ours else detail.get("notificationType")
    time, identity = ("detectedAt", "eventId") if ours else ("eventTime", "notificationId")
    values = (kind, detail.get("sellerId"), detail.get(time))
    return (
        *(str(value) if value else "-" for value in values),
        _what(detail),
        str(detail.get(identity, "-")),
    )


def _what(detail: dict[str, Any]) -> str:
    """What an event of its kind is looked at for: drift and what is done, a refusal's reason, lateness."""
    if detail.get("drift"):
        return f"{detail.get('notificationType')}: {detail['drift']}, {detail.get('action')}"
    if detail.get("reason"):
        reason = " ".join(str(detail["reason"]).split())
        return reason if len(reason) <= _REASON_WIDTH else f"{reason[: _REASON_WIDTH - 4]} ..."
    return "stale" if detail.get("stale") else "-"


def _letter(letter: DeadLetter) -> dict[str, str]:
    return {"reason": letter.reason, "detail": letter.detail, "body": letter.body}


def _show(screen: Screen, title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    screen.say(f"{title}: {len(rows) or 'none'}")
    if rows:
        screen.columns([columns, *rows])
