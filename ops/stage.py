"""A deployed stage: its settings, and the resources that its stacks name as outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ops.errors import FAILED, NOT_FOUND, WRONG_INPUT, CommandError
from stacks.settings import SettingsError, load_settings
from stacks.settings_model import Settings

FOUNDATION = "foundation"
NOTIFICATIONS = "notifications"


class Clients(Protocol):
    """Makes boto3 clients."""

    def __call__(self, service: str, region: str) -> Any: ...


@dataclass(frozen=True)
class Stage:
    """name is the name of the file under config/ and part of the stacks' names."""

    name: str
    settings: Settings
    clients: Clients

    def client(self, service: str) -> Any:
        return self.clients(service, self.settings.aws_region)

    def foundation(self) -> Mapping[str, str]:
        """Return the outputs of the foundation stack; raises CommandError where it is not deployed."""
        outputs = self.outputs(FOUNDATION)
        if outputs is None:
            raise CommandError(
                f"The stack {self.stack_name(FOUNDATION)} is not deployed in {self.settings.aws_region}. "
                f"Deploy it first: make deploy STAGE={self.name}",
                NOT_FOUND,
            )
        return outputs

    def outputs(self, part: str) -> Mapping[str, str] | None:
        """Return the outputs of one stack, None where there is no such stack. Raises CommandError."""
        name = self.stack_name(part)
        cloudformation = self.client("cloudformation")
        try:
            stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except cloudformation.exceptions.ClientError as error:
            # CloudFormation has no code of its own for a stack that is not there.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None
        stack = next((row for row in stacks if row["StackStatus"] != "DELETE_COMPLETE"), None)
        if stack is None:
            return None
        account = str(stack["StackId"]).split(":")[4]
        if self.settings.account and account != self.settings.account:
            raise CommandError(
                f"Your AWS credentials are of account {account}, but config/{self.name}.yaml says "
                f"{self.settings.account}. Use credentials of that account.",
                WRONG_INPUT,
            )
        return {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", [])}

    def output(self, name: str) -> str:
        """Return an output of the foundation stack; raises CommandError."""
        value = self.foundation().get(name)
        if not value:
            raise CommandError(
                f"The stack {self.stack_name(FOUNDATION)} has no output {name}: its deployment has not ended "
                f"well. Deploy it again: make deploy STAGE={self.name}",
                FAILED,
            )
        return value

    def stack_name(self, part: str) -> str:
        return f"sellerbus-{self.name}-{part}"


def open_stage(name: str, clients: Clients) -> Stage:
    """Read config/<name>.yaml; calls nothing. Raises CommandError with every problem of the file."""
    try:
        return Stage(name, load_settings(name), clients)
    except SettingsError as error:
        raise CommandError(str(error), WRONG_INPUT) from error
