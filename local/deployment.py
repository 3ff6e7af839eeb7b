"""One local deployment: emulator, simulator and the stacks of the stage `local`, from deploy to destroy.

The order is that of a real account: the foundation first, then the application's credentials and the sellers,
then everything.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local import processes
from local.changes import changes_between, take_snapshot, template_differences
from local.commands import STAGE, CommandError, Commands, Finished, command_environment
from local.dropped_settings import apply_dropped_settings
from local.emulator import ACCOUNT, REGION, Emulator, start_emulator, stop_emulator
from local.simulator import Simulator, start_simulator, stop_simulator

DONE_IN_PART = 5
"""The exit code of `sellerbus` for what it did in part, or what needs a person."""


_SIDE_BY_SIDE = ("--concurrency", "4")
"""Stacks that don't stand on each other are deployed and destroyed at once."""


def _show_nobody(_: str) -> None:
    return


@dataclass(frozen=True)
class Seller:
    """A seller of the local stage and the marketplaces they sell in; without types they get all."""

    seller_id: str
    marketplace_ids: Sequence[str]
    notification_types: Sequence[str] = ()


@dataclass(frozen=True)
class SecondDeploy:
    """The resources that CloudFormation touched, and those that the new templates define differently."""

    touched: list[str]
    redefined: list[str]
    seconds: float


