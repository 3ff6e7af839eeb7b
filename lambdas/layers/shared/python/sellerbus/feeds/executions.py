"""Starts the Step Functions execution of a feed task, named by the task's id.

Source: Step Functions API, StartExecution. A standard workflow takes a name once within 90 days; what was
started already answers ExecutionAlreadyExists, or again with the same execution while that runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call

# No task id begins so: the name of a second execution is never that of another task's first.
_SECOND: Final = "_"


class StepFunctionsClient(Protocol):
    """The part of boto3's Step Functions client used here."""

    def start_execution(self, **request: Any) -> Mapping[str, Any]:
        """Step Functions API: StartExecution."""
        ...


class Executions:
    """Raises StoreUnavailableError where Step Functions does not do it now."""

    def __init__(self, client: StepFunctionsClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def arn(self, task_id: str) -> str:
        """Return the ARN that the task's execution has, or will have."""
        return f"{self._state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{task_id}"

    def start(self, task_id: str) -> None:
        """Start the task's execution, unless it was started before."""
        self._start(task_id, task_id)

    def start_second(self, task_id: str) -> None:
        """Start a second execution, which goes on where the task stands; once only."""
        self._start(f"{_SECOND}{task_id}", task_id)

    def _start(self, name: str, task_id: str) -> None:
        with aws_call("StartExecution"):
            try:
                self._client.start_execution(
                    stateMachineArn=self._state_machine_arn,
                    name=name,
                    input=json.dumps({"taskId": task_id}),
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                    raise


def task_of(name: str) -> tuple[str, bool]:
    """Return the task that an execution of this name is for, and whether it is its second."""
    return name.removeprefix(_SECOND), name.startswith(_SECOND)
