"""A deployed stage: its cells with their settings, and the resources that their stacks name as outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ops.errors import FAILED, NOT_FOUND, WRONG_INPUT, CommandError
from sellerbus.api.endpoints import REGIONS
from stacks.settings import SettingsError, load_settings
from stacks.settings_model import Settings, StageSettings
from stacks.settings_names import FOUNDATION, NOTIFICATIONS, OPERATIONS, TASKS, stack_name


class Clients(Protocol):
    """Makes boto3 clients."""

    def __call__(self, service: str, region: str) -> Any: ...


@dataclass(frozen=True)
class Cell:
    """A stage in one of Amazon's selling regions. stage_name is the name of the file under config/."""

    stage_name: str
    settings: Settings
    clients: Clients

    @property
    def region(self) -> str:
        """Amazon's selling region: na, eu or fe."""
        return self.settings.region

    def client(self, service: str) -> Any:
        """Return a boto3 client in the cell's AWS region."""
        return self.clients(service, self.settings.aws_region)

    def foundation(self) -> Mapping[str, str]:
        """Return the outputs of the foundation stack; raises CommandError where it is not deployed."""
        return self._deployed(FOUNDATION)

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
        self._check(account=str(stack["StackId"]).split(":")[4])
        return {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", [])}

    def output(self, name: str, part: str = FOUNDATION) -> str:
        """Return an output of one stack; raises CommandError where the stack or the output is not there."""
        value = self._deployed(part).get(name)
        if not value:
            raise CommandError(
                f"The stack {self.stack_name(part)} has no output {name}: its deployment has not ended well, "
                f"or is of an earlier version. Deploy it again: {self.deploying}",
                FAILED,
            )
        return value

    def stack_name(self, part: str) -> str:
        return stack_name(self.stage_name, self.settings.region, part)

    @property
    def deploying(self) -> str:
        """The command that deploys the stage again."""
        return _deploying(self.stage_name, emulator=self.settings.emulator)

    def _deployed(self, part: str) -> Mapping[str, str]:
        outputs = self.outputs(part)
        if outputs is None:
            account = str(self.client("sts").get_caller_identity()["Account"])
            self._check(account=account)
            raise CommandError(
                f"The stack {self.stack_name(part)} is not deployed in {self.settings.aws_region} of account "
                f"{account}, which your AWS credentials are of. "
                f"Deploy it first: {self.deploying}",
                NOT_FOUND,
            )
        return outputs

    def _check(self, *, account: str) -> None:
        if self.settings.account and account != self.settings.account:
            raise CommandError(
                f"Your AWS credentials are of account {account}, but config/{self.stage_name}.yaml says "
                f"{self.settings.account}. Use credentials of that account.",
                WRONG_INPUT,
            )


@dataclass(frozen=True)
class Stage:
    """name is the name of the file under config/ and part of the stacks' names."""

    name: str
    settings: StageSettings
    clients: Clients

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells in the order na, eu, fe; never none."""
        return tuple(Cell(self.name, settings, self.clients) for settings in self.settings.cells)

    def cell(self, region: str) -> Cell:
        """Return the cell of a selling region; raises CommandError where the stage has none there."""
        found = next((cell for cell in self.cells if cell.region == region), None)
        if found is None and region not in REGIONS:
            raise CommandError(
                f"{region!r} is no region of Amazon's Selling Partner API: {', '.join(REGIONS)}.",
                WRONG_INPUT,
            )
        if found is None:
            configured = ", ".join(cell.region for cell in self.cells)
            raise CommandError(
                f"Stage {self.name} has no region {region}, only {configured}. Add it to `regions` in "
                f"config/{self.name}.yaml and deploy it: "
                f"{_deploying(self.name, emulator=self.settings.shared.emulator)}",
                WRONG_INPUT,
            )
        return found


def _deploying(stage: str, *, emulator: bool) -> str:
    return "make down up" if emulator else f"make deploy STAGE={stage}"


def open_stage(name: str, clients: Clients) -> Stage:
    """Read config/<name>.yaml; calls nothing. Raises CommandError with every problem of the file."""
    try:
        return Stage(name, load_settings(name), clients)
    except SettingsError as error:
        raise CommandError(str(error), WRONG_INPUT) from error


__all__ = ["FOUNDATION", "NOTIFICATIONS", "OPERATIONS", "TASKS", "Cell", "Clients", "Stage", "open_stage"]