@dataclass
class Deployment:
    """A running emulator and simulator and what is deployed on them; all files lie in `folder`.

    `variables` are for the CDK and `sellerbus`, beside those by which they find the two.
    """

    folder: Path
    emulator: Emulator
    simulator: Simulator
    outputs: dict[str, str] = field(default_factory=dict)
    """The outputs of the stacks of `cell` by their keys, which no two stacks of one cell share."""
    stack_outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Those of all cells by stack name."""
    cell: str = "na"
    """Amazon's region that `outputs` are of."""
    stage: str = STAGE
    aws_regions: Sequence[str] = (REGION,)
    variables: Mapping[str, str] = field(default_factory=dict)
    on_line: Callable[[str], None] = _show_nobody
    """Gets each line that the CDK and `sellerbus` print, for those who show progress."""

    @property
    def assembly(self) -> Path:
        """The synthesised templates."""
        return self.folder / "cdk.out"

    @property
    def commands(self) -> Commands:
        """The CDK and `sellerbus` with the environment of this deployment."""
        return Commands(
            environment=command_environment(
                self.folder, self.emulator.environment(), self.simulator.environment(), self.variables
            ),
            log=self.folder / "commands.log",
            on_line=self.on_line,
        )

    def client(self, service: str) -> Any:
        """A boto3 client of the account deployed to."""
        return self.emulator.client(service)

    def bootstrap_and_synth(self) -> None:
        """Prepares the account for the CDK and synthesises once; the two don't depend on each other."""
        # From a folder without cdk.json: there the CLI would synthesise the app first.
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        places = [f"aws://{ACCOUNT}/{region}" for region in self.aws_regions]
        with ThreadPoolExecutor(2) as pool:
            bootstrap = pool.submit(self.commands.cdk, "bootstrap", *places, "--ci", folder=empty)
            synth = pool.submit(self.commands.cdk, "synth", "--quiet", "--output", str(self.assembly))
            bootstrap.result()
            synth.result()

    def deploy_foundation(self) -> Finished:
        """What everything else stands on: key, empty credentials secret, seller registry."""
        return self._deploy("--app", str(self.assembly), "*Foundation", *_SIDE_BY_SIDE)

    def set_credentials_and_sellers(self, sellers: Sequence[Seller]) -> None:
        """What a person does between the two deploys, two commands at a time: they don't need each other."""
        with ThreadPoolExecutor(2) as pool:
            done = [
                pool.submit(self.set_credentials),
                *(pool.submit(self.add_seller, each) for each in sellers),
            ]
            for each in done:
                each.result()

    def set_credentials(self) -> None:
        """Stores the application's LWA credentials the way an operator does."""
        credentials = {"clientId": self.simulator.client_id, "clientSecret": self.simulator.client_secret}
        self.commands.sellerbus("secrets", "set", "--stage", self.stage, stdin=json.dumps(credentials))

    def add_seller(self, seller: Seller, *, anew: bool = False) -> None:
        """Has a seller authorise the application at the simulator and onboards them, or does so anew."""
        refresh_token = self.simulator.add_seller(seller.seller_id, seller.marketplace_ids)
        options = [part for name in seller.marketplace_ids for part in ("--marketplace", name)]
        options += [part for name in seller.notification_types for part in ("--type", name)]
        options += ["--replace"] if anew else []
        self.commands.sellerbus(
            "sellers", "add", seller.seller_id, "--stage", self.stage, *options, stdin=refresh_token
        )

    def plan_subscriptions(self, seller_ids: Sequence[str]) -> list[str]:
        """The lines of `sellerbus subscriptions plan` for some sellers."""
        return self._subscriptions("plan", seller_ids).output.splitlines()

    def apply_subscriptions(self, seller_ids: Sequence[str]) -> list[str]:
        """Has the reconciler work on some sellers now, and waits until it has; returns what is said then.

        That something is left to a person is no failure here.
        """
        try:
            return self._subscriptions("apply", seller_ids, "--wait").output.splitlines()
        except CommandError as error:
            if error.code != DONE_IN_PART:
                raise
            return error.output.splitlines()

    def _subscriptions(self, command: str, seller_ids: Sequence[str], *more: str) -> Finished:
        sellers = [part for seller_id in seller_ids for part in ("--seller", seller_id)]
        return self.commands.sellerbus("subscriptions", command, "--stage", self.stage, *sellers, *more)

    def deploy_stacks(self, *options: str) -> Finished:
        """`cdk deploy --all` of the assembly made before."""
        return self._deploy("--app", str(self.assembly), "--all", *options)

    def outputs_of(self, region: str) -> dict[str, str]:
        """The outputs of one cell's stacks by their keys."""
        prefix = f"sellerbus-{self.stage}-{region}-"
        held = (outputs for name, outputs in self.stack_outputs.items() if name.startswith(prefix))
        return {key: value for outputs in held for key, value in outputs.items()}

    def synth_version(self, feeds_api_version: str) -> Path:
        """Synthesises the stacks with another version of the Feeds API; returns where, for `deploy_tasks`."""
        assembly = self.folder / f"cdk.out.{feeds_api_version}"
        commands = self.commands
        environment = {**commands.environment, "FEEDS_API_VERSION": feeds_api_version}
        replace(commands, environment=environment).cdk("synth", "--quiet", "--output", str(assembly))
        return assembly

    def deploy_tasks(self, feeds_api_version: str, assembly: Path) -> SecondDeploy:
        """Deploys the stacks of feed tasks with another version of the Feeds API, and what tells of it."""
        self.variables = {**self.variables, "FEEDS_API_VERSION": feeds_api_version}
        options = ("--exclusively", "--method", "direct", *_SIDE_BY_SIDE)
        return self._deploy_over("--app", str(assembly), "*Tasks", "*Operations", *options, again=assembly)

    def deploy_all(self) -> Finished:
        """`cdk deploy --all` of the assembly made before; then the settings that the emulator drops."""
        finished = self.deploy_stacks(*_SIDE_BY_SIDE)
        clients = {name: self.client(name) for name in ("cloudformation", "dynamodb", "s3")}
        apply_dropped_settings(self.assembly, clients, self._key_arn_of)
        return finished

    def deploy_again(self) -> SecondDeploy:
        """Synthesises anew and deploys everything."""
        again = self.folder / "cdk.out.again"
        return self._deploy_over("--output", str(again), "--all", *_SIDE_BY_SIDE, again=again)

    def _key_arn_of(self, stack: str) -> str:
        region = stack.removeprefix(f"sellerbus-{self.stage}-").partition("-")[0]
        return self.outputs_of(region)["KeyArn"]

    def _deploy_over(self, *arguments: str, again: Path) -> SecondDeploy:
        before = take_snapshot(self.client("cloudformation"))
        finished = self._deploy(*arguments)
        return SecondDeploy(
            touched=changes_between(before, take_snapshot(self.client("cloudformation"))),
            redefined=template_differences(self.assembly, again),
            seconds=finished.seconds,
        )

    def destroy(self) -> Finished:
        """`cdk destroy --all`."""
        options = ("--all", "--force", "--ci", *_SIDE_BY_SIDE)
        return self.commands.cdk("destroy", "--app", str(self.assembly), *options)

    def stop(self) -> None:
        """Stops the simulator and the emulator; nothing of what was deployed remains."""
        stop_simulator(self.simulator)
        stop_emulator(self.emulator)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs to find this deployment again."""
        return {
            "folder": str(self.folder),
            "emulator": self.emulator.to_json(),
            "simulator": self.simulator.to_json(),
            "outputs": self.outputs,
        }

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Deployment:
        """The deployment that `to_json` described; its processes may have ended since."""
        return Deployment(
            folder=Path(stored["folder"]),
            emulator=Emulator.from_json(stored["emulator"]),
            simulator=Simulator.from_json(stored["simulator"]),
            outputs=dict(stored["outputs"]),
        )

    def _deploy(self, *arguments: str) -> Finished:
        outputs = self.folder / "outputs.json"
        finished = self.commands.cdk(
            "deploy", *arguments, "--require-approval", "never", "--ci", "--outputs-file", str(outputs)
        )
        if outputs.exists():
            self.stack_outputs |= json.loads(outputs.read_text(encoding="utf-8"))
            self.outputs.update(self.outputs_of(self.cell))
        return finished


def start_deployment(folder: Path, *, enforce_iam: bool = False) -> Deployment:
    """Starts an emulator and a simulator with nothing deployed yet.

    Raises EmulatorError or SimulatorError; what was started by then is stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    emulator = start_emulator(folder / "emulator", enforce_iam=enforce_iam)
    try:
        simulator = start_simulator(folder / "simulator", emulator, secrets.token_urlsafe(24))
    except BaseException:
        stop_emulator(emulator)
        raise
    return Deployment(folder=folder, emulator=emulator, simulator=simulator)


def deploy_everything(deployment: Deployment, sellers: Sequence[Seller]) -> None:
    """A real first deploy, from the empty account to the subscriptions of `sellers`. Raises CommandError."""
    deployment.bootstrap_and_synth()
    deployment.deploy_foundation()
    deployment.set_credentials_and_sellers(sellers)
    deployment.deploy_all()


def is_running(deployment: Deployment) -> bool:
    """Whether both background processes are alive."""
    return processes.is_running(deployment.emulator.process) and processes.is_running(
        deployment.simulator.process
    )
