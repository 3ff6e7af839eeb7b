"""The part of the story in which the stage measures its own way, and what was given up comes after all."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from local.deployment import Deployment
from local.function_logs import function_logs
from local.functions import invoke
from local.outcome import Outcome, StoryError
from local.queues import drain_until
from local.screen import Screen, Step
from local.shipped_orders import shipped

CANARY_SECONDS = 30.0
DELIVERY_SECONDS = 60.0

_CANARY = "RunCanary"


def run_canary(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """A marked notification goes through queue, ledger and bus, and back; no consumer sees it."""
    with screen.step("A canary flies through queue, ledger and bus, and back") as step:
        invoke(deployment, f"{_CANARY}FunctionName", {})
        milliseconds = _await_canary(deployment, step)
        outcome.operations.canary_milliseconds = milliseconds
        seen = [each.notification_id for each in outcome.received.deliveries if _is_canary(each.event)]
        if seen:
            raise StoryError(f"canaries should be seen by no consumer, but {seen} came", "Process")
        step.result = f"{milliseconds} ms"


def redrive(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """A notification that was given up is put back by the command, and comes once."""
    with screen.step(
        "A notification that was given up is put back with `sellerbus dead-letters redrive`"
    ) as step:
        notification_id = str(uuid.uuid4())
        letter = shipped("906-0000000-0000001", notification_id)
        sent = deployment.client("sqs").send_message(
            QueueUrl=deployment.outputs["NotificationDeadLetterQueueUrl"], MessageBody=json.dumps(letter)
        )
        stage = ("--stage", deployment.stage)
        done = deployment.commands.sellerbus_json(
            "dead-letters", "redrive", "--id", str(sent["MessageId"]), *stage, "--yes"
        )
        moved = sum(each["moved"] for each in done)
        missing = drain_until(
            deployment.client("sqs"),
            deployment.outputs["ExampleConsumerQueueUrl"],
            outcome.received,
            wanted=[notification_id],
            deadline_seconds=DELIVERY_SECONDS,
            progress=lambda came, total: step.progress(f"{came} of {total}"),
        )
        if moved != 1 or missing:
            raise StoryError(
                f"one dead letter should be put back and come: {done}, missing {missing}", "Process"
            )
        outcome.operations.dead_letters_redriven = moved
        outcome.expected.add(notification_id)
        step.result = "it came, once"


def _await_canary(deployment: Deployment, step: Step) -> int:
    """How long a canary's way took that has come back, in milliseconds."""
    deadline = time.monotonic() + CANARY_SECONDS
    while True:
        groups = function_logs(deployment.client("logs"), name_contains=_CANARY)
        lines = [json.loads(line) for group in groups.values() for line in group if line.startswith("{")]
        times = [int(line["milliseconds"]) for line in lines if line.get("message") == "canary arrived"]
        if times:
            return times[-1]
        step.progress(f"{len(lines)} lines in its log")
        if time.monotonic() > deadline:
            raise StoryError(f"no canary came back within {CANARY_SECONDS:g} seconds", _CANARY)
        time.sleep(0.3)


def _is_canary(event: dict[str, Any]) -> bool:
    return bool(event["detail"].get("origin") == "canary")
