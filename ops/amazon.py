"""Asks Amazon through the stage's functions that have the tokens, for a person.

`inspect_amazon` changes nothing there. `operate_feed` does what a person decides about a feed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops import console
from ops.errors import FAILED, NOT_FOUND, CommandError
from ops.stage import NOTIFICATIONS, Cell
from sellerbus.api.redaction import redact

THROTTLED: Final = "throttled"
RETRYABLE: Final = "retryable"
UNKNOWN_SELLER: Final = "unknown-seller"
NOT_THERE: Final = "not-found"
REVOKED: Final = "revoked"

LONGEST_WAIT_SECONDS: Final = 300.0
"""How long a question waits for Amazon's quota, all its waits together."""

_RETRY_SECONDS: Final = 5.0
_RETRIES: Final = 3


class AmazonRefusedError(CommandError):
    """Amazon's or the function's refusal.

    kind: throttled, retryable, permanent, not-found, unknown-seller, revoked, not-sandbox.
    """

    def __init__(self, kind: str, message: str, seconds: float = 0.0) -> None:
        self.kind = kind
        self.seconds = seconds
        self.message = redact(message)
        super().__init__(self.message, NOT_FOUND if kind in (UNKNOWN_SELLER, NOT_THERE) else FAILED)


@dataclass(frozen=True)
class Function:
    """A function that asks Amazon: the output that names it, and that output's stack."""

    output: str
    part: str


INSPECT: Final = Function("InspectAmazonFunctionName", NOTIFICATIONS)


class Amazon:
    """One cell's window to Amazon. Safe for threads."""

    def __init__(self, cell: Cell, function: Function = INSPECT) -> None:
        self._function = cell.output(function.output, function.part)
        self._client = cell.client("lambda")

    def ask(
        self,
        request: Mapping[str, object],
        *,
        wait: Callable[[float], bool],
        told: Callable[[float], None],
    ) -> dict[str, Any]:
        """Return the answer; asks again while Amazon says to wait.

        wait: waits so many seconds; True where the person doesn't want the answer any more.
        told: is told each wait's seconds before it begins.
        Raises AmazonRefusedError, and CommandError where the function failed.
        """
        waited = 0.0
        retries = 0
        while True:
            try:
                return self._asked(request)
            except AmazonRefusedError as error:
                if error.kind == THROTTLED:
                    seconds = max(1.0, error.seconds)
                elif error.kind == RETRYABLE and retries < _RETRIES:
                    retries += 1
                    seconds = _RETRY_SECONDS
                else:
                    raise
                if waited + seconds > LONGEST_WAIT_SECONDS:
                    raise
                waited += seconds
                told(seconds)
                if wait(seconds):
                    raise

    def _asked(self, request: Mapping[str, object]) -> dict[str, Any]:
        answer = invoke(self._client, self._function, request)
        error = answer.get("error")
        if isinstance(error, dict):
            raise AmazonRefusedError(
                str(error.get("kind")), str(error.get("message")), float(error.get("seconds") or 0.0)
            )
        return answer


def ask_waiting(cell: Cell, request: Mapping[str, object], function: Function = INSPECT) -> dict[str, Any]:
    """Ask one question, showing how long it waits; raises what `Amazon.ask` raises."""
    with console.progress(1, f"Asking Amazon ({cell.region})") as bar:
        return Amazon(cell, function).ask(
            request,
            wait=console.wait,
            told=lambda seconds: bar.describe(f"Waiting {seconds:.0f} s for Amazon's quota ({cell.region})"),
        )


def invoke(client: Any, function_name: str, request: Mapping[str, object]) -> dict[str, Any]:
    """Invoke a function and return its answer, an object; raises CommandError where it failed."""
    answer = client.invoke(FunctionName=function_name, Payload=json.dumps(request).encode())
    content = answer["Payload"].read()
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if answer.get("FunctionError") or not isinstance(document, dict):
        told = document if isinstance(document, dict) else {}
        reason = redact(f"{told.get('errorType', 'no answer')}: {told.get('errorMessage', '')}".rstrip(": "))
        raise CommandError(
            f"The function {function_name} failed: {reason}. Its log group in CloudWatch has more.", FAILED
        )
    return document
