"""What an S3 answer to a presigned request means, when it is no success.

"Error responses", Amazon S3 API Reference: an XML document with Code and Message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sellerbus.documents.errors import (
    DocumentError,
    RetryableTransferError,
    StorageRefusedError,
    UrlExpiredError,
)

# Beyond Code and Message an error tells, for example, the canonical request with the whole query.
MOST_BODY_BYTES: Final = 16_384
_FIELD: Final = {name: re.compile(rf"<{name}>([^<]{{0,300}})</{name}>") for name in ("Code", "Message")}

# Answered with 400 although nothing is wrong with the request.
_RETRYABLE_CODES: Final = frozenset({"RequestTimeout", "IncompleteBody", "SlowDown", "InternalError"})
_EXPIRED_CODES: Final = frozenset({"ExpiredToken", "TokenRefreshRequired"})
DOCUMENT_HINTS: Final = {
    "SignatureDoesNotMatch": "The Content-Type must be the very one that createFeedDocument was given.",
    "RequestTimeTooSkewed": "The clock of this machine is wrong.",
    "NoSuchKey": "The document is not there: nothing was uploaded to it, or it is no longer kept.",
}


def refusal(
    doing: str, host: str, status: int, body: bytes, hints: Mapping[str, str] = DOCUMENT_HINTS
) -> DocumentError:
    """Return the error for an answer. doing: "download" or "upload". hints: what lies behind a code."""
    code, message = _field("Code", body), _field("Message", body)
    said = " ".join(part for part in (str(status), code) if part) + (f": {message}" if message else "")
    text = f"the document's {doing} was refused by {host} ({said})"
    if code in _EXPIRED_CODES or (code == "AccessDenied" and "expired" in message.lower()):
        return UrlExpiredError(f"{text}; its URL has expired: ask for it anew")
    if status >= 500 or status in {408, 429} or code in _RETRYABLE_CODES:
        return RetryableTransferError(f"{text}; try again later")
    if 300 <= status < 400:
        text = f"{text}; redirects are not followed"
    hint = hints.get(code, "")
    return StorageRefusedError(f"{text}. {hint}".rstrip(), status=status, code=code)


def _field(name: str, body: bytes) -> str:
    match = _FIELD[name].search(body.decode("utf-8", "replace"))
    return match[1] if match else ""
