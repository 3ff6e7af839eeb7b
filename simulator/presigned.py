"""Presigned URLs of the simulated storage, and how S3 refuses a request that one does not cover. Pure.

Source: "Authenticating requests: using query parameters" and the error responses of the S3 API reference. The
signature has S3's form and covers what S3's does; the key behind it is the simulator's own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

_SIGNATURE = "X-Amz-Signature"
_DATE = "%Y%m%dT%H%M%SZ"
_PARAMETERS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    _SIGNATURE,
)


@dataclass(eq=False)
class StorageError(Exception):
    """An answer of the storage other than success; `more` are elements after Code and Message."""

    status: int
    code: str
    message: str
    more: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"

    def body(self, request_id: str) -> str:
        elements = {"Code": self.code, "Message": self.message, **self.more, "RequestId": request_id}
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'


_BY_STATUS = {
    403: ("AccessDenied", "Access Denied"),
    404: ("NoSuchKey", "The specified key does not exist."),
    500: ("InternalError", "We encountered an internal error. Please try again."),
    503: ("SlowDown", "Please reduce your request rate."),
}


def of_status(status: int) -> StorageError:
    """The usual error of a status; any other status answers with 500's or 403's code."""
    return StorageError(status, *(_BY_STATUS.get(status) or _BY_STATUS[500 if status >= 500 else 403]))


@dataclass(frozen=True)
class Signer:
    """Signs requests, and checks what is asked for against what was signed."""

    secret: bytes = field(repr=False)

    def query(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        now: float,
        expires_seconds: int,
        parameters: Mapping[str, str] | None = None,
    ) -> str:
        """The query of a URL for one method at `path` (encoded as it is), with `headers` (lower case)."""
        day = datetime.fromtimestamp(now, UTC)
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"SIMULATOR/{day:%Y%m%d}/us-east-1/s3/aws4_request",
            "X-Amz-Date": day.strftime(_DATE),
            "X-Amz-Expires": str(expires_seconds),
            "X-Amz-SignedHeaders": ";".join(sorted(headers)),
            **(parameters or {}),
        }
        canonical = _canonical(method, path, query, headers)
        return urlencode({**query, _SIGNATURE: self._signature(canonical)}, quote_via=quote)

    def check(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], now: float
    ) -> None:
        """Raises StorageError 403, or 400 where the query is not that of a presigned URL."""
        if not any(name in query for name in _PARAMETERS):
            raise of_status(403)
        if not all(query.get(name) for name in _PARAMETERS):
            raise StorageError(
                400,
                "AuthorizationQueryParametersError",
                f"Query-string authentication version 4 requires the {', '.join(_PARAMETERS)} parameters.",
            )
        self._check_time(query, now)
        signed = {name: headers.get(name, "") for name in query["X-Amz-SignedHeaders"].split(";")}
        canonical = _canonical(method, path, query, signed)
        if not hmac.compare_digest(self._signature(canonical), query[_SIGNATURE]):
            raise StorageError(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
                {"SignatureProvided": query[_SIGNATURE], "CanonicalRequest": canonical},
            )
        unsigned = sorted(name for name in headers if name.startswith("x-amz-") and name not in signed)
        if unsigned:
            raise StorageError(
                403,
                "AccessDenied",
                "There were headers present in the request which were not signed",
                {"HeadersNotSigned": ", ".join(unsigned)},
            )

    def _check_time(self, query: Mapping[str, str], now: float) -> None:
        try:
            signed_at = datetime.strptime(query["X-Amz-Date"], _DATE).replace(tzinfo=UTC)
            seconds = int(query["X-Amz-Expires"])
        except ValueError as error:
            raise StorageError(
                400, "AuthorizationQueryParametersError", "X-Amz-Date or X-Amz-Expires is malformed."
            ) from error
        expires = signed_at + timedelta(seconds=seconds)
        if now >= expires.timestamp():
            raise StorageError(
                403,
                "AccessDenied",
                "Request has expired",
                {
                    "X-Amz-Expires": str(seconds),
                    "Expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
                    "ServerTime": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}",
                },
            )

    def _signature(self, canonical: str) -> str:
        return hmac.new(self.secret, canonical.encode(), hashlib.sha256).hexdigest()


def _canonical(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    parameters = sorted((name, value) for name, value in query.items() if name != _SIGNATURE)
    lines = [f"{name}:{' '.join(value.split())}" for name, value in sorted(headers.items())]
    return "\n".join([method, path, urlencode(parameters, quote_via=quote), *lines, "UNSIGNED-PAYLOAD"])
