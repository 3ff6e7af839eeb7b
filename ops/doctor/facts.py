"""What checks look at: the stage or one of its cells, each thing of it asked for once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from ops import guard
from ops.doctor.check import NeedsError, Report, broken_subjects
from ops.stage import Cell, Stage

ROOT: Final = Path(__file__).resolve().parent.parent.parent

Value = TypeVar("Value")
_NOT_DEPLOYED: Final = ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
_MAKING_CLIENTS = threading.Lock()


class Shared:
    """Values that several checks need, each made once however many threads ask. What failed fails again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._values: dict[str, tuple[Any, Exception | None]] = {}

    def once(self, name: str, make: Callable[[], Value]) -> Value:
        """Return the value of that name, made by the first who asks. Raises what `make` raised."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._values:
                try:
                    self._values[name] = (make(), None)
                except Exception as error:  # noqa: BLE001 - told to everybody who asks, below
                    self._values[name] = (None, error)
            value, failed = self._values[name]
        if failed is not None:
            raise failed
        found: Value = value
        return found


@dataclass(frozen=True)
class Facts:
    """name: the stage's. stage: None where its configuration is not valid; `problem` says why.

    given_cell: the cell, None for the stage's own checks. reports: of the checks that the present one needs.
    """

    name: str
    clients: Callable[[str, str], Any]
    stage: Stage | None = None
    problem: str = ""
    given_cell: Cell | None = None
    root: Path = ROOT
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    shared: Shared = field(default_factory=Shared, repr=False)
    reports: Mapping[str, Report] = field(default_factory=dict, repr=False)

    def knowing(self, reports: Mapping[str, Report]) -> Facts:
        return replace(self, reports=reports)

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def cell(self) -> Cell:
        if self.given_cell is None:
            raise TypeError("A check of the stage has no cell.")
        return self.given_cell

    @property
    def region(self) -> str:
        return self.cell.region

    @property
    def emulated(self) -> bool:
        """Whether the stage runs on the local AWS emulator."""
        return self.stage is not None and self.stage.settings.shared.emulator

    @property
    def everybody(self) -> str:
        """Whom something hits that is everybody's."""
        return f"every seller of {self.region}" if self.given_cell else "operators"

    def once(self, name: str, make: Callable[[], Value]) -> Value:
        return self.shared.once(name, make)

    def client(self, service: str) -> Any:
        """Return the cell's client of an AWS service; one each, which threads may share."""

        def make() -> Any:
            # boto3's default session is not made for threads that make clients at once.
            with _MAKING_CLIENTS:
                return self.cell.client(service)

        return self.once(f"client {service}", make)

    def stack(self, part: str) -> Mapping[str, Any] | None:
        """Return one stack as CloudFormation describes it; None where it is not deployed."""

        def look() -> Mapping[str, Any] | None:
            client = self.client("cloudformation")
            try:
                stacks = client.describe_stacks(StackName=self.cell.stack_name(part))["Stacks"]
            except client.exceptions.ClientError as error:
                # CloudFormation has no code of its own for a stack that is not there.
                if error.response["Error"]["Code"] != "ValidationError":
                    raise
                return None
            return next((row for row in stacks if row["StackStatus"] not in _NOT_DEPLOYED), None)

        return self.once(f"stack {part}", look)

    def outputs(self, part: str) -> Mapping[str, str]:
        """Return the outputs of one stack; raises NeedsError where it is not deployed."""
        stack = self.stack(part)
        if stack is None:
            raise NeedsError("SB-STACK-001")
        return {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", [])}

    def output(self, name: str, part: str) -> str:
        """Return an output of one stack; raises NeedsError where the stack or the output is not there."""
        value = self.outputs(part).get(name)
        if not value:
            raise NeedsError("SB-STACK-001")
        return value

    def broken(self, check_id: str) -> frozenset[str]:
        """Return the subjects that a needed check found broken; those are left out here.

        Raises NeedsError where it found everything broken.
        """
        found = broken_subjects(self.reports, check_id)
        if found is None:
            raise NeedsError(check_id)
        return found

    def aws(self, command: str) -> str:
        """Return a command of the AWS CLI for the cell's AWS region."""
        return f"aws {command} --region {self.cell.settings.aws_region}"

    def sellerbus(self, command: str) -> str:
        """Return a command of this program for the stage."""
        return f"bin/sellerbus {command} --stage {self.name}"

    @property
    def deploying(self) -> str:
        """The command that deploys the stage again."""
        return self.cell.deploying

    def putting_back(self, part: str) -> tuple[str, ...]:
        """The commands that make again what is gone of a stack, or was changed by hand, as it was deployed.

        Source: CloudFormation API, CreateChangeSet (DeploymentMode REVERT_DRIFT).
        """
        if self.emulated:
            return (self.deploying,)
        which = f"--stack-name {self.cell.stack_name(part)} --change-set-name put-back"
        return tuple(
            self.aws(f"cloudformation {command}")
            for command in (
                f"create-change-set {which} --deployment-mode REVERT_DRIFT --use-previous-template "
                "--capabilities CAPABILITY_IAM",
                f"wait change-set-create-complete {which}",
                f"execute-change-set {which}",
            )
        )

    def again(self, check_id: str) -> str:
        """Return the command that runs one check again."""
        return f"bin/sellerbus doctor --stage {self.name} --check {check_id}"

    def fixing(self, check_id: str) -> str:
        """Return the command that mends what one check finds."""
        confirm = f" --confirm={self.name}" if self.stage and guard.is_production(self.stage) else ""
        return f"{self.again(check_id)} --fix{confirm}"
