"""Lets a step of a state machine go on that waits for its task token.

Source: Step Functions developer guide, "Wait for a Callback with Task Token"; API, SendTaskSuccess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call

# The step timed out, was told already, or is a former attempt's; all of them mean that nobody waits.
_NOT_AWAITED: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctionsClient(Protocol):
    """The part of boto3's Step Functions client used here."""

    def send_task_success(self, **request: Any) -> Mapping[str, Any]: ...


class TaskTokens:
    """Answers task tokens."""

    def __init__(self, client: StepFunctionsClient) -> None:
        self._client = client

    def succeed(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let the step go on with `output`; False where nobody waits for the token any more.

        Raises StoreUnavailableError where the step may still wait.
        """
        with aws_call("SendTaskSuccess"):
            try:
                self._client.send_task_success(taskToken=token, output=json.dumps(dict(output)))
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_AWAITED:
                    return False
                raise
        return True
