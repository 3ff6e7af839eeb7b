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
from stacks.settings_model import StageSettings

SECRET = "arn:aws:secretsmanager:{}:123456789012:secret:LwaCredentials-x"
AWS_REGIONS = {"na": "us-east-1", "eu": "eu-west-1", "fe": "us-west-2"}


class FakeCdk:
    """Remembers the commands; a deploy writes the outputs of the stacks that it makes."""

    def __init__(self, *, code: int = 0, outputs: dict[str, Any] | None = None, source: str = "") -> None:
        self.commands: list[tuple[str, ...]] = []
        self._code = code
        self._outputs = outputs
        self._source = source

    def __call__(self, arguments: Sequence[str]) -> int:
        arguments = tuple(arguments)
        if "--outputs-file" in arguments:
            file, arguments = Path(arguments[-1]), arguments[:-2]
            if self._code == 0:
                file.write_text(json.dumps(self._made() if self._outputs is None else self._outputs), "utf-8")
        self.commands.append(arguments)
        return self._code

    def _made(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for region, aws_region in AWS_REGIONS.items():
            secret = SECRET.format(aws_region)
            made[f"sellerbus-prod-{region}-foundation"] = {"LwaCredentialsSecretArn": secret}
            made[f"sellerbus-prod-{region}-notifications"] = (
                {"PartnerEventSourceName": self._source} if self._source else {}
            )
        return made


class FakeAws:
    """An account whose secrets have a version with this label in the AWS regions named, by default in all."""

    def __init__(
        self,
        *labels: str,
        filled: Sequence[str] | None = None,
        refusal: Exception | None = None,
        bootstrap: str = "",
    ) -> None:
        self._refusal = refusal
        self._labels = labels
        self._filled = filled
        self._bootstrap = bootstrap
        self._region = ""

    def __call__(self, service: str, region: str) -> FakeAws:
        assert service in ("secretsmanager", "sts", "ssm")
        assert region in AWS_REGIONS.values()
        there = FakeAws(*self._labels, filled=self._filled, refusal=self._refusal, bootstrap=self._bootstrap)
        there._region = region
        return there

    def get_caller_identity(self) -> dict[str, str]:
        if self._refusal:
            raise self._refusal
        return {"Account": "123456789012"}

    def get_parameter(self, **arguments: str) -> dict[str, Any]:
        assert arguments == {"Name": "/cdk-bootstrap/hnb659fds/version"}
        if self._bootstrap:
            raise ClientError({"Error": {"Code": self._bootstrap, "Message": "no"}}, "GetParameter")
        return {}

    def describe_secret(self, **arguments: str) -> dict[str, Any]:
        assert arguments == {"SecretId": SECRET.format(self._region)}
        if not self._labels or (self._filled is not None and self._region not in self._filled):
            return {}
        return {"VersionIdsToStages": {f"version-{label}": [label] for label in self._labels}}


def settings(*regions: str, **changed: Any) -> Callable[[str], StageSettings]:
    (example,) = load_settings("example", environment={}).cells
    cells = tuple(
        example.model_copy(update={"region": region, "aws_region": AWS_REGIONS[region], **changed})
        for region in regions or ("eu",)
    )
    return lambda _: StageSettings(cells)


FOUNDATION = ("deploy", "EuFoundation", "--context", "stage=prod")
FOUNDATIONS = ("deploy", "NaFoundation", "EuFoundation", "FeFoundation", "--context", "stage=prod")
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


def test_all_foundations_come_first_and_all_else_in_one_go() -> None:
    cdk = FakeCdk()

    assert deploy("prod", run=cdk, client_for=FakeAws("AWSCURRENT"), load=settings("na", "eu", "fe")) == 0

    assert cdk.commands == [FOUNDATIONS, EVERYTHING]


def test_one_empty_secret_stops_the_rest_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    cdk, aws = FakeCdk(), FakeAws("AWSCURRENT", filled=["us-east-1", "us-west-2"])

    assert deploy("prod", run=cdk, client_for=aws, load=settings("na", "eu", "fe")) == 1

    assert cdk.commands == [FOUNDATIONS]
    said = capsys.readouterr().err
    assert f"eu: {SECRET.format('eu-west-1')}" in said
    assert "na: arn" not in said
    assert "the first command writes to every region" in said


def test_an_aws_region_that_is_not_prepared_is_told_how(capsys: pytest.CaptureFixture[str]) -> None:
    unprepared = FakeAws("AWSCURRENT", bootstrap="ParameterNotFound")

    deploy("prod", run=FakeCdk(), client_for=unprepared, load=settings("na", "eu"))

    said = capsys.readouterr().err
    for aws_region in ("us-east-1", "eu-west-1"):
        assert f'cdk bootstrap aws://123456789012/{aws_region} --app ""' in said


@pytest.mark.parametrize("code", ["", "AccessDeniedException"])
def test_nothing_is_said_of_one_that_is_prepared_or_not_to_be_seen(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy("prod", run=FakeCdk(), client_for=FakeAws("AWSCURRENT", bootstrap=code), load=settings())

    assert "bootstrap" not in capsys.readouterr().err


def test_the_partner_event_source_is_named_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    source = "aws.partner/sellingpartnerapi.amazon.com/123456789012/amzn1.sellerapps.app.example"

    deploy("prod", run=FakeCdk(source=source), client_for=FakeAws("AWSCURRENT"), load=settings())
    assert source in capsys.readouterr().out

    deploy("prod", run=FakeCdk(), client_for=FakeAws("AWSCURRENT"), load=settings())
    assert "partner event source" not in capsys.readouterr().out


def test_a_failed_foundation_ends_it_with_its_code() -> None:
    cdk = FakeCdk(code=3)

    assert deploy("prod", run=cdk, client_for=FakeAws("AWSCURRENT"), load=settings()) == 3

    assert cdk.commands == [FOUNDATION]


def test_a_foundation_without_the_output_is_an_error_that_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cdk = FakeCdk(outputs={"other": {}})

    assert deploy("prod", run=cdk, client_for=FakeAws("AWSCURRENT"), load=settings()) == 1

    assert cdk.commands == [FOUNDATION]
    said = capsys.readouterr().err
    assert "no output LwaCredentialsSecretArn of the stack sellerbus-prod-eu-foundation" in said


def test_a_secret_that_may_not_be_looked_at_is_a_message_and_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Closed(FakeAws):
        def __call__(self, service: str, region: str) -> FakeAws:
            there = super().__call__(service, region)
            return self if service == "secretsmanager" else there

        def describe_secret(self, **_: str) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeSecret")

    cdk = FakeCdk()

    assert deploy("prod", run=cdk, client_for=Closed(), load=settings()) == 1

    assert cdk.commands == [FOUNDATION]
    assert "secretsmanager:DescribeSecret" in capsys.readouterr().err


def test_a_deploy_says_first_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    deploy("prod", run=FakeCdk(code=1), client_for=FakeAws(), load=settings("na", "eu"))

    assert capsys.readouterr().out.splitlines() == [
        "Deploy stage prod, removal_policy retain:",
        "  na: account 123456789012, AWS region us-east-1",
        "  eu: account 123456789012, AWS region eu-west-1",
    ]


@pytest.mark.parametrize(
    ("policy", "said"), [("retain", "kept: queues, tables"), ("destroy", "nothing is kept")]
)
def test_a_destroy_says_first_what_is_kept_and_then_the_cdk_asks(
    policy: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cdk = FakeCdk()

    assert destroy("prod", run=cdk, client_for=FakeAws(), load=settings(removal_policy=policy)) == 0

    assert cdk.commands == [("destroy", "--all", "--context", "stage=prod")]
    first, place, what = capsys.readouterr().out.splitlines()
    assert first == f"Destroy stage prod, removal_policy {policy}:"
    assert place == "  eu: account 123456789012, AWS region eu-west-1"
    assert said in what


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
