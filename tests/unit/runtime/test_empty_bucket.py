"""empty_bucket: what it deletes, when, and how it ends when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.empty_bucket import handler as module
from sellerbus.runtime import bootstrap
from tests.unit.subscriptions.handlers import CloudFormation, Context, event, set_environment

BUCKET = "payloads-of-a-test"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    set_environment(monkeypatch)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_bucket(Bucket=BUCKET)
        monkeypatch.setattr(bootstrap, "aws", lambda service: client)
        yield client


def answer(monkeypatch: pytest.MonkeyPatch, kind: str, *, seconds: float = 120.0, **more: Any) -> Any:
    cloudformation = CloudFormation()
    monkeypatch.setattr(bootstrap, "http", lambda: cloudformation)
    module.handler(event(kind, {"BucketName": BUCKET}, **more), Context(seconds=seconds))  # type: ignore[arg-type]
    (sent,) = cloudformation.answers
    return sent


def count(s3: Any) -> int:
    return int(s3.list_objects_v2(Bucket=BUCKET)["KeyCount"])


def test_only_a_delete_empties_the_bucket_and_twice_is_harmless(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1203):
        s3.put_object(Bucket=BUCKET, Key=f"payloads/{number}.json", Body=b"{}")
    assert answer(monkeypatch, "Create")["Status"] == "SUCCESS"
    assert answer(monkeypatch, "Update", PhysicalResourceId=module.PHYSICAL_ID)["Status"] == "SUCCESS"
    assert count(s3) == 1000
    for _ in range(2):
        assert answer(monkeypatch, "Delete", PhysicalResourceId=module.PHYSICAL_ID)["Status"] == "SUCCESS"
        assert count(s3) == 0


def test_versions_and_delete_markers_go_too(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"first", b"second"):
        s3.put_object(Bucket=BUCKET, Key="feeds/A1/T/overwritten.json", Body=content)
    s3.put_object(Bucket=BUCKET, Key="feeds/A1/T/deleted.json", Body=b"{}")
    s3.delete_object(Bucket=BUCKET, Key="feeds/A1/T/deleted.json")
    before = s3.list_object_versions(Bucket=BUCKET)
    assert (len(before["Versions"]), len(before["DeleteMarkers"])) == (3, 1)

    assert answer(monkeypatch, "Delete", PhysicalResourceId=module.PHYSICAL_ID)["Status"] == "SUCCESS"

    after = s3.list_object_versions(Bucket=BUCKET)
    assert "Versions" not in after
    assert "DeleteMarkers" not in after
    s3.delete_bucket(Bucket=BUCKET)


def test_a_refused_object_fails_with_its_code(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put_object(Bucket=BUCKET, Key="payloads/1.json", Body=b"{}")
    monkeypatch.setattr(s3, "delete_objects", lambda **request: {"Errors": [{"Code": "AccessDenied"}]})
    sent = answer(monkeypatch, "Delete", PhysicalResourceId=module.PHYSICAL_ID)
    assert sent["Status"] == "FAILED"
    assert "AccessDenied" in sent["Reason"]


def test_where_the_time_is_over_it_says_how_to_go_on(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put_object(Bucket=BUCKET, Key="payloads/1.json", Body=b"{}")
    sent = answer(monkeypatch, "Delete", seconds=20.0, PhysicalResourceId=module.PHYSICAL_ID)
    assert sent["Status"] == "FAILED"
    assert "Delete the stack again" in sent["Reason"]
    assert count(s3) == 1
