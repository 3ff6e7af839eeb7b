"""A deployment whose functions answer what a test wants, with a consumer's queue that fills as they do."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from rich.console import Console

from local.deployment import Deployment
from local.screen import Screen

Answers = Callable[[str, dict[str, Any]], Any]
"""What a function, by its name, answers a request; an exception is its defect."""


def notification(
    notification_id: str, *, kind: str = "ORDER_CHANGE", about: str = "", origin: str = "amazon"
) -> dict[str, Any]:
    """A message of the consumer's queue."""
    detail = {
        "eventId": f"event-{notification_id}",
        "notificationId": notification_id,
        "notificationType": kind,
        "stale": False,
        "origin": origin,
        "entity": {"id": about},
    }
    return message({"source": "sellerbus.notifications", "detail": detail}, notification_id)


def message(event: dict[str, Any], message_id: str) -> dict[str, Any]:
    return {"MessageId": message_id, "ReceiptHandle": message_id, "Body": json.dumps(event)}


@dataclass
class FakeAws:
    """The clients in one."""

    answers: Answers
    queue: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        try:
            answer = self.answers(FunctionName, json.loads(Payload))
        except ZeroDivisionError as error:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(str(error)).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def put_item(self, **put: Any) -> None:
        self.marks.append(put["Item"])

    def receive_message(self, **_: Any) -> dict[str, Any]:
        given, self.queue[:] = self.queue[:10], self.queue[10:]
        return {"Messages": given}

    def delete_message_batch(self, **_: Any) -> None:
        return

    def send_message(self, **sent: Any) -> dict[str, str]:
        self.sent.append(sent)
        return {"MessageId": "m1"}

    def get_paginator(self, operation: str) -> FakeAws:
        self.operation = operation
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        if self.operation == "describe_log_groups":
            return [{"logGroups": [{"logGroupName": "of-RunCanary"}, {"logGroupName": "of-others"}]}]
        return [{"events": [{"message": line} for line in self.logged]}]


class Names(dict[str, str]):
    """Outputs that have every name."""

    def __missing__(self, name: str) -> str:
        return name.removesuffix("FunctionName")


@dataclass
class FakeDeployment:
    aws: FakeAws
    simulator: Any = None
    commands: Any = None
    stage: str = "local"
    outputs: Names = field(default_factory=Names)

    def client(self, _: str) -> FakeAws:
        return self.aws

    def outputs_of(self, region: str) -> Names:
        return Names({"RotateSecretFunctionName": region})

    def for_story(self) -> Deployment:
        return cast(Deployment, self)


def screen() -> Screen:
    return Screen(console=Console(file=io.StringIO(), width=200))
