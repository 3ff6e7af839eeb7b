"""The application's credentials: read, kept for a while, and clear about what is missing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sellerbus.api.credentials import ClientCredentials, SecretCredentials
from sellerbus.api.errors import CredentialsError, RetryableError
from tests.unit.api.wire import Time

GOOD = '{"clientId": "amzn1.application-oa2-client.1", "clientSecret": " s3cret "}'


class NotThereError(Exception):
    pass


class Exceptions:
    ResourceNotFoundException = NotThereError


@dataclass
class Secrets:
    value: str | None
    previous: str | None = None
    pending: str | None = None
    reads: int = 0
    fault: Exception | None = None
    exceptions: Any = field(default_factory=Exceptions)

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:
        self.reads += 1
        if self.fault is not None:
            raise self.fault
        value = {"AWSCURRENT": self.value, "AWSPENDING": self.pending, "AWSPREVIOUS": self.previous}[
            VersionStage
        ]
        if value is None:
            raise NotThereError
        return {"SecretString": value} if value else {}


def source(secrets: Secrets, time: Time | None = None, notices: list[str] | None = None) -> SecretCredentials:
    return SecretCredentials(
        secrets=secrets,
        secret_id="arn:x",
        mend="sellerbus secrets set --stage s",
        clock=(time or Time()).clock,
        notice=(notices if notices is not None else []).append,
    )


def test_reads_and_trims() -> None:
    assert source(Secrets(GOOD)).current() == ClientCredentials("amzn1.application-oa2-client.1", "s3cret")


def test_kept_for_five_minutes() -> None:
    time, secrets = Time(), Secrets(GOOD)
    credentials = source(secrets, time)
    credentials.current()
    time.now += 299
    credentials.current()
    assert secrets.reads == 1
    time.now += 2
    credentials.current()
    assert secrets.reads == 2


def test_read_anew_when_asked_or_when_the_clock_went_back() -> None:
    time, secrets = Time(), Secrets(GOOD)
    credentials = source(secrets, time)
    credentials.current()
    credentials.current(fresh=True)
    assert secrets.reads == 2
    time.now -= 10
    credentials.current()
    assert secrets.reads == 3


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_value_names_the_command(value: str | None) -> None:
    with pytest.raises(
        CredentialsError, match=r"arn:x has no value yet. Run: sellerbus secrets set --stage s"
    ):
        source(Secrets(value)).current()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue"), "ThrottlingException"),
        (EndpointConnectionError(endpoint_url="https://secrets.test"), "EndpointConnectionError"),
    ],
)
def test_a_secret_that_cannot_be_read_now_is_a_matter_of_a_repeat(fault: Exception, code: str) -> None:
    with pytest.raises(RetryableError, match=rf"arn:x could not be read \({code}\)"):
        source(Secrets(GOOD, fault=fault)).current()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("s3cret-not-json", "is not JSON"),
        ('["s3cret"]', "is not a JSON object"),
        ('{"clientId": "a"}', "lacks the key clientSecret"),
        ('{"clientId": "", "clientSecret": "s3cret"}', "lacks the key clientId"),
        ('{"clientId": 5, "clientSecret": "s3cret"}', "lacks the key clientId"),
    ],
)
def test_a_malformed_value_is_described_but_not_shown(value: str, what: str) -> None:
    with pytest.raises(CredentialsError, match=what) as caught:
        source(Secrets(value)).current()
    assert "s3cret" not in str(caught.value)
    assert "sellerbus secrets set" in str(caught.value)


def test_the_secret_is_not_in_the_representation() -> None:
    assert "s3cret" not in repr(ClientCredentials("id", "s3cret"))


def written(secret: str, client: str = "c-1") -> str:
    return json.dumps({"clientId": client, "clientSecret": secret})


def test_a_refused_secret_is_read_again_then_its_previous_value_is_tried() -> None:
    secrets = Secrets(written("old"))
    credentials = source(secrets)
    refused = credentials.current()
    secrets.value, secrets.previous = written("new"), written("older")
    assert [other.client_secret for other in credentials.instead_of(refused)] == ["new", "older"]
    secrets.previous = written("old")
    assert [other.client_secret for other in credentials.instead_of(refused)] == ["new"]


@pytest.mark.parametrize("previous", [None, "", "s3cret-not-json", written("older", "c-2"), written("old")])
def test_without_a_previous_value_of_the_same_application_there_is_nothing_to_try(
    previous: str | None,
) -> None:
    credentials = source(Secrets(written("old"), previous))
    assert list(credentials.instead_of(credentials.current())) == []


def test_the_previous_value_is_of_the_application_that_is_written_now() -> None:
    secrets = Secrets(written("old", "c-1"))
    credentials = source(secrets)
    refused = credentials.current()
    secrets.value, secrets.previous = written("new", "c-2"), written("older", "c-1")
    assert [other.client_id for other in credentials.instead_of(refused)] == ["c-2"]


def test_what_was_taken_is_kept_for_five_minutes_and_the_operator_told() -> None:
    time, notices = Time(), list[str]()
    credentials = source(Secrets(written("bad"), written("good")), time, notices)
    (previous,) = credentials.instead_of(credentials.current())
    assert notices == []
    credentials.keep(previous)
    assert credentials.current() == previous
    (notice,) = notices
    assert "refuses the client secret in arn:x" in notice
    assert "sellerbus secrets set --stage s" in notice
    assert "good" not in notice.replace("the good one", "")
    time.now += 299
    assert credentials.current() == previous
    time.now += 2
    assert credentials.current().client_secret == "bad"


def test_nobody_is_told_where_the_secret_was_merely_newer() -> None:
    notices: list[str] = []
    secrets = Secrets(written("old"))
    credentials = source(secrets, notices=notices)
    refused = credentials.current()
    secrets.value = written("new")
    (newest,) = credentials.instead_of(refused)
    credentials.keep(newest)
    assert credentials.current() == newest
    assert notices == []


def test_a_kept_previous_value_that_is_refused_gives_way_to_the_current_one() -> None:
    credentials = source(Secrets(written("bad"), written("good")))
    (previous,) = credentials.instead_of(credentials.current())
    credentials.keep(previous)
    assert [other.client_secret for other in credentials.instead_of(previous)] == ["bad"]


def secret(value: str, client_id: str = "client-1") -> str:
    return json.dumps({"clientId": client_id, "clientSecret": value})


def test_a_refused_secret_is_stood_in_for_by_the_new_one_and_then_by_the_previous_one() -> None:
    secrets = Secrets(secret("current"), previous=secret("previous"), pending=secret("pending"))
    credentials = source(secrets)
    found = [each.client_secret for each in credentials.instead_of(credentials.current())]
    assert found == ["pending", "previous"]


@pytest.mark.parametrize(
    ("pending", "previous", "found"),
    [
        # Each value once: a label may still lie on the secret in use.
        (secret("current"), secret("previous"), ["previous"]),
        (secret("other"), secret("other"), ["other"]),
        # Another application's sellers are not ours, and what is garbled is of no use.
        (secret("pending", "client-2"), "{", []),
        (None, None, []),
    ],
)
def test_only_what_may_help_is_tried(pending: str | None, previous: str | None, found: list[str]) -> None:
    credentials = source(Secrets(secret("current"), previous=previous, pending=pending))
    tried = [each.client_secret for each in credentials.instead_of(credentials.current())]
    assert tried == found


def test_what_stands_in_is_told_each_time_and_kept_for_five_minutes() -> None:
    time, notices = Time(), list[str]()
    secrets = Secrets(secret("current"), pending=secret("pending"))
    credentials = source(secrets, time, notices)
    (stand_in,) = credentials.instead_of(credentials.current())
    credentials.keep(stand_in)
    assert credentials.current() == stand_in
    assert len(notices) == 1
    assert "pending" not in notices[0]
    time.now += 301
    assert credentials.current().client_secret == "current"
