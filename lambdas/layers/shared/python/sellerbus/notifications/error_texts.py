"""What a person reads of an error that a run ended with: whole, and in the few words that fit a column."""

from __future__ import annotations

import re
from typing import Final

from botocore.exceptions import ClientError

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    ConflictError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    RetryableError,
    SellingPartnerError,
)
from sellerbus.notifications.reconciliation import SubscriptionsIncompleteError

# The first that fits.
_KINDS: Final = (
    (AuthorizationRevokedError, "authorisation refused"),
    (CredentialsError, "credentials refused"),
    (ConflictError, "conflict"),
    (NotFoundError, "not found"),
    (RetryableError, "no answer"),
    (OutcomeUnknownError, "outcome unknown"),
)
_OUR_ERROR: Final = "sellerbus."


def whole(error: Exception) -> str:
    """Return the error's text; with its class where that is not ours, whose texts say it all."""
    ours = type(error).__module__.startswith(_OUR_ERROR)
    return str(error) if ours and str(error) else f"{type(error).__name__}: {error}"


def brief(error: Exception) -> str:
    """Return what kind of error it is, and at which operation and type, without the seller."""
    if isinstance(error, SubscriptionsIncompleteError):
        names = list(error.errors)
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"{brief(error.errors[names[0]])} {names[0]}{more}"
    if isinstance(error, SellingPartnerError):
        kind = next((words for known, words in _KINDS if isinstance(error, known)), "refused")
        return f"{kind}{f' ({error.status})' if error.status else ''}: {error.operation}"
    if isinstance(error, ClientError):
        return f"AWS refused: {error.operation_name}"
    # The class in words: "UnreadableTokenError" is "unreadable token".
    name = type(error).__name__.removesuffix("Error").removesuffix("Exception")
    return " ".join(re.findall(r"[A-Z]+[a-z0-9]*", name)).lower() or "error"
