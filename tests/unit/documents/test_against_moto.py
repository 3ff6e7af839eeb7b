"""The fake S3 is held against moto's: boto3 takes what the transfers give it, and answers what they read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sellerbus.documents.errors import SourceChangedError
from sellerbus.documents.objects import ObjectLocation, ObjectWriter, reading

LOCATION = ObjectLocation("documents", "feeds/A1/x.json")
PART_BYTES = 5 << 20


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="documents")
        yield client


def content_of(length: int) -> bytes:
    return (bytes(range(256)) * (length // 256 + 1))[:length]


@pytest.mark.parametrize("length", [0, 1000, 2 * PART_BYTES + 1])
def test_what_is_written_is_read(s3: Any, length: int) -> None:
    content = content_of(length)
    with ObjectWriter(s3, LOCATION, more={"ContentType": "text/xml"}, part_bytes=PART_BYTES) as writer:
        writer.write(content)
    with reading(s3, LOCATION, etag=writer.etag) as opened:
        assert b"".join(opened.chunks) == content
    assert opened.etag == writer.etag
    assert s3.head_object(Bucket="documents", Key=LOCATION.key)["ContentType"] == "text/xml"
    with pytest.raises(SourceChangedError), reading(s3, LOCATION, etag='"another"'):
        pass


def test_a_cancelled_writing_leaves_nothing(s3: Any) -> None:
    with (  # noqa: PT012
        pytest.raises(KeyError),
        ObjectWriter(s3, LOCATION, part_bytes=PART_BYTES) as writer,
    ):
        writer.write(content_of(3 * PART_BYTES))
        raise KeyError
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="documents")
    assert s3.list_objects_v2(Bucket="documents")["KeyCount"] == 0
    with pytest.raises(SourceChangedError), reading(s3, LOCATION):
        pass
