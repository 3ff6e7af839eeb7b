"""The fake of Secrets Manager beside moto's, and rows that two functions write at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from sellerbus.api.credentials import ClientCredentials
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.task_table import TaskTable
from sellerbus.rotation.rows import RotationStore
from sellerbus.rotation.state import Because, Request, Rotation
from sellerbus.rotation.versions import NoCredentialsError, OtherValueError, SecretVersions
from tests.fake_table import FakeTable
from tests.unit.rotation.world import START, FakeSecretsManager

OLD, NEW = ClientCredentials("client", "the-old-one"), ClientCredentials("client", "the-new-one")
ID = "11111111-1111-5111-8111-111111111111"


@pytest.fixture(params=["fake", "moto"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager with a secret "s" that has OLD."""
    text = json.dumps({"clientId": OLD.client_id, "clientSecret": OLD.client_secret})
    if request.param == "fake":
        fake = FakeSecretsManager(lambda: START)
        fake.put_secret_value(SecretId="s", SecretString=text)
        yield fake.client
        return
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.client("secretsmanager", region_name="us-east-1")
        made.create_secret(Name="s", SecretString=text)
        yield made


def labels(versions: SecretVersions) -> dict[str, str]:
    """Client secrets by label."""
    found: dict[str, str] = {}
    for each in versions.labelled():
        version = versions.find(each.version_id)
        assert version is not None
        found |= dict.fromkeys(each.labels, version.credentials.client_secret)
    return found


def test_from_the_message_to_the_end(client: Any) -> None:
    versions = SecretVersions(client, "s")
    current = versions.current()
    assert current.credentials == OLD
    for _ in range(2):
        versions.store(ID, NEW)
        assert labels(versions) == {"AWSCURRENT": "the-old-one", "AWSPENDING": "the-new-one"}
    versions.mark_pending(ID)
    versions.promote(ID, instead_of=current.version_id)
    # A late copy of the message takes nothing away.
    versions.store(ID, NEW)
    for _ in range(2):
        versions.end_pending(ID)
    assert labels(versions) == {"AWSCURRENT": "the-new-one", "AWSPREVIOUS": "the-old-one"}
    for _ in range(2):
        versions.put_away_previous(current.version_id)
    assert labels(versions) == {"AWSCURRENT": "the-new-one"}


def test_a_version_is_never_written_over(client: Any) -> None:
    versions = SecretVersions(client, "s")
    versions.store(ID, NEW)
    with pytest.raises(OtherValueError) as caught:
        versions.store(ID, ClientCredentials("client", "another"))
    assert "another" not in str(caught.value).replace("another value", "")
    assert labels(versions)["AWSPENDING"] == "the-new-one"


def test_the_label_is_not_taken_from_a_version_that_was_not_expected() -> None:
    """Not held against moto, which moves the label from wherever it is."""
    client = FakeSecretsManager(lambda: START)
    client.put_secret_value(
        SecretId="s", SecretString=json.dumps({"clientId": "client", "clientSecret": "the-old-one"})
    )
    versions = SecretVersions(client.client, "s")
    old = versions.current().version_id
    versions.store(ID, NEW)
    client.put_secret_value(
        SecretId="s", SecretString=json.dumps({"clientId": "client", "clientSecret": "by hand"})
    )
    with pytest.raises(StoreUnavailableError):
        versions.promote(ID, instead_of=old)
    assert labels(versions)["AWSCURRENT"] == "by hand"


@pytest.mark.parametrize("text", ["", "x", "{}", '{"clientId": "c"}'])
def test_a_secret_without_credentials(text: str) -> None:
    fake = FakeSecretsManager(lambda: START)
    if text:
        fake.put_secret_value(SecretId="s", SecretString=text)
    with pytest.raises(NoCredentialsError) as caught:
        SecretVersions(fake.client, "s").current()
    assert caught.value.__cause__ is None


def test_no_error_repeats_what_was_to_be_written() -> None:
    class Refusing(FakeSecretsManager):
        def put_secret_value(self, **request: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutSecretValue")

    with pytest.raises(StoreUnavailableError) as caught:
        SecretVersions(Refusing(lambda: START).client, "s").store(ID, NEW)
    assert "the-new-one" not in repr(caught.value)


def test_a_row_is_read_as_it_was_written() -> None:
    store = RotationStore(TaskTable(FakeTable().client, "t", sleep=lambda _: None))
    request = Request(request_id="r", at=START, because=Because.AGE)
    written = store.change(
        "client", lambda before: before.begun(request).noticed("v", START).having_told(("a b",))
    )
    assert (
        store.read("client")
        == written
        == Rotation(client_id="client", request=request, told_expiry=("v", START), told_troubles=("a b",))
    )
    assert store.read("other") == Rotation(client_id="other")


def test_of_two_requests_at_once_one_is_begun() -> None:
    table = FakeTable()
    store = RotationStore(TaskTable(table.client, "t", sleep=lambda _: None))
    mine, theirs = (Request(request_id=name, at=START, because=Because.AGE) for name in ("mine", "theirs"))
    raced: list[int] = []

    def begin(before: Rotation) -> Rotation:
        if not raced:
            raced.append(1)
            store.change("client", lambda each: each.begun(theirs))
        return before.begun(mine)

    assert store.change("client", begin).request == theirs


def test_a_row_that_others_change_all_the_time_is_given_up_for_now() -> None:
    store = RotationStore(TaskTable(FakeTable().client, "t", sleep=lambda _: None))
    times = iter(range(1, 100))

    def change(before: Rotation) -> Rotation:
        store.change("client", lambda each: each.noticed("v", float(next(times))))
        return before.having_told(("x",))

    with pytest.raises(StoreUnavailableError):
        store.change("client", change)
