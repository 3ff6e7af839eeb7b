"""The inbox bucket against moto's S3: versions, delete markers, side files, writing where nothing stands."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.documents.limits import Limits
from sellerbus.feeds.intake.inbox_bucket import InboxBucket
from sellerbus.feeds.intake.request import LARGEST_SIDE_FILE_BYTES
from sellerbus.feeds.task import Source
from tests.fakes import client_error

KEY = "feeds/A1/T/zażółć 1+2"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket="inbox")
        client.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
        yield client


def test_an_object_tells_of_itself_by_its_version(s3: Any) -> None:
    bucket = InboxBucket(s3, "inbox")
    first = s3.put_object(Bucket="inbox", Key=KEY, Body=b"one", Metadata={"Task-Id": "t-1"})
    s3.put_object(Bucket="inbox", Key=KEY, Body=b"two", ContentType="text/xml")
    old, new = bucket.head(KEY, first["VersionId"]), bucket.head(KEY)
    assert old is not None
    assert new is not None
    assert (old.version_id, old.metadata) == (first["VersionId"], {"task-id": "t-1"})
    assert (new.content_type, new.metadata) == ("text/xml", {})
    assert new.modified_ms > 1_600_000_000_000
    assert '"' not in new.etag


def test_what_is_not_there_or_deleted_is_nothing(s3: Any) -> None:
    bucket = InboxBucket(s3, "inbox")
    assert bucket.head(KEY) is None
    assert bucket.side_file(KEY) is None
    stored = s3.put_object(Bucket="inbox", Key=KEY, Body=b"one")
    marker = s3.delete_object(Bucket="inbox", Key=KEY)
    assert bucket.head(KEY) is None
    assert bucket.side_file(KEY) is None
    assert bucket.head(KEY, marker["VersionId"]) is None
    assert bucket.head(KEY, stored["VersionId"]) is not None


def test_a_side_file_is_read_as_it_is_now_and_not_beyond_its_bound(s3: Any) -> None:
    bucket = InboxBucket(s3, "inbox")
    s3.put_object(Bucket="inbox", Key=KEY, Body=b"{}")
    stored = s3.put_object(Bucket="inbox", Key=KEY, Body=b"x" * (LARGEST_SIDE_FILE_BYTES + 99))
    side = bucket.side_file(KEY)
    assert side is not None
    assert (side.version_id, len(side.content)) == (stored["VersionId"], LARGEST_SIDE_FILE_BYTES + 1)


def test_the_content_of_a_version_is_hashed_unpacked(s3: Any) -> None:
    bucket = InboxBucket(s3, "inbox")
    stored = s3.put_object(Bucket="inbox", Key=KEY, Body=gzip.compress(b"one"))
    s3.put_object(Bucket="inbox", Key=KEY, Body=b"two")
    found = bucket.sha256(Source("inbox", KEY, stored["VersionId"]), Limits())
    assert found == hashlib.sha256(b"one").hexdigest()
    assert bucket.sha256(Source("inbox", f"{KEY}-gone"), Limits()) is None
    assert bucket.sha256(Source("inbox", KEY), Limits(content_bytes=2)) is None


def test_an_object_is_written_where_nothing_stands(s3: Any) -> None:
    bucket = InboxBucket(s3, "inbox")
    assert bucket.write_new(KEY, b"one", "text/xml", {"task-id": "t-1"})
    assert not bucket.write_new(KEY, b"two", "text/plain", {})
    found = bucket.head(KEY)
    assert found is not None
    assert (found.content_type, found.metadata) == ("text/xml", {"task-id": "t-1"})


class Broken:
    """A client whose every call fails alike."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self._error

        return call


@pytest.mark.parametrize(
    "error",
    [client_error("S3", "403"), client_error("S3", "SlowDown"), EndpointConnectionError(endpoint_url="x")],
)
def test_what_s3_does_not_do_now_is_no_missing_object(error: Exception) -> None:
    client: Any = Broken(error)
    bucket = InboxBucket(client, "inbox")
    for call in (
        lambda: bucket.head(KEY),
        lambda: bucket.side_file(KEY),
        lambda: bucket.write_new(KEY, b"", "text/xml", {}),
    ):
        with pytest.raises(StoreUnavailableError):
            call()


class Asked:
    """Answers HeadObject as S3 answers what it can't take: without a word why."""

    def __init__(self, why: str | None) -> None:
        self._why = why

    def head_object(self, **request: Any) -> Any:
        raise client_error("HeadObject", "400")

    def get_object(self, **request: Any) -> Any:
        assert request == {"Bucket": "inbox", "Key": KEY, "VersionId": "none"}
        if self._why:
            raise client_error("GetObject", self._why)
        return {"Body": io.BytesIO(b"x")}


@pytest.mark.parametrize("why", ["InvalidArgument", "InvalidRequest", "KeyTooLongError", "NoSuchVersion"])
def test_what_can_never_be_read_is_not_there(why: str) -> None:
    client: Any = Asked(why)
    assert InboxBucket(client, "inbox").head(KEY, "none") is None


@pytest.mark.parametrize("why", ["ExpiredToken", "SlowDown", None])
def test_what_can_be_read_another_time_is_no_missing_object(why: str | None) -> None:
    client: Any = Asked(why)
    with pytest.raises(StoreUnavailableError):
        InboxBucket(client, "inbox").head(KEY, "none")
