"""What a function answers an operator whose question Amazon refuses: the kind says what to do about it."""

from __future__ import annotations

import math
from typing import Any

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    NotFoundError,
    OutcomeUnknownError,
    RetryableError,
    SellingPartnerError,
    ThrottledError,
)
from sellerbus.api.redaction import redact


def refused(kind: str, error: Exception, **more: object) -> dict[str, Any]:
    """Return {"error": {"kind", "message", ...}}."""
    return {"error": {"kind": kind, "message": redact(str(error)), **more}}


def refused_by_amazon(error: SellingPartnerError) -> dict[str, Any]:
    """kind is throttled (ask again after `seconds`), retryable (ask again later), permanent, not-found or
    revoked.
    """
    match error:
        case ThrottledError():
            return refused("throttled", error, seconds=math.ceil(error.seconds))
        case AuthorizationRevokedError():
            return refused("revoked", error)
        case NotFoundError():
            return refused("not-found", error)
        case OutcomeUnknownError():
            # Not retryable: whoever asks again would have it done twice.
            return refused("permanent", error)
        case RetryableError():
            return refused("retryable", error)
    return refused("permanent", error)
