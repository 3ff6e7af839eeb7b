"""The Uploads API 2020-11-01 in this project's words: a place in Amazon's storage for one file.

Source: Amazon's model uploads_2020-11-01.json. Its example of contentMD5 is the digest in hexadecimal,
which S3 refuses.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sellerbus.api import operations
from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.caller import Caller, malformed
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Query

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[!-~]([ !-~]*[!-~])?")


@dataclass(frozen=True)
class UploadDestination:
    """Where to upload to. url: a credential of 15 minutes' life. headers: to be sent exactly as they are."""

    destination_id: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def content_md5(content: bytes) -> str:
    """Return Content-MD5 as RFC 1864 has it: base64 of the digest's 16 bytes."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


class UploadsApi:
    """One seller's uploads. Every method raises what the client raises (sellerbus.api.errors)."""

    def __init__(self, client: Caller, seller: SellerGrant) -> None:
        self._client = client
        self._seller = seller

    def book(self, count: int, most_seconds: float) -> Booking:
        """Reserve the turns of `count` destinations, the last of them due within `most_seconds`.

        Raises ThrottledError: then nothing is reserved.
        """
        return self._client.book(
            operations.CREATE_UPLOAD_DESTINATION,
            seller=self._seller,
            count=count,
            most_seconds=most_seconds,
        )

    def create_destination(
        self, resource: str, marketplace_id: str, md5: str, content_type: str = ""
    ) -> UploadDestination:
        """Make a destination for one file. A repeat does no harm.

        resource: the path of the operation that will use the file, without a leading slash. md5: see
            `content_md5`. content_type: only A+ content needs it.
        """
        operation = operations.CREATE_UPLOAD_DESTINATION
        query: Query = {
            "marketplaceIds": [marketplace_id],
            "contentMD5": md5,
            **({"contentType": content_type} if content_type else {}),
        }
        answer = self._client.call(operation, seller=self._seller, path={"resource": resource}, query=query)
        payload = answer.body.get("payload")
        if not isinstance(payload, Mapping):
            raise malformed(operation, answer, "payload is missing")
        return UploadDestination(
            _text(answer, payload, "uploadDestinationId"),
            _text(answer, payload, "url"),
            _headers(answer, payload),
        )


def _text(answer: Answer, payload: Mapping[str, object], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        raise malformed(operations.CREATE_UPLOAD_DESTINATION, answer, f"{name} is missing")
    return value


def _headers(answer: Answer, payload: Mapping[str, object]) -> dict[str, str]:
    headers = payload.get("headers") or {}
    if not isinstance(headers, Mapping) or not all(
        isinstance(value, str) and _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)
        for name, value in headers.items()
    ):
        raise malformed(operations.CREATE_UPLOAD_DESTINATION, answer, "headers are no object of texts")
    return dict(headers)
