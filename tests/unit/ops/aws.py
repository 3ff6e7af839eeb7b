"""A stage with two regions deployed on moto: the stacks' outputs, what they name, its functions as fakes."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from ops import cli, console, options

STAGE = "example"
AWS_REGIONS = {"na": "us-east-1", "eu": "eu-west-1"}
CONFIG = """
account: "123456789012"
regions:
  na: {aws_region: us-east-1, marketplaces: [US, CA, MX, BR]}
  eu: {aws_region: eu-west-1, marketplaces: [DE, FR]}
sp_api: {sandbox: false}
notifications:
  - {type: ORDER_CHANGE}
  - {type: PRICING_HEALTH}
  - {type: FEED_PROCESSING_FINISHED, payload_version: "2020-09-04"}
removal_policy: retain
"""

Answer = Callable[[Mapping[str, Any]], Any]


def foundation(region: str = "na") -> str:
    return f"sellerbus-{STAGE}-{region}-foundation"


def notifications(region: str = "na") -> str:
    return f"sellerbus-{STAGE}-{region}-notifications"


@dataclass
class Finished:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Refusing:
    """A boto3 client that refuses one operation."""

    def __init__(self, client: Any, operation: str, code: str) -> None:
        self._client = client
        self._operation = operation
        self._code = code

    def __getattr__(self, name: str) -> Any:
        if name != self._operation:
            return getattr(self._client, name)

        def refuse(**arguments: Any) -> Any:
            raise ClientError({"Error": {"Code": self._code, "Message": "not now"}}, name)

        return refuse


class CloudFormation:
    """Knows stacks by name and answers as CloudFormation does for those that it doesn't know.

    asked: the names of all that was asked for.
    """

    class exceptions:  # noqa: N801
        ClientError = ClientError

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.fault = ""

    def describe_stacks(self, *, StackName: str) -> Any:
        self.asked.append(StackName)
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
                    "StackId": f"arn:aws:cloudformation:us-east-1:123456789012:stack/{StackName}/1",
                    "StackStatus": "CREATE_COMPLETE",
                    "Outputs": outputs,
                }
            ]
        }


@dataclass
class Lambda:
    """The functions: `answers` by name. calls: each invocation's function and request, in order."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Any:
        request = json.loads(Payload)
        with self.lock:
            self.calls.append((FunctionName, request))
        try:
            document = self.answers[FunctionName](request)
        except ArithmeticError as error:
            failed = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(failed).encode())}
        return {"Payload": io.BytesIO(json.dumps(document).encode())}


@dataclass
class Events:
    """The partner event sources by name, with their states."""

    sources: dict[str, str] = field(default_factory=dict)

    class exceptions:  # noqa: N801
        class ResourceNotFoundException(Exception): ...  # noqa: N818

    def describe_event_source(self, *, Name: str) -> Any:
        if Name not in self.sources:
            raise self.exceptions.ResourceNotFoundException
        return {"Name": Name, "State": self.sources[Name]}


@cache
def _client(service: str, aws_region: str) -> Any:
    """A client of AWS in memory; making one takes longer than most tests, and it keeps nothing of its own."""
    return boto3.client(service, region_name=aws_region)


class DeployedStage:
    """Runs `sellerbus` as a person would, with what is typed or piped in."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._file = folder / f"{STAGE}.yaml"
        self.configure()
        monkeypatch.setenv("SELLERBUS_CONFIG_FOLDER", str(folder))
        monkeypatch.setattr(options, "clients", self.clients)
        self.cloudformation = CloudFormation()
        self.lambdas = Lambda()
        self.events = Events()
        self.refusals: dict[tuple[str, str], tuple[str, str]] = {}
        self.keys: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        for region in AWS_REGIONS:
            self._deploy_foundation(region)

    def configure(self, *changes: tuple[str, str]) -> None:
        """Write the stage's file, with texts in it replaced."""
        text = CONFIG
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        self._file.write_text(text, encoding="utf-8")

    def _deploy_foundation(self, region: str) -> None:
        self.keys[region] = self.client("kms", region).create_key()["KeyMetadata"]["Arn"]
        self.secrets[region] = self.client("secretsmanager", region).create_secret(Name="lwa")["ARN"]
        self._create_table("sellers", region)
        self.cloudformation.stacks[foundation(region)] = {
            "KeyArn": self.keys[region],
            "LwaCredentialsSecretArn": self.secrets[region],
            "SellerRegistryTableName": "sellers",
        }

    def _create_table(self, name: str, region: str) -> None:
        self.client("dynamodb", region).create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "sellerId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "sellerId", "AttributeType": "S"}],
        )

    def clients(self, service: str, region: str) -> Any:
        """Make a client as the commands do, by AWS region."""
        name = next(name for name, known in AWS_REGIONS.items() if known == region)
        client = self.client(service, name)
        refused = self.refusals.get((service, name))
        return Refusing(client, *refused) if refused else client

    def client(self, service: str, region: str = "na") -> Any:
        fakes = {"cloudformation": "cloudformation", "lambda": "lambdas", "events": "events"}
        if service in fakes:
            return getattr(self, fakes[service])
        return _client(service, AWS_REGIONS[region])

    def deploy_notifications(self, region: str = "na") -> None:
        self._create_table("states", region)
        self.cloudformation.stacks[notifications(region)] = {
            "SubscriptionStateTableName": "states",
            "SubscriptionQueueUrl": self.client("sqs", region).create_queue(QueueName="jobs")["QueueUrl"],
            "InspectAmazonFunctionName": f"inspect-{region}",
            "QueueEverySellerFunctionName": f"queue-{region}",
        }

    def rows(self, region: str = "na") -> list[Any]:
        return list(self.client("dynamodb", region).scan(TableName="sellers")["Items"])

    def remember(self, seller_id: str, region: str = "na", **attributes: Any) -> None:
        """Write a row of the table SubscriptionState."""
        item = {"sellerId": {"S": seller_id}, **attributes}
        self.client("dynamodb", region).put_item(TableName="states", Item=item)

    def jobs(self, region: str = "na") -> list[Any]:
        queue = self.cloudformation.stacks[notifications(region)]["SubscriptionQueueUrl"]
        answer = self.client("sqs", region).receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]

    def run(
        self, *arguments: str, piped: str | bytes | None = None, typed: list[str] | None = None
    ) -> Finished:
        """Run a command; `piped` is its stdin, `typed` are the answers to its hidden and open questions."""
        answers = iter(typed or [])
        self._monkeypatch.setattr(console, "interactive", lambda: typed is not None)
        self._monkeypatch.setattr(console, "ask", lambda question: next(answers))
        self._monkeypatch.setattr(console, "ask_hidden", lambda question: next(answers))
        self._monkeypatch.setattr(console, "confirm", lambda question: next(answers) == "y")
        content = piped if isinstance(piped, bytes) else (piped or "").encode()
        read, write = os.pipe()
        os.write(write, content)
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


def in_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Let tables be printed as to a terminal of so many columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(Console, "is_terminal", property(lambda self: self.file is sys.stdout))


def table_width(printed: str) -> int:
    """Return the columns that the table in `printed` takes."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    return max(len(line) for line in plain.splitlines() if line[:1] in ("│", "┃"))
