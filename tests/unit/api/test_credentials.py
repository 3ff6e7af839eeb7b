"""The application's credentials: read, kept for a while, and clear about what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sellerbus.api.credentials import ClientCredentials, SecretCredentials
from sellerbus.api.errors import CredentialsError
from tests.unit.api.wire import Time

GOOD = '{"clientId": "amzn1.application-oa2-client.1", "clientSecret": " s3cret "}'


class NotThereError(Exception):
    pass


class Exceptions:
    ResourceNotFoundException = NotThereError


@dataclass
class Secrets:
    value: str | None
    reads: int = 0
    exceptions: Any = field(default_factory=Exceptions)

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        self.reads += 1
        if self.value is None:
            raise NotThereError
        return {"SecretString": self.value} if self.value else {}


def source(secrets: Secrets, time: Time | None = None) -> SecretCredentials:
    return SecretCredentials(
        secrets=secrets,
        secret_id="arn:x",
        mend="sellerbus secrets set --stage s",
        clock=(time or Time()).clock,
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
