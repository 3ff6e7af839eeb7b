"""The AWS emulator (ministack) as a background process on 127.0.0.1.

Everything it writes stays in the folder it is given, its certificate and its functions' temporary files
included. With `enforce_iam` it checks signatures, IAM policies and resource policies, and speaks TLS (without
TLS the statements that deny plain transport would deny everything).
"""

from __future__ import annotations

import functools
import json
import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session as BotocoreSession

from local import processes
from local.certificate import make_certificate
from local.commands import ROOT, clean_environment

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105  the emulator's fixed root secret; it opens nothing else
START_SECONDS = 20.0
# Not by PYTHONPATH: the functions would inherit it and find the project's other packages.
_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from local.emulator_process import main; main()"


class EmulatorError(Exception):
    """The emulator didn't start or doesn't answer; the message says which log to read."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator: `endpoint` for every AWS client, `certificate` to trust when it speaks TLS."""

    process: processes.BackgroundProcess
    endpoint: str
    folder: Path
    certificate: Path | None

    def client(self, service: str, *, account: str = ACCESS_KEY_ID) -> Any:
        """A boto3 client of `service`, made once. A 12-digit access key id acts as that account's root."""
        return _shared_client(self, service, account)

    def new_client(
        self,
        service: str,
        *,
        account: str = ACCESS_KEY_ID,
        secret: str = SECRET_ACCESS_KEY,
        token: str | None = None,
        region: str = REGION,
    ) -> Any:
        """As `client`, but shared with nobody, with any credentials and in any AWS region."""
        return _session().client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
            aws_session_token=token,
            verify=str(self.certificate) if self.certificate else None,
            config=Config(
                retries={"total_max_attempts": 3},
                connect_timeout=5,
                read_timeout=30,
                # A proxy of the user's environment has no business between two programs on this machine.
                proxies={},
            ),
        )

    def environment(self) -> dict[str, str]:
        """The variables by which a program (the CDK, boto3, the command line) reaches this emulator."""
        variables = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }
        if self.certificate:
            variables["AWS_CA_BUNDLE"] = str(self.certificate)
            variables["NODE_EXTRA_CA_CERTS"] = str(self.certificate)
        return variables

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs to find this emulator again."""
        return {
            "process": self.process.to_json(),
            "endpoint": self.endpoint,
            "folder": str(self.folder),
            "certificate": str(self.certificate) if self.certificate else None,
        }

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Emulator:
        """The emulator that `to_json` described; it may have ended since."""
        return Emulator(
            process=processes.BackgroundProcess.from_json(stored["process"]),
            endpoint=str(stored["endpoint"]),
            folder=Path(stored["folder"]),
            certificate=Path(stored["certificate"]) if stored["certificate"] else None,
        )


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_emulator(folder: Path, *, enforce_iam: bool = False) -> Emulator:
    """Starts the emulator with its state in `folder` and waits until it answers.

    Raises EmulatorError with the end of its log when it doesn't within START_SECONDS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    scheme = "https" if enforce_iam else "http"
    endpoint = f"{scheme}://127.0.0.1:{port}"
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = clean_environment(os.environ) | {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(temporary),
        # The functions' processes find what the first of them has compiled.
        "PYTHONDONTWRITEBYTECODE": "",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_WARM_TTL_SECONDS": "30",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }
    certificate: Path | None = None
    if enforce_iam:
        files = make_certificate(folder / "tls")
        certificate = files.certificate
        environment |= {
            "AUTH": "true",
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(files.certificate),
            "MINISTACK_SSL_KEY": str(files.key),
            # The functions inherit these; an outer certificate bundle would make them distrust the emulator,
            # to which they also answer custom resources by its ResponseURL, without boto3.
            "AWS_CA_BUNDLE": str(files.certificate),
            "SSL_CERT_FILE": str(files.certificate),
            "REQUESTS_CA_BUNDLE": str(files.certificate),
        }
    process = processes.start(
        "emulator",
        [sys.executable, "-c", _PROGRAM, str(ROOT)],
        environment=environment,
        log=folder / "emulator.log",
        folder=folder,
    )
    emulator = Emulator(process=process, endpoint=endpoint, folder=folder, certificate=certificate)
    try:
        _wait_until_healthy(emulator)
    except BaseException:
        processes.stop(process)
        raise
    return emulator


def is_healthy(emulator: Emulator) -> bool:
    """Whether the emulator's process is alive and answers its health page."""
    if not processes.is_running(emulator.process):
        return False
    context = ssl.create_default_context(cafile=str(emulator.certificate)) if emulator.certificate else None
    try:
        with urllib.request.urlopen(  # noqa: S310  the address is this module's own
            f"{emulator.endpoint}/_ministack/health", timeout=2, context=context
        ) as answer:
            return "services" in json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def stop_emulator(emulator: Emulator) -> None:
    """Stops the emulator and its function workers."""
    processes.stop(emulator.process)


@functools.cache
def _session() -> boto3.Session:
    # Without the user's profile and files: a profile that isn't there would fail, another could lead astray.
    return boto3.Session(
        botocore_session=BotocoreSession(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        )
    )


@functools.cache
def _shared_client(emulator: Emulator, service: str, account: str) -> Any:
    return emulator.new_client(service, account=account)


def _wait_until_healthy(emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_healthy(emulator):
        if not processes.is_running(emulator.process) or time.monotonic() > deadline:
            raise EmulatorError(
                f"The AWS emulator didn't answer on {emulator.endpoint} within {START_SECONDS:g} seconds.\n"
                f"The end of its log, {emulator.process.log}:\n{processes.tail(emulator.process.log)}"
            )
        time.sleep(0.05)
