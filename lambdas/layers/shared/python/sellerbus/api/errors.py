"""What can go wrong when Amazon is called, by what the caller may do about it.

    SellingPartnerError
    ├── ThrottledError               wait `seconds`, then call again; nothing was carried out
    ├── RetryableError               nothing was carried out, or a repeat does no harm: call again later
    │   └── OutOfTimeError           the function's time is over before the call was made
    ├── OutcomeUnknownError          the request may have been carried out: look before calling again
    └── PermanentError               the same call will be refused again
        ├── UnauthorizedError        401, 403: the hint says what usually lies behind it
        ├── NotFoundError            404
        ├── ConflictError            409: something is there already, or still in use
        ├── CredentialsError         the application's client id or secret is missing, malformed or refused
        └── AuthorizationRevokedError    the seller's refresh token is no longer good

The texts are for operators and logs: tokens and secrets are taken out of them before they are stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sellerbus.api.hints import hint
from sellerbus.api.redaction import redact, shorten

MESSAGE_LIMIT = 500
_RETRYABLE_STATUSES = frozenset({408, 500, 502, 503, 504})


class SellingPartnerError(Exception):
    """Carries the operation, Amazon's status, code, message and request id, and a hint for the operator."""

    def __init__(
        self,
        operation: str,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        hint: str = "",
    ) -> None:
        self.operation = operation
        self.message = shorten(redact(message), MESSAGE_LIMIT)
        self.status = status
        self.code = shorten(redact(code), 100) if code else None
        self.request_id = request_id
        self.hint = redact(hint)
        super().__init__(self._text())

    def _text(self) -> str:
        answered = " ".join(str(part) for part in (self.status, self.code) if part is not None)
        text = f"{self.operation}: {answered + ': ' if answered else ''}{self.message}"
        if self.hint:
            text = f"{text.rstrip('.')}. {self.hint}"
        return f"{text} (Amazon's request id {self.request_id})" if self.request_id else text


class ThrottledError(SellingPartnerError):
    """The quota is used up. `seconds` is how long to wait before the next call."""

    def __init__(
        self,
        operation: str,
        seconds: float,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.seconds = seconds
        super().__init__(
            operation,
            f"the quota is used up; the next call is due in {seconds:.1f} s",
            status=status,
            code=code,
            request_id=request_id,
        )


class RetryableError(SellingPartnerError):
    """A repeat later may succeed and does no harm. retry_after: the seconds that Amazon asked to wait."""

    retry_after = 0.0


class OutOfTimeError(RetryableError):
    """The time that the call may take is over; it was not made."""


class OutcomeUnknownError(SellingPartnerError):
    """The request may have been carried out: look for its result before calling again."""


class PermanentError(SellingPartnerError):
    """The same call will be refused again."""


class UnauthorizedError(PermanentError):
    """401 or 403. `token_is_stale` says that a fresh access token may mend it."""

    @property
    def token_is_stale(self) -> bool:
        words = self.message.lower()
        return self.status == 401 or "expired" in words or "malformed or invalid" in words


class NotFoundError(PermanentError):
    """404: there is no such thing."""


class ConflictError(PermanentError):
    """409: something is there already, or still in use."""


class CredentialsError(PermanentError):
    """The application's client id or secret is missing, malformed or refused by Login with Amazon."""


class AuthorizationRevokedError(PermanentError):
    """The seller's refresh token is revoked, expired or another application's."""


def body_object(content: bytes) -> Mapping[str, object] | None:
    """Return the JSON object in `content`; None where it is anything else (HTML, cut short, empty)."""
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def refusal(
    operation: str, status: int, content: bytes, request_id: str | None, *, retry_after: float = 0.0
) -> SellingPartnerError:
    """Return the error for an answer that is no success; 429 is the client's, which knows the wait.

    Bodies that are not JSON, or JSON without `errors`, are judged by their status alone.
    """
    code, message = first_error(content)
    if message is None:
        message = _described(content)
    kind: type[SellingPartnerError]
    if status in _RETRYABLE_STATUSES or status >= 500:
        kind = RetryableError
    else:
        kind = {401: UnauthorizedError, 403: UnauthorizedError, 404: NotFoundError, 409: ConflictError}.get(
            status, PermanentError
        )
    error = kind(
        operation,
        message,
        status=status,
        code=code,
        request_id=request_id,
        hint=hint(operation, status, message),
    )
    if isinstance(error, RetryableError):
        error.retry_after = retry_after
    return error


def first_error(content: bytes) -> tuple[str | None, str | None]:
    """Return code and message of the first error that the body tells; None for what it does not."""
    body = body_object(content) or {}
    errors = body.get("errors", body)
    first = errors[0] if isinstance(errors, list) and errors else errors
    if not isinstance(first, dict):
        return None, None
    code, message, details = first.get("code"), first.get("message"), first.get("details")
    parts = [part for part in (message, details) if isinstance(part, str) and part.strip()]
    return (code if isinstance(code, str) else None), (" ".join(parts) if parts else None)


def _described(content: bytes) -> str:
    if not content.strip():
        return "the answer has no body"
    start = content[:300].decode("utf-8", "replace")
    kind = "an HTML page" if start.lstrip()[:1] == "<" else "no error list"
    return f"the answer's body is {kind}: {shorten(start, 120)}"
