"""What the story of feeds has handed over for one version of the Feeds API, and where that has got to."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from local.commands import Finished
from local.deployment import Deployment
from local.feed_tasks import ENDED, SOURCE, FeedTasks
from local.outcome import FeedCounts, Outcome, StoryError
from local.queues import drain
from local.screen import Step
from local.story_of_changes import Changes

END_SECONDS = 90.0
EVENT_SECONDS = 20.0
_FUNCTIONS = {
    "RECEIVED": "CheckFeed",
    "WAITING": "TakeFeedTurn",
    "SUBMITTING": "SubmitFeed",
    "PROCESSING": "FollowFeed",
    "COLLECTING": "CollectFeedReport",
}
_KINDS = {
    "COMPLETED": "FeedCompleted",
    "COMPLETED_WITH_ERRORS": "FeedCompletedWithErrors",
    "REFUSED": "FeedRefused",
}


@dataclass
class Scenes:
    """What was handed over for one version, and what has been found of it."""

    deployment: Deployment
    version: str
    outcome: Outcome
    counts: FeedCounts
    listings: Future[Finished] | None = None
    easy_ship: Future[Finished] | None = None
    """What `sellerbus` says of the two that it hands over."""
    changes: Changes | None = None
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The tasks that have ended, by name."""
    elsewhere: set[str] = field(default_factory=set)
    """Those of another cell, whose ends are told on its bus."""

    @property
    def tasks(self) -> FeedTasks:
        return FeedTasks.of(self.deployment)

    def task_id(self, name: str) -> str:
        return f"demo-{self.version}-{name}"

    def feeds(self, seller_id: str, feed_type: str) -> list[dict[str, Any]]:
        """What Amazon has of a seller and type, of this version."""
        found = self.deployment.simulator.feeds(seller_id, feed_type)
        return [feed for feed in found if feed["apiVersion"] == self.version]

    def end(self, name: str, step: Step, *, tasks: FeedTasks | None = None) -> dict[str, Any]:
        """The row of a task that has ended; raises StoryError."""
        task_id = self.task_id(name)
        rows = (tasks or self.tasks).await_state(
            [task_id], within_seconds=END_SECONDS, progress=step.progress
        )
        row = self.rows[name] = rows[task_id]
        if tasks is not None:
            self.elsewhere.add(name)
        if row.get("state") != ENDED:
            raise StoryError(
                f"task {task_id} should have ended within {END_SECONDS:g} seconds, but is {told(row)}",
                function_of(row),
            )
        return row

    def completed(self, name: str, step: Step, *, tasks: FeedTasks | None = None) -> dict[str, Any]:
        """The row of a task that has ended well; raises StoryError."""
        row = self.end(name, step, tasks=tasks)
        if row["outcome"] != "COMPLETED":
            raise StoryError(f"task {self.task_id(name)} should be COMPLETED, but is {told(row)}", "Feed")
        return row


def function_of(row: dict[str, Any]) -> str:
    """The function whose log tells most of a task that is where its row says."""
    return _FUNCTIONS.get(str(row.get("state")), "AcceptFeeds")


def told(row: dict[str, Any]) -> str:
    """What a complaint says of a task's row."""
    names = ("state", "outcome", "reason", "feedId", "submission")
    return json.dumps({name: row[name] for name in names if name in row}, default=str) if row else "not there"


def await_events(scenes: Scenes, step: Step) -> int:
    """Waits until each task's end came from the bus, and returns how many did; raises StoryError."""
    kinds = {
        scenes.task_id(name): _KINDS[row["outcome"]]
        for name, row in scenes.rows.items()
        if name not in scenes.elsewhere
    }
    received = scenes.outcome.received
    sqs, queue_url = scenes.deployment.client("sqs"), scenes.deployment.outputs["ExampleConsumerQueueUrl"]
    deadline = time.monotonic() + EVENT_SECONDS
    while True:
        # The same event may come twice; one of another id would be another.
        ends = {
            (event.detail["taskId"], event.kind, event.detail["eventId"])
            for event in received.operational
            if event.source == SOURCE
            and event.kind.startswith("Feed")
            and event.kind != "FeedRequested"
            and event.detail.get("taskId") in kinds
        }
        if sorted((task_id, kind) for task_id, kind, _ in ends) == sorted(kinds.items()):
            return len(ends)
        step.progress(f"{len(ends)} of {len(kinds)}")
        if not drain(sqs, queue_url, received) and time.monotonic() > deadline:
            raise StoryError(f"the bus should have told {kinds}, but it told {sorted(ends)}", "Feed")
