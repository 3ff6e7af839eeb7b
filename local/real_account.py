"""`make deploy STAGE=x` and `make destroy STAGE=x`: in the account of the person's own credentials.

Each says first what it is about to work on. A first deploy stops where a person has to act.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from local.commands import ROOT
from stacks.settings import SettingsError, load_settings
from stacks.settings_advice import redirection
from stacks.settings_model import Settings, StageSettings
from stacks.settings_names import FOUNDATION, NOTIFICATIONS, construct_id, stack_name

Run = Callable[[Sequence[str]], int]
ClientFor = Callable[[str, str], Any]
"""(service, region) -> a boto3 client with the person's own credentials."""
LoadSettings = Callable[[str], StageSettings]

_WRONG_INPUT = 2
# What `cdk bootstrap` leaves in an AWS region, unless the project's qualifier is changed in cdk.json.
_BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_AT_DESTROY = {
    "retain": "kept: queues, tables, key, secret, payloads, and at Amazon the destination and the "
    "subscriptions; deleted: the event bus, its archive and all else",
    "destroy": "deleted: everything, with queues, tables, key, secret and payloads, and at Amazon the "
    "destination and the subscriptions; nothing is kept",
}


class RealAccountError(Exception):
    """The stage can't be worked on; the message says why and what to do. `code` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def deploy(
    stage: str,
    *,
    run: Run | None = None,
    client_for: ClientFor | None = None,
    load: LoadSettings = load_settings,
) -> int:
    """Deploys the foundations, sees that all credentials are stored, deploys the rest; returns the exit code.

    Where a secret is empty only the foundations are deployed, and the commands that mend it are printed.
    """
    run, client_for = run or _run, client_for or boto3.client
    try:
        settings, account = _opened(stage, client_for, load)
    except RealAccountError as error:
        return _refuse(error)
    for line in _about("Deploy", stage, settings, account):
        _say(line)
    for hint in _bootstrap_hints(settings, account, client_for):
        sys.stderr.write(f"{hint}\n")
    context = ("--context", f"stage={stage}")
    foundations = tuple(construct_id(cell.region, FOUNDATION) for cell in settings.cells)
    code, outputs = _deployed(run, *foundations, *context)
    if code != 0:
        return code
    try:
        empty = [
            f"{cell.region}: {secret}"
            for cell in settings.cells
            if not _has_value(secret := _credentials_secret(stage, cell, outputs), cell, client_for)
        ]
    except RealAccountError as error:
        return _refuse(error)
    if empty:
        sys.stderr.write(_without_credentials(stage, settings, empty))
        return 1
    code, outputs = _deployed(run, "--all", *context)
    for cell in settings.cells:
        _say_partner_event_source(outputs.get(stack_name(stage, cell.region, NOTIFICATIONS), {}), cell)
    return code


def destroy(
    stage: str,
    *,
    run: Run | None = None,
    client_for: ClientFor | None = None,
    load: LoadSettings = load_settings,
) -> int:
    """Says what will be kept and what deleted, then has the CDK ask and destroy; returns the exit code."""
    try:
        settings, account = _opened(stage, client_for or boto3.client, load)
    except RealAccountError as error:
        return _refuse(error)
    for line in _about("Destroy", stage, settings, account):
        _say(line)
    _say(f"  {_AT_DESTROY[settings.shared.removal_policy]}")
    return (run or _run)(("destroy", "--all", "--context", f"stage={stage}"))


def _opened(stage: str, client_for: ClientFor, load: LoadSettings) -> tuple[StageSettings, str]:
    """The stage's settings and the account of the person's credentials. Raises RealAccountError."""
    try:
        settings = load(stage)
    except SettingsError as error:
        raise RealAccountError(f"The settings cannot be used:\n{error}", _WRONG_INPUT) from error
    if refusal := redirection(stage, settings, os.environ):
        raise RealAccountError(refusal, _WRONG_INPUT)
    account = _account(settings, client_for)
    configured = settings.shared.account
    if configured and configured != account:
        raise RealAccountError(
            f"Your AWS credentials are of account {account}, but config/{stage}.yaml says "
            f"{configured}. Use credentials of that account.",
            _WRONG_INPUT,
        )
    return settings, account


def _about(verb: str, stage: str, settings: StageSettings, account: str) -> list[str]:
    """What is about to be done, and one line for each cell with where it lies."""
    return [
        f"{verb} stage {stage}, removal_policy {settings.shared.removal_policy}:",
        *(f"  {cell.region}: account {account}, AWS region {cell.aws_region}" for cell in settings.cells),
    ]


def _account(settings: StageSettings, client_for: ClientFor) -> str:
    try:
        return str(client_for("sts", settings.cells[0].aws_region).get_caller_identity()["Account"])
    except NoCredentialsError as error:
        raise RealAccountError(
            "No AWS credentials were found: set AWS_PROFILE, or log in with the AWS CLI (`aws sso login`, "
            "`aws configure`)."
        ) from error
    except ClientError as error:
        answer = error.response["Error"]
        raise RealAccountError(
            f"AWS refused your credentials: {answer['Code']}: {answer['Message']}. Log in again; in a shell "
            "with .local/env, open a new one."
        ) from error
    except BotoCoreError as error:
        raise RealAccountError(
            f"Your AWS credentials can't be used, or AWS wasn't reached: {error}"
        ) from error


def _bootstrap_hints(settings: StageSettings, account: str, client_for: ClientFor) -> list[str]:
    """How to prepare each AWS region that surely isn't; the CDK itself refuses only when it gets there."""
    hints = []
    for aws_region in dict.fromkeys(cell.aws_region for cell in settings.cells):
        try:
            client_for("ssm", aws_region).get_parameter(Name=_BOOTSTRAP_PARAMETER)
        except (ClientError, BotoCoreError) as error:
            # Who may not read the parameter may still deploy, and what else is wrong the CDK meets next.
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ParameterNotFound":
                hints.append(
                    f"AWS region {aws_region} isn't prepared for the CDK yet: "
                    f'node_modules/.bin/cdk bootstrap aws://{account}/{aws_region} --app ""'
                )
    return hints


