"""What the story of messages has handed over, and where that has got to."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from local.commands import Finished
from local.deployment import Deployment
from local.message_requests import Asked, Attached
from local.message_tasks import SOURCE, MessageTasks, told
from local.outcome import MessageCounts, Outcome, StoryError
from local.queues import drain
from local.screen import Step

END_SECONDS = 60.0
EVENT_SECONDS = 20.0
SENDER = "SendMessage"
ACCEPTER = "AcceptMessages"
KINDS = {
    "SENT": "MessageSent",
    "REFUSED": "MessageRefused",
    "NOT_ALLOWED": "MessageNotAllowed",
    "FAILED": "MessageFailed",
    "UNCERTAIN": "MessageUncertain",
}
"""The detail-type by which the bus tells of a state."""


@dataclass(frozen=True)
class Planned:
    """A message that was handed over: what, by whom, to the buyer of which order."""

    asked: Asked
    seller_id: str
    marketplace_id: str
    order_id: str


@dataclass
class MessageScenes:
    """What was handed over, and what has been found of it."""

    deployment: Deployment
    outcome: Outcome
    counts: MessageCounts
    planned: dict[str, Planned] = field(default_factory=dict)
    """By name."""
    commands: dict[str, Future[Finished]] = field(default_factory=dict)
    """What `sellerbus` says of those that it hands over, by name."""
    same_message_ids: list[str] = field(default_factory=list)
    """The ids of the two events that ask for one message."""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The tasks that stand in one state, by name."""

    @property
    def tasks(self) -> MessageTasks:
        return MessageTasks.of(self.deployment)

    def task_id(self, name: str) -> str:
        return f"demo-{name}"

    def plan(self, name: str, planned: Planned) -> dict[str, Any]:
        """Notes what is handed over under a name, and returns the request of it, with its task id.

        The attachments are put into the bucket.
        """
        self.planned[name] = planned
        asked = planned.asked
        attachments = [
            {**self._attach(planned.seller_id, name, number, attached), "fileName": attached.file_name}
            for number, attached in enumerate(asked.attachments)
        ]
        return {
            "taskId": self.task_id(name),
            "sellerId": planned.seller_id,
            "marketplaceId": planned.marketplace_id,
            "amazonOrderId": planned.order_id,
            "messageType": asked.message_type,
            **asked.fields,
            **({"attachments": attachments} if attachments else {}),
        }

    def _attach(self, seller_id: str, name: str, number: int, attached: Attached) -> dict[str, str]:
        key = f"{self.task_id(name)}-{number}"
        if attached.content is None:
            return {"key": f"attachments/{seller_id}/{key}"}
        return self.tasks.attach(seller_id, key, attached.content)

    def stands(self, name: str, state: str, step: Step) -> dict[str, Any]:
        """The row of a task once it stands in a state, which must be this one; raises StoryError."""
        return self.all_stand([name], state, step)[name]

    def all_stand(self, names: list[str], state: str, step: Step) -> dict[str, dict[str, Any]]:
        """The rows of tasks, each of which must stand in the state; raises StoryError."""
        ids = {self.task_id(name): name for name in names}
        rows = self.tasks.await_state(ids, within_seconds=END_SECONDS, progress=step.progress)
        found = {name: rows[task_id] for task_id, name in ids.items()}
        self.rows |= found
        for name, row in found.items():
            if row.get("state") != state:
                raise StoryError(
                    f"task {self.task_id(name)} should be {state} within {END_SECONDS:g} seconds, but is "
                    f"{told(row)}",
                    SENDER if row else ACCEPTER,
                )
        return found

    def outbox(self, name: str) -> list[dict[str, Any]]:
        """What the buyer of a planned message's order has got of its type and text."""
        planned = self.planned[name]
        return [
            message
            for message in self.deployment.simulator.outbox(planned.seller_id, planned.order_id)
            if message["messageType"] == planned.asked.message_type
            and message.get("text") == planned.asked.fields.get("text", message.get("text"))
        ]

    def received_once(self, name: str) -> dict[str, Any]:
        """What the buyer has got, which must be one message with the attachments as handed over.

        Raises StoryError.
        """
        found = self.outbox(name)
        if len(found) != 1:
            raise StoryError(f"the buyer should have got {name} once, but has {len(found)} of it", SENDER)
        wanted = [
            (each.file_name, hashlib.sha256(each.content).hexdigest())
            for each in self.planned[name].asked.attachments
            if each.content is not None
        ]
        got = [(each["fileName"], each["sha256"]) for each in found[0]["attachments"]]
        if got != wanted:
            raise StoryError(f"the buyer of {name} should have got the files {wanted}, but has {got}", SENDER)
        self.counts.attachments += len(got)
        return found[0]


def await_told(scenes: MessageScenes, wanted: dict[str, list[str]], step: Step) -> int:
    """Waits until the bus has told, of each task id, the detail-types; returns how many events those are.

    Raises StoryError where it told anything else of a task.
    """
    received = scenes.outcome.received
    sqs, queue_url = scenes.deployment.client("sqs"), scenes.deployment.outputs["ExampleConsumerQueueUrl"]
    deadline = time.monotonic() + EVENT_SECONDS
    expected = sorted((task_id, kind) for task_id, kinds in wanted.items() for kind in kinds)
    while True:
        # The same event may come twice; one of another id would be another.
        events = {
            (str(event.detail["taskId"]), event.kind, str(event.detail["eventId"]))
            for event in received.operational
            if event.source == SOURCE and event.detail.get("taskId") in wanted
        }
        if sorted((task_id, kind) for task_id, kind, _ in events) == expected:
            return len(events)
        step.progress(f"{len(events)} of {len(expected)}")
        if not drain(sqs, queue_url, received) and time.monotonic() > deadline:
            raise StoryError(f"the bus should have told {expected}, but it told {sorted(events)}", SENDER)
