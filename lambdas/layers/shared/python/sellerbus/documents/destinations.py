"""Uploads a file to a destination of the Uploads API: by PUT, or as a form where the URL holds a policy.

Source: "Uploading objects with presigned URLs", Amazon S3 user guide; "Browser-based uploads using POST",
Amazon S3 API reference. A+ content has URLs of the second form.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from sellerbus.documents.errors import UrlRefusedError
from sellerbus.documents.presigned import host_of
from sellerbus.documents.storage import PresignedStorage

_PUT_SUCCESS: Final = frozenset({200})
# 204 where the form doesn't ask for another.
_FORM_SUCCESS: Final = frozenset({200, 201, 204})


class DestinationStorage:
    """Raises UrlRefusedError, UrlExpiredError (ask for another destination), RetryableTransferError and
    StorageRefusedError. A repeat does no harm.
    """

    def __init__(self, storage: PresignedStorage) -> None:
        self._storage = storage

    def upload(self, url: str, headers: Mapping[str, str], content: bytes, file_name: str) -> None:
        """Upload `content` to a destination's `url`.

        headers: the destination's, which the URL's signature holds. A form takes none of them: its
        Content-MD5 would be that of the whole form, and S3 refuses fields that the policy doesn't name.
        """
        fields = _fields(url)
        if all(name.lower() != "policy" for name, _ in fields):
            self._storage.send("PUT", url, content, headers=headers, success=_PUT_SUCCESS)
            return
        if len(dict(fields)) < len(fields):
            raise UrlRefusedError(f"the upload's URL on {host_of(url)} is refused: it has a field twice")
        boundary = secrets.token_hex(16)
        self._storage.send(
            "POST",
            url.partition("?")[0],
            form(dict(fields), content, file_name, boundary),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            success=_FORM_SUCCESS,
        )


def form(fields: Mapping[str, str], content: bytes, file_name: str, boundary: str) -> bytes:
    """Return a multipart/form-data body (RFC 7578). S3 ignores what stands after the file."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(file_name)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    """As the HTML standard quotes names in forms."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _fields(url: str) -> list[tuple[str, str]]:
    # Not as a form is read: the policy is base64, and Amazon leaves its plus signs as they are.
    pairs = (pair.partition("=") for pair in url.partition("?")[2].split("&"))
    return [(unquote(name), unquote(value)) for name, _, value in pairs]
