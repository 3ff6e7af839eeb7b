"""The layers of third-party code, built by pip on this machine: no Docker.

A built layer is kept under .cache/layers, named by everything that decides its contents, so that the next
synthesis needs neither pip nor a network.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
REQUIREMENTS = PROJECT_FOLDER / "lambdas" / "layers" / "dependencies" / "requirements.txt"
DOCUMENT_REQUIREMENTS = PROJECT_FOLDER / "lambdas" / "layers" / "documents" / "requirements.txt"
CACHE_FOLDER = PROJECT_FOLDER / ".cache" / "layers"

# Raise it when the command below changes what it makes out of the same requirements.
_RECIPE = "1"
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class BundlingError(Exception):
    """pip could not build the layer; the message holds its words and what to do."""


def dependency_layer_code(
    *, runtime: str, architecture: str, requirements: Path = REQUIREMENTS
) -> lambda_.Code:
    """A layer's code for a runtime such as "python3.13" and an architecture ("arm64" or "x86_64").

    The asset is named by its ingredients, not its files: the same on every machine, known without building.
    """
    digest = layer_digest(
        requirements.read_text(encoding="utf-8"), runtime=runtime, architecture=architecture
    )
    return lambda_.Code.from_asset(
        str(requirements.parent),
        asset_hash=digest,
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        bundling=cdk.BundlingOptions(
            # Never pulled: the local bundling below either succeeds or raises.
            image=cdk.DockerImage.from_registry("no-docker-needed"),
            local=PipBundling(
                digest=digest, runtime=runtime, architecture=architecture, requirements=requirements
            ),
        ),
    )


def layer_digest(requirements: str, *, runtime: str, architecture: str) -> str:
    """Names what a layer is built from. Comments and line ends of the requirements don't count."""
    lines = (line.split("#")[0].strip() for line in requirements.splitlines())
    ingredients = [_RECIPE, runtime, architecture, *sorted(line for line in lines if line)]
    return hashlib.sha256("\n".join(ingredients).encode()).hexdigest()


@jsii.implements(cdk.ILocalBundling)
class PipBundling:
    """Builds the layer with pip's own cross-platform install."""

    def __init__(
        self,
        *,
        digest: str,
        runtime: str,
        architecture: str,
        requirements: Path = REQUIREMENTS,
        cache: Path = CACHE_FOLDER,
        run: Run | None = None,
    ) -> None:
        self._built = cache / digest
        self._runtime = runtime
        self._architecture = architecture
        self._requirements = requirements
        self._run = run or _run

    def try_bundle(self, output_dir: str, *_options: Any, **_more_options: Any) -> bool:
        """Fills `output_dir`. Raises BundlingError: answering False would make CDK ask for Docker."""
        if not self._built.is_dir():
            self._build()
        shutil.copytree(self._built, output_dir, dirs_exist_ok=True)
        return True

    def _build(self) -> None:
        self._built.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._built.parent, prefix=".building-") as folder:
            layer = Path(folder) / "layer"
            self._install(layer / "python")
            shutil.rmtree(layer / "python" / "bin", ignore_errors=True)
            # A rename is seen by others as a whole or not at all. Whoever came first has the same contents.
            try:
                layer.rename(self._built)
            except OSError:
                if not self._built.is_dir():
                    raise

    def _install(self, target: Path) -> None:
        machine = _MACHINES[self._architecture]
        command = [
            sys.executable, "-m", "pip", "install",
            "--quiet", "--no-input", "--disable-pip-version-check",
            # The list is complete and pinned. Bytecode would hold the times of this machine's files.
            "--no-deps", "--no-compile",
            "--only-binary=:all:", "--implementation", "cp",
            "--platform", f"manylinux2014_{machine}", "--platform", f"manylinux_2_28_{machine}",
            "--python-version", self._runtime.removeprefix("python"),
            "--requirement", str(self._requirements), "--target", str(target),
        ]  # fmt: skip
        result = self._run(command)
        if result.returncode != 0:
            raise BundlingError(
                f"pip could not build the dependency layer ({self._runtime}, {self._architecture}) from "
                f"{self._requirements}:\n{result.stderr.strip()}\n"
                "The first synthesis after a change of that file needs a package index; later ones don't."
            )


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
