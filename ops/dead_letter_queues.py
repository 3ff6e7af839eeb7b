"""The dead-letter queues of a stage: each is found by its stack's output, and names the queue it is of.

Source: SQS API, GetQueueAttributes (RedriveAllowPolicy: sourceQueueArns).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops import cells
from ops.errors import FAILED, NOT_FOUND, WRONG_INPUT, CommandError
from ops.stage import NOTIFICATIONS, TASKS, Cell, Stage
from stacks.settings_names import EXAMPLE_CONSUMER, OPERATIONS

OUTPUT_SUFFIX: Final = "DeadLetterQueueUrl"
_PARTS: Final = (NOTIFICATIONS, TASKS, OPERATIONS, EXAMPLE_CONSUMER)


@dataclass(frozen=True)
class Kind:
    """What is known of a queue by its name.

    function: that works on the queue. secret: its bodies are never shown. private: they may hold a buyer's
    data or a letter to one. derives_ids: its function makes ids of SQS's message id, so that a message that
    is put back must say which one it had first. from_bus: letters come from the event bus, not from a queue.
    """

    holds: str
    function: str = ""
    secret: bool = False
    private: bool = False
    derives_ids: bool = False
    from_bus: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "notification": Kind("Amazon's notifications", "process_notifications", private=True),
    "subscription": Kind("sellers whose subscriptions are to be compared", "reconcile_subscriptions"),
    "archive": Kind("published events on their way to the archive", "archive_notifications", private=True),
    "feed-request": Kind("feeds handed over", "accept_feeds", private=True),
    "listing-change": Kind("single listing changes", "gather_listing_changes", derives_ids=True),
    "feed-processed": Kind("notifications that a feed was processed", "note_feed_processed"),
    "message-task": Kind("messages to buyers handed over", "accept_messages", private=True, derives_ids=True),
    "message-send": Kind("ids of message tasks to be sent", "send_message"),
    "undeliverable": Kind("events that the bus could not encrypt", private=True, from_bus=True),
    "application": Kind("new client secrets from Amazon", "rotate_secret", secret=True),
    "example-consumer": Kind("events for the example consumer", private=True),
}
_UNKNOWN: Final = Kind("messages of a kind that this version does not know", secret=True)
"""What is not known may be a secret."""


@dataclass(frozen=True)
class Depth:
    """How many messages a queue has, about: visible, and hidden by whoever works on them or looks at them."""

    visible: int
    hidden: int


@dataclass(frozen=True)
class DeadLetterQueue:
    """name: as it is typed, such as message-task. sqs: the boto3 client of its cell; safe for threads."""

    cell: Cell
    name: str
    url: str
    sqs: Any

    @property
    def kind(self) -> Kind:
        return KINDS.get(self.name, _UNKNOWN)

    @property
    def title(self) -> str:
        return f"{self.name} ({self.cell.region})"

    def depth(self) -> Depth:
        """Ask how many lie there; raises ClientError."""
        return depth_of(self.sqs, self.url)

    def arn(self) -> str:
        return str(self._attribute("QueueArn"))

    def source_arn(self) -> str:
        """Return the ARN of the queue that the letters come from; raises CommandError where none is named."""
        policy = self._attribute("RedriveAllowPolicy")
        found = json.loads(policy).get("sourceQueueArns") if policy else None
        if not found:
            raise CommandError(
                f"The dead-letter queue {self.title} does not say which queue it stands behind "
                f"(RedriveAllowPolicy): somebody has changed it. Deploy the stage: {self.cell.deploying}",
                FAILED,
            )
        return str(found[0])

    def source_url(self) -> str:
        """Return the URL of the queue that the letters come from; raises CommandError."""
        *_, account, name = self.source_arn().split(":")
        return str(self.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])

    def _attribute(self, name: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return str(answer.get("Attributes", {}).get(name) or "")


def depth_of(sqs: Any, url: str) -> Depth:
    """Ask SQS how many messages a queue has; raises ClientError."""
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})
    visible, *others = (int(told.get(name, 0)) for name in names)
    return Depth(visible, sum(others))


def deployed(stage: Stage, region: str | None, name: str | None = None) -> list[DeadLetterQueue]:
    """Return the stage's dead-letter queues, or those of one name; raises CommandError for none."""
    places = cells.deployed(stage, region)
    found = [queue for cell in places for queue in _of_cell(cell)]
    if not found:
        # Says which stack is missing and how it is deployed.
        places[0].output("NotificationDeadLetterQueueUrl", NOTIFICATIONS)
    if name is None:
        return found
    named = [queue for queue in found if queue.name == name.strip().lower()]
    if not named:
        names = ", ".join(dict.fromkeys(queue.name for queue in found))
        raise CommandError(f"--queue {name!r} is none of {names}.", WRONG_INPUT)
    return named


def _of_cell(cell: Cell) -> list[DeadLetterQueue]:
    sqs = cell.client("sqs")
    return [
        DeadLetterQueue(cell, name_of(output), url, sqs)
        for part in _PARTS
        for output, url in sorted((cell.outputs(part) or {}).items())
        if output.endswith(OUTPUT_SUFFIX)
    ]


def name_of(output: str) -> str:
    """Return an output's name as it is typed: MessageTaskDeadLetterQueueUrl is message-task."""
    words = re.findall(r"[A-Z][a-z0-9]*", output.removesuffix(OUTPUT_SUFFIX))
    return "-".join(word.lower() for word in words)


def not_there(message_ids: list[str], stage: Stage) -> CommandError:
    """The error for ids that lie in no queue that was looked into."""
    names = " and ".join(message_ids)
    return CommandError(
        f"No dead letter {names} lies in stage {stage.name}, or somebody works on it right now; letters are "
        f"kept for 14 days. See: bin/sellerbus dead-letters list --stage {stage.name}",
        NOT_FOUND,
    )
