"""`make events`: what lies in the example consumer's queue and in the dead-letter queues of `make up`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.event_lines import EVENT_COLUMNS, LETTER_COLUMNS, event_row, fitted, letter_row
from local.kept import FOLDER, running
from local.look import look
from local.queues import DeadLetter, parse_dead_letter
from local.screen import Screen

_DEAD = (
    ("notifications", "deadLetters", "NotificationDeadLetterQueueUrl"),
    ("subscriptions", "subscriptionDeadLetters", "SubscriptionDeadLetterQueueUrl"),
    ("feed requests", "feedRequestDeadLetters", "FeedRequestDeadLetterQueueUrl"),
    ("listing changes", "listingChangeDeadLetters", "ListingChangeDeadLetterQueueUrl"),
    ("processed feeds", "feedProcessedDeadLetters", "FeedProcessedDeadLetterQueueUrl"),
    ("message requests", "messageTaskDeadLetters", "MessageTaskDeadLetterQueueUrl"),
    ("messages to send", "messageSendDeadLetters", "MessageSendDeadLetterQueueUrl"),
)
"""The dead-letter queues: for a person, in the JSON, and the output with their URL."""


def show_events(screen: Screen, *, dead: bool, as_json: bool, folder: Path = FOLDER) -> int:
    """Prints the events, and with `dead` the dead letters; nothing is taken away. Returns the exit code.

    The consumer's own dead letters, events that somebody received too often, are shown where there are any.
    """
    deployment = running(folder)
    if deployment is None:
        sys.stderr.write("No local deployment is running: start it with `make up`.\n")
        return 1
    sqs, outputs = deployment.client("sqs"), deployment.outputs
    # A deployment of an older state of this folder may lack some of them.
    queues = [names for names in _DEAD if dead and names[2] in outputs]
    try:
        events = [_event(message) for message in look(sqs, outputs["ExampleConsumerQueueUrl"])]
        letters = {
            output: [parse_dead_letter(one) for one in look(sqs, outputs[output])] for _, _, output in queues
        }
        worn = outputs.get("ExampleConsumerDeadLetterQueueUrl") if dead else None
        worn_events = [_event(message) for message in look(sqs, worn)] if worn else []
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"The queues can't be read: {error}\nIs it still running? See: make up\n")
        return 1
    if as_json:
        document: dict[str, Any] = {"events": events}
        document |= {name: [_letter(one) for one in letters[output]] for _, name, output in queues}
        if dead:
            document["consumerDeadLetters"] = worn_events
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return 0
    _show_events(screen, "Events in the example consumer's queue", events)
    for title, _, output in queues:
        _show(
            screen, f"Dead letters of {title}", LETTER_COLUMNS, [letter_row(one) for one in letters[output]]
        )
    if worn_events:
        title = "The example consumer's own dead letters (received too often, undeliverable)"
        _show_events(screen, title, worn_events)
    return 0


def _event(message: dict[str, Any]) -> dict[str, Any]:
    try:
        event = json.loads(message["Body"])
    except ValueError:
        event = None
    # Anybody may send to a queue; what is no event is shown as it is.
    return event if isinstance(event, dict) else {"body": message["Body"]}


def _letter(letter: DeadLetter) -> dict[str, str]:
    return {"reason": letter.reason, "detail": letter.detail, "body": letter.body}


def _show_events(screen: Screen, title: str, events: Sequence[dict[str, Any]]) -> None:
    _show(screen, title, EVENT_COLUMNS, [event_row(event) for event in events], first=3)


def _show(
    screen: Screen, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, first: int = 1
) -> None:
    screen.say(f"{title}: {len(rows) or 'none'}")
    if rows:
        # What is piped on keeps a line for each row, to be searched.
        width = screen.console.width if screen.console.is_terminal else None
        for line in fitted(columns, rows, first=first, width=width):
            screen.say(line)
