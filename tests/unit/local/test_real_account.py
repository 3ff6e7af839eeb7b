"""A first deploy into a real account stops, with the mending commands, until the credentials are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from local.real_account import deploy

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:LwaCredentials-x"


class FakeCdk:
    """Remembers the commands; the foundation's deploy writes its outputs."""

    def __init__(self, *, code: int = 0, outputs: dict[str, Any] | None = None) -> None:
        self.commands: list[tuple[str, ...]] = []
        self._code = code
        self._outputs = {"foundation": {"LwaCredentialsSecretArn": SECRET}} if outputs is None else outputs

    def __call__(self, arguments: Sequence[str]) -> int:
        arguments = tuple(arguments)
        if "--outputs-file" in arguments:
            Path(arguments[-1]).write_text(json.dumps(self._outputs), encoding="utf-8")
            arguments = arguments[:-2]
        self.commands.append(arguments)
        return self._code


class FakeSecrets:
    def __init__(self, *labels: str) -> None:
        self._stages = {f"version-{label}": [label] for label in labels}

    def __call__(self, service: str, region: str) -> FakeSecrets:
        assert (service, region) == ("secretsmanager", "eu-west-1")
        return self

    def describe_secret(self, **arguments: str) -> dict[str, Any]:
        assert arguments == {"SecretId": SECRET}
        return {"VersionIdsToStages": self._stages} if self._stages else {}


FOUNDATION = ("deploy", "Foundation", "--context", "stage=prod")
EVERYTHING = ("deploy", "--all", "--context", "stage=prod")


def test_with_the_credentials_in_place_everything_is_deployed() -> None:
    cdk = FakeCdk()

    assert deploy("prod", run=cdk, client_for=FakeSecrets("AWSCURRENT")) == 0

    assert cdk.commands == [FOUNDATION, EVERYTHING]


@pytest.mark.parametrize("secrets", [FakeSecrets(), FakeSecrets("AWSPENDING")], ids=["empty", "pending"])
def test_without_them_only_the_foundation_is_and_the_commands_are_said(
    secrets: FakeSecrets, capsys: pytest.CaptureFixture[str]
) -> None:
    cdk = FakeCdk()

    assert deploy("prod", run=cdk, client_for=secrets) == 1

    assert cdk.commands == [FOUNDATION]
    said = capsys.readouterr().err
    assert "bin/sellerbus secrets set --stage prod" in said
    assert "make deploy STAGE=prod" in said


def test_a_failed_foundation_ends_it_with_its_code() -> None:
    cdk = FakeCdk(code=3)

    assert deploy("prod", run=cdk, client_for=FakeSecrets("AWSCURRENT")) == 3

    assert cdk.commands == [FOUNDATION]


def test_a_foundation_without_the_output_is_an_error_that_says_so() -> None:
    with pytest.raises(LookupError, match="LwaCredentialsSecretArn"):
        deploy("prod", run=FakeCdk(outputs={"other": {}}), client_for=FakeSecrets("AWSCURRENT"))
