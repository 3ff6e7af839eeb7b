"""Uploads to destinations on real connections: the PUT with exactly its headers, and the form."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from sellerbus.documents.destinations import DestinationStorage
from sellerbus.documents.errors import (
    RetryableTransferError,
    StorageRefusedError,
    UrlExpiredError,
    UrlRefusedError,
)
from sellerbus.documents.presigned import DocumentHosts
from sellerbus.documents.storage import PresignedStorage
from tests.unit.documents.test_refusals import EXPIRED
from tests.unit.documents.test_storage import OK, Scene, Server, answer
from tests.unit.documents.wire import Answer, answering

PUT_PATH = (
    "/buyer-seller-messaging/%2F067/5d4e42b5?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900"
    "&X-Amz-SignedHeaders=content-md5%3Bhost%3Bx-amz-server-side-encryption&X-Amz-Signature=5ec2e7"
)
HEADERS = {"Content-MD5": "1jnGuPv7xwPiat6NesKL/w==", "x-amz-server-side-encryption": "aws:kms"}
POLICY = base64.b64encode(json.dumps({"conditions": [{"key": "sc/7a.png"}], "x": "~~~???"}).encode()).decode()
FORM_FIELDS = {
    "x-amz-date": "20201116T184623Z",
    "x-amz-signature": "5ec2e7",
    "x-amz-meta-owner": "A2CZ04NGKYDXDV",
    "acl": "private",
    "key": "sc/7ae2d3b1-fdd3-42c4-98c4-9cc509fb95d8.png",
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "policy": POLICY,
    "x-amz-credential": "AKIA6L6R7QE56F6GMG5E/20201116/us-east-1/s3/aws4_request",
}
# Not encoded, as the guide shows the URL of A+ content.
FORM_PATH = "/?" + "&".join(f"{name}={value}" for name, value in FORM_FIELDS.items())
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    try:
        yield scene
    finally:
        scene.session.close()
        for server in scene.servers:
            server.close()


def storage(scene: Scene, server: Server) -> DestinationStorage:
    return DestinationStorage(PresignedStorage(scene.session, DocumentHosts([server.host])))


def test_a_put_has_exactly_the_headers_that_are_signed(scene: Scene) -> None:
    server = scene.server(OK)
    content = bytes(range(256)) * 100
    storage(scene, server).upload(f"http://{server.host}{PUT_PATH}", HEADERS, content, "a.png")
    first, *lines = server.head.decode().split("\r\n")
    assert first == f"PUT {PUT_PATH} HTTP/1.1"
    sent = {line.partition(": ")[0].lower() for line in lines}
    # What beside the signed ones every request has. A Content-Type would be stored with the object.
    assert sent == {
        "host", "content-md5", "x-amz-server-side-encryption",
        "content-length", "accept-encoding", "user-agent",
    }  # fmt: skip
    assert {name: server.header(name.lower()) for name in HEADERS} == HEADERS
    assert server.body == content


def test_an_empty_file_has_a_length_too(scene: Scene) -> None:
    server = scene.server(OK)
    storage(scene, server).upload(f"http://{server.host}{PUT_PATH}", HEADERS, b"", "a.txt")
    assert server.header("content-length") == "0"
    assert server.header("transfer-encoding") == ""


def test_a_url_with_a_policy_gets_a_form(scene: Scene) -> None:
    server = scene.server(NO_CONTENT)
    assert "+" in POLICY
    content = b"\x89PNG\r\n--\r\n\x00"
    storage(scene, server).upload(f"http://{server.host}{FORM_PATH}", HEADERS, content, 'x"\r\ny.png')
    assert server.head.split(b"\r\n")[0] == b"POST / HTTP/1.1"
    assert server.header("content-length") == str(len(server.body))
    # S3 would compare it with the whole form.
    assert server.header("content-md5") == ""
    head = f"Content-Type: {server.header('content-type')}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + server.body)
    parts = list(form.iter_parts())
    names = [part.get_param("name", header="content-disposition") for part in parts]
    # The file comes last: S3 ignores what stands after it.
    assert names == [*FORM_FIELDS, "file"]
    assert {
        name: part.get_content().rstrip("\r\n") for name, part in zip(names, parts[:-1], strict=False)
    } == (FORM_FIELDS)
    assert parts[-1].get_payload(decode=True) == content
    assert parts[-1].get_filename() == "x%22%0D%0Ay.png"


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "204 No Content"])
def test_a_form_is_taken_with_any_of_s3s_successes(scene: Scene, status: str) -> None:
    server = scene.server(answer(b"", status=status))
    storage(scene, server).upload(f"http://{server.host}{FORM_PATH}", {}, b"x", "a.png")
    assert server.requests == 1


def test_a_put_has_one_success_only(scene: Scene) -> None:
    server = scene.server(NO_CONTENT)
    with pytest.raises(StorageRefusedError):
        storage(scene, server).upload(f"http://{server.host}{PUT_PATH}", HEADERS, b"x", "a.png")


def test_a_form_with_a_field_twice_is_not_sent() -> None:
    wire = answering(Answer(204))
    url = "https://aplus-media.s3.amazonaws.com/?policy=a&key=x&key=y"
    with pytest.raises(UrlRefusedError, match="twice"):
        DestinationStorage(wire.presigned()).upload(url, {}, b"x", "a.png")
    assert wire.sent == []


@pytest.mark.parametrize("path", [PUT_PATH, FORM_PATH])
def test_no_other_host_is_written_to(path: str) -> None:
    wire = answering(Answer(200))
    with pytest.raises(UrlRefusedError, match="no host of S3"):
        DestinationStorage(wire.presigned()).upload(f"https://evil.test{path}", {}, b"x", "a.png")
    assert wire.sent == []


def s3_error(code: str, message: str = "No.") -> bytes:
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, s3_error("InvalidDigest"), StorageRefusedError),
        (400, s3_error("BadDigest"), StorageRefusedError),
        (403, s3_error("SignatureDoesNotMatch"), StorageRefusedError),
        (403, EXPIRED, UrlExpiredError),
        (503, s3_error("SlowDown"), RetryableTransferError),
    ],
)
def test_refusals_are_told_apart(status: int, body: bytes, error: type[Exception]) -> None:
    wire = answering(Answer(status, body))
    with pytest.raises(error) as raised:
        DestinationStorage(wire.presigned()).upload(
            f"https://s3.amazonaws.com{PUT_PATH}", HEADERS, b"secret content", "secret-name.txt"
        )
    told = str(raised.value)
    assert len(wire.sent) == 1
    # Its advice for documents of feeds would lead astray.
    assert "createFeedDocument" not in told
    assert not any(secret in told for secret in ("5ec2e7", "secret content", "secret-name"))
