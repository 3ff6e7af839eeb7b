"""Folders of local runs, and cleaning up after runs that were killed before they could do it themselves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from local import processes
from local.commands import ROOT
from local.deployment import Deployment

LOCAL = ROOT / ".local"
_RECORD = "run.json"


def new_folder(kind: str) -> Path:
    """A fresh folder for one run; the next run's `sweep` removes it once this program has ended."""
    LOCAL.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=LOCAL))
    _write(folder, [])
    return folder


def record(folder: Path, deployment: Deployment) -> None:
    """Remembers what the run has started, so that it is found should this program be killed."""
    _write(folder, [deployment.emulator.process, deployment.simulator.process])


def sweep() -> None:
    """Stops what killed runs have left running, and removes their folders; running ones are left alone."""
    for file in LOCAL.glob(f"*/{_RECORD}"):
        stored = json.loads(file.read_text(encoding="utf-8"))
        if processes.is_running(processes.BackgroundProcess.from_json(stored["owner"])):
            continue
        for process in stored["processes"]:
            processes.stop(processes.BackgroundProcess.from_json(process))
        shutil.rmtree(file.parent)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into SystemExit, so that `finally` blocks stop what was started."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write(folder: Path, started: list[processes.BackgroundProcess]) -> None:
    owner = processes.this_process()
    stored = {"owner": owner.to_json(), "processes": [process.to_json() for process in started]}
    temporary = folder / f"{_RECORD}.{os.getpid()}"
    temporary.write_text(json.dumps(stored), encoding="utf-8")
    temporary.rename(folder / _RECORD)
