"""What an answer of Amazon's means: a success, a refusal, or nothing that can be relied upon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests
from urllib3.exceptions import NewConnectionError

from sellerbus.api.errors import (
    OutcomeUnknownError,
    RetryableError,
    SellingPartnerError,
    body_object,
    refusal,
)
from sellerbus.api.operation import Operation

LONGEST_RETRY_AFTER_SECONDS = 900.0


@dataclass(frozen=True)
class Answer:
    """A success: the body is its JSON object, {} where the operation answers none."""

    status: int
    body: Mapping[str, object]
    request_id: str | None


def seconds_to_wait(value: str | None) -> float:
    """Return the seconds that a Retry-After header names; 0 for what is no number of seconds."""
    try:
        seconds = float(value) if value else 0.0
    except ValueError:
        return 0.0
    return min(seconds, LONGEST_RETRY_AFTER_SECONDS) if seconds > 0 else 0.0


def read(
    operation: Operation,
    status: int,
    content: bytes,
    request_id: str | None,
    *,
    retry_after: float = 0.0,
) -> Answer:
    """Return the success that the answer is; raises the error that it is. 429 is the client's."""

    def dubious(what: str) -> SellingPartnerError:
        error = RetryableError(operation.name, what, status=status, request_id=request_id)
        return outcome(operation, error)

    if status not in operation.success:
        if 200 <= status < 300:
            raise dubious("a success by its status, but not the one that the operation has")
        error = refusal(operation.name, status, content, request_id, retry_after=retry_after)
        raise outcome(operation, error)
    if not content.strip() and not operation.answers:
        return Answer(status, {}, request_id)
    body = body_object(content)
    if body is None:
        raise dubious("the answer is a success by its status, but its body is not a JSON object")
    if body.get("errors"):
        error = refusal(operation.name, status, content, request_id)
        # Which of the two is right, the status or the list, nobody knows.
        raise error if operation.repeatable else _unknown(error)
    return Answer(status, body, request_id)


def outcome(operation: Operation, error: SellingPartnerError) -> SellingPartnerError:
    """A temporary fault of an operation that must not be repeated may have followed its success."""
    if operation.repeatable or not isinstance(error, RetryableError):
        return error
    return _unknown(error)


def lost(operation: Operation, error: requests.RequestException) -> SellingPartnerError:
    """Return the error for a request to which no whole answer came."""
    # The exception's own text may hold the URL's query or headers, so only its kind is told.
    kind = type(error).__name__
    if _never_sent(error):
        return RetryableError(operation.name, f"no connection to Amazon ({kind})")
    return outcome(operation, RetryableError(operation.name, f"no complete answer from Amazon ({kind})"))


def _unknown(error: SellingPartnerError) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        error.operation,
        error.message,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        hint="It may have been carried out: look before calling again.",
    )


def _never_sent(error: requests.RequestException) -> bool:
    """Only a failure to connect proves that no byte was written."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectionError) and isinstance(reason, NewConnectionError)
