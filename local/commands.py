"""Runs the project's own command lines (the CDK, `sellerbus`) and keeps what they print."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
STAGE = "local"
FEEDS_API_VERSION = "2021-06-30"
"""What config/local.yaml is deployed with, where nobody asks for the other version of the Feeds API."""
_LOCAL_ADDRESSES = "127.0.0.1,localhost"
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "amd64": "x86_64"}


class CommandError(Exception):
    """A command line failed; the message holds the command and the end of its output."""

    def __init__(self, command: Sequence[str], code: int, output: str) -> None:
        last = "\n".join(output.splitlines()[-60:])
        super().__init__(f"`{' '.join(command)}` ended with {code}:\n{last}")
        self.code = code
        self.output = output


@dataclass(frozen=True)
class Finished:
    """A command that succeeded: what it printed (both streams) and how long it took."""

    output: str
    seconds: float


@dataclass(frozen=True)
class Commands:
    """Runs commands with one environment; what they print goes to `on_line` at once, to `log` at the end."""

    environment: Mapping[str, str]
    log: Path
    on_line: Callable[[str], None]

    def cdk(self, *arguments: str, folder: Path = ROOT) -> Finished:
        """Runs the pinned CDK command line in `folder`. Raises CommandError."""
        return self.run([str(ROOT / "node_modules" / ".bin" / "cdk"), *arguments], folder)

    def sellerbus(self, *arguments: str, stdin: str | None = None) -> Finished:
        """Runs the command line `sellerbus`. Raises CommandError."""
        return self.run([str(ROOT / "bin" / "sellerbus"), *arguments], ROOT, stdin=stdin, limit_seconds=120)

    def sellerbus_json(self, *arguments: str, codes: Collection[int] = (0,)) -> Any:
        """What `sellerbus ... --json` prints, where it ends with one of `codes`. Raises CommandError."""
        try:
            finished = self.sellerbus(*arguments, "--json")
        except CommandError as error:
            if error.code not in codes:
                raise
            return printed_json(error.output)
        return printed_json(finished.output)

    def as_printed(self, command: str, *, stdin: str | None = None) -> Finished:
        """Runs a command as a person does who copies it from the screen. Raises CommandError."""
        return self.run(["bash", "-c", command], ROOT, stdin=stdin, limit_seconds=180)

    def run(
        self, command: Sequence[str], folder: Path, *, stdin: str | None = None, limit_seconds: float = 900
    ) -> Finished:
        """Runs any command in `folder`, stopping it at the limit. Raises CommandError unless it gives 0."""
        started = time.monotonic()
        lines: list[str] = []
        with subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as child:
            limit = threading.Timer(limit_seconds, child.kill)
            limit.start()
            try:
                # A command that ends without reading says why in its output; that is reported below.
                with contextlib.suppress(BrokenPipeError), _pipe(child.stdin) as to_child:
                    to_child.write(stdin or "")
                for line in _pipe(child.stdout):
                    lines.append(line.rstrip("\n"))
                    self.on_line(lines[-1])
                code = child.wait()
            except BaseException:
                child.kill()
                raise
            finally:
                limit.cancel()
        seconds = time.monotonic() - started
        output = "\n".join(lines)
        if seconds > limit_seconds:
            output += f"\nstopped after {limit_seconds:g} seconds"
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{output}\n[{code}, {seconds:.1f} s]\n\n")
        if code != 0:
            raise CommandError(command, code, output)
        return Finished(output, seconds)


def printed_json(output: str) -> Any:
    """The JSON in what a command printed, whose messages come in the same stream. Raises ValueError."""
    lines = output.splitlines()
    begins = [number for number, line in enumerate(lines) if line[:1] in ("{", "[")]
    if not begins:
        raise ValueError(f"no JSON in {output[:200]!r}")
    return json.JSONDecoder().raw_decode("\n".join(lines[begins[0] :]))[0]


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise AssertionError("Popen was asked for this pipe")
    return stream


def runtime() -> str:
    """The Lambda runtime name of the running Python, which is the one the emulator runs functions on."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def architecture() -> str:
    """Lambda's name of this machine's architecture; the settings refuse an unknown one."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` less what would lead a local run astray.

    A profile, session, region or certificate bundle of the user's AWS set-up must not leak in, nor another
    local deployment's .local/env, nor the switches of a test run. A proxy stays, since the first synth may
    fetch packages, but not for this machine itself; so does where Amazon's models are.
    """
    kept = {
        # The user's files may hold a default profile with a region, an endpoint or credentials.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    kept |= {
        name: value
        for name, value in environment.items()
        if name == "SP_API_MODELS"
        or (
            not name.startswith(
                ("AWS_", "CDK_", "FEEDS_", "LOCAL_", "LWA_", "PYTEST_", "SELLERBUS_", "SP_API_")
            )
            and name not in ("PYTHONPATH", "PYTHONWARNINGS", "NODE_OPTIONS")
        )
    }
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, (environment.get(name), _LOCAL_ADDRESSES)))
    return kept


def command_environment(folder: Path, *variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the CDK and of `sellerbus` for a local deployment whose files are in `folder`."""
    environment = clean_environment(os.environ) | {
        # The CLI caches the account by access key in its home: another emulator's account would stick.
        "CDK_HOME": str(folder / "cdk-home"),
        "CDK_NOTICES": "false",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        # The versions of Node.js: a dozen lines at every synth, in the way of the one that matters.
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20,21,22,23",
        # cdk.json runs the app with the Python of this.
        "VIRTUAL_ENV": sys.prefix,
        "SELLERBUS_STAGE": STAGE,
        "FEEDS_API_VERSION": FEEDS_API_VERSION,
        "LOCAL_RUNTIME": runtime(),
        "LOCAL_ARCHITECTURE": architecture(),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "NO_COLOR": "1",
    }
    for more in variables:
        environment |= more
    return environment
