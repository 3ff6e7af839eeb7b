"""A real account: said first what is worked on, and a first deploy waits for the credentials."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound

from local.real_account import deploy, destroy
from stacks.settings import load_settings
from stacks.settings_model import Settings

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


class FakeAws:
    def __init__(self, *labels: str, refusal: Exception | None = None) -> None:
        self._refusal = refusal
        self._stages = {f"version-{label}": [label] for label in labels}

    def __call__(self, service: str, region: str) -> FakeAws:
        assert region == "eu-west-1"
        assert service in ("secretsmanager", "sts")
        return self

    def get_caller_identity(self) -> dict[str, str]:
        if self._refusal:
            raise self._refusal
        return {"Account": "123456789012"}

    def describe_secret(self, **arguments: str) -> dict[str, Any]:
        assert arguments == {"SecretId": SECRET}
        return {"VersionIdsToStages": self._stages} if self._stages else {}


def settings(**changed: Any) -> Callable[[str], Settings]:
    return lambda _: load_settings("example").model_copy(update={"aws_region": "eu-west-1", **changed})


FOUNDATION = ("deploy", "Foundation", "--context", "stage=prod")
EVERYTHING = ("deploy", "--all", "--context", "stage=prod")


@pytest.fixture(autouse=True)
def clean_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def test_with_the_credentials_in_place_everything_is_deployed() -> None:
    cdk = FakeCdk()

    assert deploy("prod", run=cdk, client_for=FakeAws("AWSCURRENT"), load=settings()) == 0

    assert cdk.commands == [FOUNDATION, EVERYTHING]


@pytest.mark.parametrize("secrets", [FakeAws(), FakeAws("AWSPENDING")], ids=["empty", "pending"])
def test_without_them_only_the_foundation_is_and_the_commands_are_said(
    secrets: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    cdk = FakeCdk()

    assert deploy("prod", run=cdk, client_for=secrets, load=settings()) == 1

    assert cdk.commands == [FOUNDATION]
    said = capsys.readouterr().err
    assert "bin/sellerbus secrets set --stage prod" in said
    assert "make deploy STAGE=prod" in said


def test_a_failed_foundation_ends_it_with_its_code() -> None:
    cdk = FakeCdk(code=3)

    assert deploy("prod", run=cdk, client_for=FakeAws("AWSCURRENT"), load=settings()) == 3

    assert cdk.commands == [FOUNDATION]


def test_a_foundation_without_the_output_is_an_error_that_says_so() -> None:
    with pytest.raises(LookupError, match="LwaCredentialsSecretArn"):
        deploy("prod", run=FakeCdk(outputs={"other": {}}), client_for=FakeAws("AWSCURRENT"), load=settings())


def test_a_deploy_says_first_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    deploy("prod", run=FakeCdk(code=1), client_for=FakeAws(), load=settings())

    assert capsys.readouterr().out == (
        "Deploy stage prod: account 123456789012, region eu-west-1, removal_policy retain\n"
    )


@pytest.mark.parametrize(
    ("policy", "said"), [("retain", "kept: queues, tables"), ("destroy", "nothing is kept")]
)
def test_a_destroy_says_first_what_is_kept_and_then_the_cdk_asks(
    policy: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cdk = FakeCdk()

    assert destroy("prod", run=cdk, client_for=FakeAws(), load=settings(removal_policy=policy)) == 0

    assert cdk.commands == [("destroy", "--all", "--context", "stage=prod")]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Destroy stage prod: account 123456789012, region eu-west-1, ")
    assert said in line


EXPIRED = ClientError({"Error": {"Code": "ExpiredToken", "Message": "it is over"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (NoCredentialsError(), "No AWS credentials were found: set AWS_PROFILE"),
        (EXPIRED, "AWS refused your credentials: ExpiredToken: it is over"),
        (ProfileNotFound(profile="nosuch"), "nosuch"),
    ],
)
@pytest.mark.parametrize("work", [deploy, destroy])
def test_without_usable_credentials_nothing_is_run(
    work: Callable[..., int], refusal: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cdk = FakeCdk()

    assert work("prod", run=cdk, client_for=FakeAws(refusal=refusal), load=settings()) == 1

    assert cdk.commands == []
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("work", [deploy, destroy])
def test_another_account_or_an_emulator_in_the_shell_is_refused(
    work: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cdk = FakeCdk()

    assert work("prod", run=cdk, client_for=FakeAws(), load=settings(account="210987654321")) == 2
    assert "config/prod.yaml says 210987654321" in capsys.readouterr().err

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert work("prod", run=cdk, client_for=FakeAws(), load=settings()) == 2
    assert "AWS_ENDPOINT_URL points at http://127.0.0.1:4566" in capsys.readouterr().err
    assert cdk.commands == []
