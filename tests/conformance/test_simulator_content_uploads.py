"""Uploads of A+ content to the simulated storage: forms under a policy, which answers as S3 does."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.unit.simulator.amazon import START, Amazon, amazon
from tests.unit.simulator.message_scene import (
    MessageScene,
    md5,
    refusal,
    set_message_scene,
)
from tests.unit.simulator.selling_models import check

CREATE = "uploads/2020-11-01/createUploadDestinationForResource"
CONTENT_DOCUMENTS = "aplus/2020-11-01/contentDocuments"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def content_document(scene: MessageScene, content: bytes) -> tuple[str, dict[str, str]]:
    """Where a file of A+ content goes, and the fields of the form."""
    answer = scene.destination(content, resource=CONTENT_DOCUMENTS, contentType="image/png")
    payload = check(CREATE, answer)["payload"]
    assert payload["headers"] == {"Content-MD5": md5(content)}
    assert payload["uploadDestinationId"].startswith("aplus-media/sc/")
    assert payload["uploadDestinationId"].endswith(".png")
    url = urlsplit(payload["url"])
    fields = dict(parse_qsl(url.query, strict_parsing=True))
    assert set(fields) == {
        *("x-amz-date", "x-amz-signature", "x-amz-meta-owner", "acl", "key", "x-amz-algorithm", "policy"),
        "x-amz-credential",
    }
    return f"{url.scheme}://{url.netloc}{url.path}", fields


@pytest.mark.parametrize("size", [1, 200_000, 3 * 1024 * 1024])
def test_content_documents_are_uploaded_by_a_form(scene: MessageScene, size: int) -> None:
    ending = b"\r\n--\x0b\x1c\r"
    content = (random.Random(5).randbytes(size) + ending)[-size:]  # noqa: S311 - any bytes do
    url, fields = content_document(scene, content)
    answer = scene.amazon.session.post(url, data=fields, files={"file": ("a.png", content)}, timeout=20)
    assert (answer.status_code, answer.content) == (204, b"")
    [upload] = scene.uploads()
    assert (upload["sizeBytes"], upload["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("changed", "size", "status", "code", "words"),
    [
        ({"acl": "public-read"}, 1, 403, "AccessDenied", "Policy Condition failed"),
        ({"acl": None}, 1, 403, "AccessDenied", "Policy Condition failed"),
        ({"Content-MD5": "x"}, 1, 403, "AccessDenied", "Extra input fields: content-md5"),
        ({"policy": None}, 1, 403, "AccessDenied", "Access Denied"),
        ({"x-amz-signature": "0"}, 1, 403, "SignatureDoesNotMatch", "signature"),
        ({"key": None}, 1, 400, "InvalidArgument", "field named 'key'"),
        ({}, 0, 400, "EntityTooSmall", "smaller than the minimum"),
        ({}, 3 * 1024 * 1024 + 1, 400, "EntityTooLarge", "exceeds the maximum"),
        ({}, 7 * 1024 * 1024, 400, "EntityTooLarge", "exceeds the maximum"),
    ],
)
def test_forms_that_s3_refuses(
    scene: MessageScene, changed: dict[str, str | None], size: int, status: int, code: str, words: str
) -> None:
    url, fields = content_document(scene, b"x")
    given = {name: value for name, value in {**fields, **changed}.items() if value is not None}
    file = ("a.png", b"x" * size)
    answer = scene.amazon.session.post(url, data=given, files={"file": file}, timeout=20)
    assert refusal(answer)[:2] == (status, code)
    assert words in answer.text
    assert [upload["uploads"] for upload in scene.uploads()] == [0]


def test_forms_that_are_none_or_too_late(scene: MessageScene) -> None:
    url, fields = content_document(scene, b"x")
    session = scene.amazon.session
    assert refusal(session.post(url, data=fields, timeout=20))[:2] == (412, "PreconditionFailed")
    bad = session.post(
        url, data=b"x", headers={"Content-Type": "multipart/form-data; boundary=b"}, timeout=20
    )
    assert refusal(bad)[:2] == (400, "MalformedPOSTRequest")
    without = session.post(url, files={name: (None, value) for name, value in fields.items()}, timeout=20)
    assert refusal(without)[:2] == (400, "InvalidArgument")
    put = session.put(f"{url}?policy={fields['policy']}", data=b"x", timeout=20)
    assert refusal(put)[:2] == (403, "AccessDenied"), "it takes no PUT"
    scene.amazon.clock.now = START + 3 * 3600
    late = session.post(url, data=fields, files={"file": b"x"}, timeout=20)
    assert refusal(late) == (403, "AccessDenied", "Invalid according to Policy: Policy expired.")
