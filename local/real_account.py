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
from stacks.settings_model import Settings

Run = Callable[[Sequence[str]], int]
ClientFor = Callable[[str, str], Any]
"""(service, region) -> a boto3 client with the person's own credentials."""
LoadSettings = Callable[[str], Settings]

_WRONG_INPUT = 2
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
    """Deploys the foundation, sees that the credentials are stored, deploys the rest; returns the exit code.

    With an empty secret nothing but the foundation is deployed, and the commands that mend it are printed.
    """
    run, client_for = run or _run, client_for or boto3.client
    try:
        _say(f"Deploy {_about(stage, client_for, load)[0]}")
    except RealAccountError as error:
        return _refuse(error)
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.json"
        context = ("--context", f"stage={stage}")
        code = run(("deploy", "Foundation", *context, "--outputs-file", str(outputs)))
        if code != 0:
            return code
        secret = _credentials_secret(json.loads(outputs.read_text(encoding="utf-8")))
    if not _has_value(secret, client_for):
        sys.stderr.write(
            f"\nThe foundation of stage {stage} is deployed, but its secret for the Login with Amazon\n"
            f"credentials is still empty ({secret}).\nDo this, in this order:\n\n"
            f"  bin/sellerbus secrets set --stage {stage}\n"
            f"  bin/sellerbus sellers add <seller id> --stage {stage} --marketplaces <codes>\n"
            f"  make deploy STAGE={stage}\n"
        )
        return 1
    return run(("deploy", "--all", *context))


def destroy(
    stage: str,
    *,
    run: Run | None = None,
    client_for: ClientFor | None = None,
    load: LoadSettings = load_settings,
) -> int:
    """Says what will be kept and what deleted, then has the CDK ask and destroy; returns the exit code."""
    try:
        about, settings = _about(stage, client_for or boto3.client, load)
    except RealAccountError as error:
        return _refuse(error)
    _say(f"Destroy {about}; {_AT_DESTROY[settings.removal_policy]}")
    return (run or _run)(("destroy", "--all", "--context", f"stage={stage}"))


def _about(stage: str, client_for: ClientFor, load: LoadSettings) -> tuple[str, Settings]:
    """The stage and where it lies in one phrase, and its settings. Raises RealAccountError."""
    try:
        settings = load(stage)
    except SettingsError as error:
        raise RealAccountError(f"The settings cannot be used:\n{error}", _WRONG_INPUT) from error
    if refusal := redirection(stage, settings, os.environ):
        raise RealAccountError(refusal, _WRONG_INPUT)
    account = _account(settings, client_for)
    if settings.account and settings.account != account:
        raise RealAccountError(
            f"Your AWS credentials are of account {account}, but config/{stage}.yaml says "
            f"{settings.account}. Use credentials of that account.",
            _WRONG_INPUT,
        )
    about = (
        f"stage {stage}: account {account}, region {settings.aws_region}, "
        f"removal_policy {settings.removal_policy}"
    )
    return about, settings


def _account(settings: Settings, client_for: ClientFor) -> str:
    try:
        return str(client_for("sts", settings.aws_region).get_caller_identity()["Account"])
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


def _refuse(error: RealAccountError) -> int:
    sys.stderr.write(f"{error}\n")
    return error.code


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _credentials_secret(outputs: dict[str, dict[str, str]]) -> str:
    for stack_outputs in outputs.values():
        if "LwaCredentialsSecretArn" in stack_outputs:
            return stack_outputs["LwaCredentialsSecretArn"]
    raise LookupError(f"no stack has the output LwaCredentialsSecretArn; there are {sorted(outputs)}")


def _has_value(secret: str, client_for: ClientFor) -> bool:
    region = secret.split(":")[3]
    described = client_for("secretsmanager", region).describe_secret(SecretId=secret)
    return any("AWSCURRENT" in labels for labels in described.get("VersionIdsToStages", {}).values())


def _run(arguments: Sequence[str]) -> int:
    return subprocess.run(
        [str(ROOT / "node_modules" / ".bin" / "cdk"), *arguments], cwd=ROOT, check=False
    ).returncode
