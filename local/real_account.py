"""`make deploy STAGE=x`: the same first deploy in a real account, which stops where a person has to act."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3

from local.commands import ROOT

Run = Callable[[Sequence[str]], int]
ClientFor = Callable[[str, str], Any]
"""(service, region) -> a boto3 client with the person's own credentials."""


def deploy(stage: str, *, run: Run | None = None, client_for: ClientFor | None = None) -> int:
    """Deploys the foundation, sees that the credentials are stored, deploys the rest; returns the exit code.

    With an empty secret nothing but the foundation is deployed, and the commands that mend it are printed.
    """
    run = run or _run
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.json"
        context = ("--context", f"stage={stage}")
        code = run(("deploy", "Foundation", *context, "--outputs-file", str(outputs)))
        if code != 0:
            return code
        secret = _credentials_secret(json.loads(outputs.read_text(encoding="utf-8")))
    if not _has_value(secret, client_for or boto3.client):
        sys.stderr.write(
            f"\nThe foundation of stage {stage} is deployed, but its secret for the Login with Amazon\n"
            f"credentials is still empty ({secret}).\nDo this, in this order:\n\n"
            f"  bin/sellerbus secrets set --stage {stage}\n"
            f"  bin/sellerbus sellers add <seller id> --stage {stage} --marketplaces <codes>\n"
            f"  make deploy STAGE={stage}\n"
        )
        return 1
    return run(("deploy", "--all", *context))


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
