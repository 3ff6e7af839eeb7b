"""Background processes that this project starts, and how they are stopped again.

A process gets a session of its own, so that stopping it takes its children along (the emulator's function
workers), and is remembered by pid *and* start mark: a pid that the system has given to somebody else in the
meantime is never signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GRACE_SECONDS = 5.0
"""What a process gets for an orderly end. The emulator ignores SIGTERM while a custom resource is pending."""


@dataclass(frozen=True)
class BackgroundProcess:
    """A process group led by `pid`; `mark` tells this process from a later one with the same pid."""

    name: str
    pid: int
    mark: str
    log: Path
    child: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs to find the process again from another program."""
        return {"name": self.name, "pid": self.pid, "mark": self.mark, "log": str(self.log)}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> BackgroundProcess:
        """The process that `to_json` described; it may have ended since."""
        return BackgroundProcess(
            name=str(stored["name"]),
            pid=int(stored["pid"]),
            mark=str(stored["mark"]),
            log=Path(stored["log"]),
        )


def start(
    name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path, folder: Path
) -> BackgroundProcess:
    """Starts `command` in `folder` with exactly `environment`, its output going to the file `log`.

    Raises OSError when the program can't be run.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return BackgroundProcess(name=name, pid=child.pid, mark=_mark(child.pid) or "", log=log, child=child)


def this_process() -> BackgroundProcess:
    """The running program itself, for others to ask whether it is still there."""
    pid = os.getpid()
    return BackgroundProcess(name="owner", pid=pid, mark=_mark(pid) or "", log=Path(os.devnull))


def is_running(process: BackgroundProcess) -> bool:
    """Whether this very process is alive: neither ended, nor a zombie, nor another one under its pid."""
    mark = _mark(process.pid)
    return mark is not None and mark == process.mark


def is_alive(pid: int) -> bool:
    """Whether any process, other than a zombie, has this pid."""
    return _mark(pid) is not None


def stop(process: BackgroundProcess, *, grace_seconds: float = GRACE_SECONDS) -> None:
    """Ends the process and its children: SIGTERM, then SIGKILL after `grace_seconds`. Ended already: fine."""
    # An unreaped child keeps its number even when it has ended, so its group can still be signalled safely.
    if is_running(process) or (process.child is not None and process.child.returncode is None):
        _signal_group(process.pid, signal.SIGTERM)
        _wait_for_end(process, grace_seconds)
        # The leader may be gone while a worker of its group is not.
        _signal_group(process.pid, signal.SIGKILL)
        _wait_for_end(process, grace_seconds)
    if process.child is not None:
        process.child.wait(timeout=grace_seconds)


def tail(log: Path, lines: int = 40) -> str:
    """The last `lines` lines of a log file; empty when there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _wait_for_end(process: BackgroundProcess, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.02)


def _signal_group(leader: int, number: signal.Signals) -> None:
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return


def _mark(pid: int) -> str | None:
    """When the process started, in whatever form the system tells; None when there is no such process."""
    status = Path(f"/proc/{pid}/stat")
    if status.parent.parent.joinpath("self").exists():
        try:
            # The command's name is in brackets and may hold spaces: count from the last bracket.
            fields = status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else fields[19]
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607  found on the PATH of every BSD and macOS
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    state, _, started = answer.partition(" ")
    return None if not state or state.startswith("Z") else started.strip()
