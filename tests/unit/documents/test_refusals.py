"""What S3 answers is told apart by what the caller has to do next."""

from __future__ import annotations

import pytest

from sellerbus.documents.errors import (
    DocumentError,
    RetryableTransferError,
    StorageRefusedError,
    UrlExpiredError,
)
from sellerbus.documents.refusals import refusal

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def xml(code: str, message: str = "", more: str = "") -> bytes:
    return f"{HEAD}<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode()


EXPIRED = xml(
    "AccessDenied",
    "Request has expired",
    "<X-Amz-Expires>300</X-Amz-Expires><Expires>2026-01-01T00:05:00Z</Expires>",
)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, EXPIRED, UrlExpiredError),
        (400, xml("ExpiredToken", "The provided token has expired."), UrlExpiredError),
        (403, xml("ExpiredToken"), UrlExpiredError),
        (403, xml("AccessDenied", "Access Denied"), StorageRefusedError),
        (403, xml("SignatureDoesNotMatch", "The request signature ..."), StorageRefusedError),
        (403, b"", StorageRefusedError),
        (403, b"<html>has expired</html>", StorageRefusedError),
        (404, xml("NoSuchKey"), StorageRefusedError),
        (400, xml("EntityTooLarge"), StorageRefusedError),
        (400, xml("RequestTimeout", "Your socket connection ..."), RetryableTransferError),
        (503, xml("SlowDown", "Please reduce your request rate."), RetryableTransferError),
        (500, xml("InternalError"), RetryableTransferError),
        (502, b"\xff\xfe", RetryableTransferError),
        (429, b"", RetryableTransferError),
        (408, b"", RetryableTransferError),
        (307, xml("TemporaryRedirect"), StorageRefusedError),
        (301, b"", StorageRefusedError),
        (204, b"", StorageRefusedError),
        (206, b"part", StorageRefusedError),
    ],
)
def test_each_answer_has_its_kind(status: int, body: bytes, kind: type[DocumentError]) -> None:
    error = refusal("download", "host", status, body)
    assert type(error) is kind
    assert "host" in str(error)
    assert str(status) in str(error)


def test_status_and_code_are_kept() -> None:
    error = refusal("upload", "host", 403, xml("SignatureDoesNotMatch"))
    assert isinstance(error, StorageRefusedError)
    assert (error.status, error.code) == (403, "SignatureDoesNotMatch")
    assert "Content-Type" in str(error)


def test_a_redirect_is_told_not_to_be_followed() -> None:
    assert "redirects are not followed" in str(refusal("upload", "host", 307, b""))


def test_nothing_but_code_and_message_is_told() -> None:
    body = xml("SignatureDoesNotMatch", "No.", "<CanonicalRequest>X-Amz-Signature=5ec2e7</CanonicalRequest>")
    assert "5ec2e7" not in str(refusal("upload", "host", 403, body))
    said = refusal("upload", "host", 403, xml("Odd", "See https://h/x?X-Amz-Signature=5ec2e7"))
    assert "5ec2e7" not in str(said)
