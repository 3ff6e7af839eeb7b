"""A deployed stage with queues and their dead-letter queues, and an SQS that moves them as AWS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from tests.unit.ops.aws import STAGE, DeployedStage, notifications

QUEUES: Final = {
    "Notification": "notifications",
    "MessageTask": "tasks",
    "Undeliverable": "notifications",
    "Application": "operations",
}


class Killed(BaseException):
    """The process ended just now: no `except Exception` sees it."""


class Sqs:
    """moto's SQS. has_move_task: whether the service has one. before, after: are told each call.

    tasks: what it was asked to move. moto's own move task does nothing.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.has_move_task = False
        self.tasks: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.states: list[dict[str, Any]] = []
        self.before: Callable[[str], None] = lambda name: None
        self.after: Callable[[str], None] = lambda name: None

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def called(**arguments: Any) -> Any:
            self.before(name)
            if arguments.get("AttributeNames") == ["RedriveAllowPolicy"]:
                # moto doesn't know it.
                return {"Attributes": {"RedriveAllowPolicy": _policy(arguments["QueueUrl"])}}
            arguments.pop("MessageGroupId", None)
            if name == "receive_message":
                # moto waits by sleeping, and one process has all messages.
                arguments["WaitTimeSeconds"] = 0
            answer = call(**arguments)
            self.after(name)
            return answer

        return called

    def start_message_move_task(self, **arguments: Any) -> Any:
        if not self.has_move_task:
            error = {"Code": "InvalidAction", "Message": "The action is not valid for this endpoint."}
            raise ClientError({"Error": error}, "StartMessageMoveTask")
        self.tasks.append(arguments)
        return {"TaskHandle": "handle-1"}

    def list_message_move_tasks(self, **arguments: Any) -> Any:
        return {"Results": [self.states.pop(0) if len(self.states) > 1 else self.states[0]]}

    def cancel_message_move_task(self, **arguments: Any) -> Any:
        self.cancelled.append(arguments["TaskHandle"])


class DeadLetterStage:
    """One region's queues, each with its dead letters."""

    def __init__(self, stage: DeployedStage) -> None:
        self.stage = stage
        makes = stage.client
        self.sqs = Sqs(makes("sqs"))
        self.urls: dict[str, str] = {}
        self.dead: dict[str, str] = {}
        for name, part in QUEUES.items():
            self._deploy(name, part)

        def client(service: str, region: str = "na") -> Any:
            return self.sqs if service == "sqs" else makes(service, region)

        stage.client = client  # type: ignore[method-assign]

    def _deploy(self, name: str, part: str) -> None:
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        dead = self.sqs.create_queue(QueueName=f"{name}-dead")
        self.urls[name], self.dead[name] = url, dead["QueueUrl"]
        stack = notifications() if part == "notifications" else f"sellerbus-{STAGE}-na-{part}"
        outputs = self.stage.cloudformation.stacks.setdefault(stack, {})
        outputs[f"{name}DeadLetterQueueUrl"] = dead["QueueUrl"]

    def put(self, name: str, body: str = "{}", **attributes: str) -> str:
        """Put a dead letter down; returns its id."""
        told = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
        sent = self.sqs.send_message(QueueUrl=self.dead[name], MessageBody=body, MessageAttributes=told)
        return str(sent["MessageId"])

    def lying(self, url: str) -> list[dict[str, Any]]:
        """What is visible in a queue; it stays so."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += messages
        for message in found:
            self.sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return found

    def run(self, *arguments: str, typed: list[str] | None = None) -> Any:
        return self.stage.run("dead-letters", *arguments, "--stage", STAGE, "--region", "na", typed=typed)


def _policy(dead_url: str) -> str:
    name = dead_url.rsplit("/", 1)[1].removesuffix("-dead")
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    return json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn]})