def _deployed(run: Run, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Runs `cdk deploy`; returns its exit code and the outputs by the stacks' names."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outputs.json"
        code = run(("deploy", *arguments, "--outputs-file", str(file)))
        outputs = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return code, outputs


def _without_credentials(stage: str, settings: StageSettings, empty: list[str]) -> str:
    every = "The foundations of" if len(settings.cells) > 1 else "The foundation of"
    secrets = "\n".join(f"  {line}" for line in empty)
    return (
        f"\n{every} stage {stage} stands, but no Login with Amazon credentials are stored yet in\n{secrets}\n"
        f"Do this, in this order (the first command writes to every region):\n\n"
        f"  bin/sellerbus secrets set --stage {stage}\n"
        f"  bin/sellerbus sellers add <seller id> --stage {stage} --marketplaces <codes>\n"
        f"  make deploy STAGE={stage}\n"
    )


def _say_partner_event_source(outputs: dict[str, str], cell: Settings) -> None:
    name = outputs.get("PartnerEventSourceName")
    if name:
        _say(
            f"{cell.region}: Amazon sends its EventBridge-only types to the partner event source {name} in "
            f"{cell.aws_region}; the event bus of that name takes them, nothing is left to do."
        )


def _refuse(error: RealAccountError) -> int:
    sys.stderr.write(f"{error}\n")
    return error.code


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _credentials_secret(stage: str, cell: Settings, outputs: dict[str, dict[str, str]]) -> str:
    name = stack_name(stage, cell.region, FOUNDATION)
    try:
        return outputs[name]["LwaCredentialsSecretArn"]
    except KeyError:
        raise RealAccountError(
            f"The CDK names no output LwaCredentialsSecretArn of the stack {name}, only those of "
            f"{', '.join(outputs) or 'no stack'}: look at the stack in CloudFormation, then deploy again."
        ) from None


def _has_value(secret: str, cell: Settings, client_for: ClientFor) -> bool:
    try:
        described = client_for("secretsmanager", cell.aws_region).describe_secret(SecretId=secret)
    except (ClientError, BotoCoreError) as error:
        raise RealAccountError(
            f"The foundation of {cell.region} stands, but whether {secret} has credentials can't be seen: "
            f"{error}. It takes the right secretsmanager:DescribeSecret; then deploy again."
        ) from error
    return any("AWSCURRENT" in labels for labels in described.get("VersionIdsToStages", {}).values())


def _run(arguments: Sequence[str]) -> int:
    return subprocess.run(
        [str(ROOT / "node_modules" / ".bin" / "cdk"), *arguments], cwd=ROOT, check=False
    ).returncode
