"""How fast documents stream, against openssl and gzip in a pipe, and how much memory they take.

512 MiB of a processing report, packed and encrypted, come from a server process on this machine and go to S3
in memory, and the other way round. The rounds of both take turns, and the best of each counts: what else the
machine does slows either.
"""

import json
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.document_worker import DETAILS
from bench.processing import ROOT, Row

DOCUMENT_BYTES = 512 << 20
ROUNDS = 3
LEAST_SPEEDUP = 1.5
MOST_GROWTH_BYTES = 64 << 20
# AES-CBC chains its blocks: whoever encrypts has to do one after the other, openssl as well.
MOST_PLAIN_TIME = 2.0

_AES = f"openssl enc -aes-256-cbc -K {DETAILS.key.hex()} -iv {DETAILS.vector.hex()}"


@dataclass(frozen=True)
class _Case:
    """direction and stored: the worker's; served: what the server gives; pipe: does the same work."""

    what: str
    direction: str
    stored: str
    served: str
    pipe: str
    baseline: str
    most: float


_CASES = (
    _Case(
        "gzip+AES document of 512 MiB down",
        "down",
        "plain",
        "plain.gz.aes",
        f"{_AES} -d -in plain.gz.aes | gzip -dc",
        "openssl -d | gzip -dc",
        1 / LEAST_SPEEDUP,
    ),
    _Case(
        "gzip document of 512 MiB up with AES",
        "up",
        "plain.gz",
        "plain.gz.aes",
        f"gzip -dc plain.gz | {_AES}",
        "gzip -dc | openssl",
        1 / LEAST_SPEEDUP,
    ),
    _Case(
        "plain document of 512 MiB up with AES",
        "up",
        "plain",
        "plain.gz.aes",
        f"{_AES} -in plain",
        "openssl, nothing sent",
        MOST_PLAIN_TIME,
    ),
)


def streams() -> list[Row]:
    """Measure the time and the memory of every case."""
    for tool in ("openssl", "gzip"):
        if shutil.which(tool) is None:
            sys.exit(f"The documents are measured against {tool}, which is not installed.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder)
        return [row for case in _CASES for row in _rows(case, folder)]


def _rows(case: _Case, folder: Path) -> Iterator[Row]:
    times: list[float] = []
    baselines: list[float] = []
    growth = 0
    with _server(folder / case.served) as port:
        for _ in range(ROUNDS):
            baselines.append(_timed(case.pipe, folder))
            result = _transfer(case, port, folder)
            times.append(result["seconds"])
            growth = max(growth, int(result["growth"]))
    speed = (DOCUMENT_BYTES >> 20) / min(times)
    yield Row(case.what, speed, "MiB/s", min(times) / min(baselines), case.baseline, most=case.most)
    grown = growth / (1 << 20)
    yield Row("  memory it takes", grown, "MiB", growth / MOST_GROWTH_BYTES, "64 MiB", most=1.0)


def _make(folder: Path) -> None:
    """A report as Amazon writes them: the same few messages about ever other items."""
    chance = random.Random(4)  # noqa: S311
    left = DOCUMENT_BYTES
    number = 0
    with (folder / "plain").open("wb") as file:
        while left:
            issues = []
            for _ in range(2000):
                number += 1
                issue = {
                    "messageId": number,
                    "sku": f"SKU-{chance.getrandbits(40):010x}",
                    "code": str(chance.randint(90_000, 99_999)),
                    "severity": chance.choice(("ERROR", "WARNING", "INFO")),
                    "message": f"'{chance.getrandbits(48):x}' is not valid for the attribute.",
                    "attributeName": chance.choice(("item_name", "brand", "list_price")),
                }
                issues.append(json.dumps(issue))
            written = file.write(",\n".join(issues).encode()[:left])
            left -= written
    _run("gzip -6 -c plain > plain.gz", folder)
    _run(f"{_AES} -in plain.gz -out plain.gz.aes", folder)


@contextmanager
def _server(document: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.document_server", str(document)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            yield next(iter(server.stdout or ())).strip()
        finally:
            server.terminate()


def _transfer(case: _Case, port: str, folder: Path) -> dict[str, float]:
    stored = str(folder / case.stored)
    command = [sys.executable, "-m", "bench.document_worker", case.direction, port, stored]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    result: dict[str, float] = json.loads(finished.stdout)
    return result


def _timed(pipe: str, folder: Path) -> float:
    began = time.perf_counter()
    _run(f"{pipe} > /dev/null", folder)
    return time.perf_counter() - began


def _run(pipe: str, folder: Path) -> None:
    script = f"set -euo pipefail; cd {shlex.quote(str(folder))}; {pipe}"
    subprocess.run(["bash", "-c", script], check=True)  # noqa: S607
