"""A stage deployed on moto: the stacks' outputs and what they name."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops import cli, console, options

REGION = "us-east-1"
STAGE = "example"
FOUNDATION = f"sellerbus-{STAGE}-foundation"


@dataclass
class Finished:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class CloudFormation:
    """Knows stacks by name and answers as CloudFormation does for those that it doesn't know."""

    class exceptions:  # noqa: N801
        ClientError = ClientError

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, str]] = {}
        self.fault = ""

    def describe_stacks(self, *, StackName: str) -> Any:
        if self.fault or StackName not in self.stacks:
            answer = {
                "Code": self.fault or "ValidationError",
                "Message": f"Stack with id {StackName} does not exist",
            }
            raise ClientError({"Error": answer}, "DescribeStacks")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.stacks[StackName].items()]
        return {
            "Stacks": [
                {
                    "StackId": f"arn:aws:cloudformation:{REGION}:123456789012:stack/{StackName}/1",
                    "StackStatus": "CREATE_COMPLETE",
                    "Outputs": outputs,
                }
            ]
        }


class DeployedStage:
    """Runs `sellerbus` as a person would, with what is typed or piped in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.cloudformation = CloudFormation()
        monkeypatch.setattr(options, "clients", self._client)
        self.key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.secret = self.client("secretsmanager").create_secret(Name="lwa")["ARN"]
        self.client("dynamodb").create_table(
            TableName="sellers",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "sellerId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "sellerId", "AttributeType": "S"}],
        )
        self.cloudformation.stacks[FOUNDATION] = {
            "KeyArn": self.key,
            "LwaCredentialsSecretArn": self.secret,
            "SellerRegistryTableName": "sellers",
        }

    def _client(self, service: str, region: str) -> Any:
        assert region == REGION
        return self.client(service)

    def client(self, service: str) -> Any:
        if service == "cloudformation":
            return self.cloudformation
        return boto3.client(service, region_name=REGION)

    def deploy_notifications(self) -> None:
        self.cloudformation.stacks[f"sellerbus-{STAGE}-notifications"] = {}

    def run(self, *arguments: str, piped: str | None = None, typed: list[str] | None = None) -> Finished:
        """Run a command; `piped` is its stdin, `typed` are the answers to its hidden and open questions."""
        answers = iter(typed or [])
        self._monkeypatch.setattr(console, "interactive", lambda: typed is not None)
        self._monkeypatch.setattr(console, "ask", lambda question: next(answers))
        self._monkeypatch.setattr(console, "ask_hidden", lambda question: next(answers))
        self._monkeypatch.setattr(console, "confirm", lambda question: next(answers) == "y")
        read, write = os.pipe()
        os.write(write, (piped or "").encode())
        os.close(write)
        with os.fdopen(read) as stdin:
            self._monkeypatch.setattr("sys.stdin", stdin)
            self._capsys.readouterr()
            code = 0
            try:
                cli.main(list(arguments))
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        printed = self._capsys.readouterr()
        return Finished(code, printed.out, printed.err)
