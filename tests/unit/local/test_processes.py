"""Processes are stopped with their children, by force when they don't listen, and never by a number alone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local import processes

_STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def start(folder: Path, code: str) -> processes.BackgroundProcess:
    return processes.start(
        "test",
        [sys.executable, "-c", code],
        environment=dict(os.environ),
        log=folder / "test.log",
        folder=folder,
    )


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[processes.BackgroundProcess]:
    process = start(tmp_path, "import time; time.sleep(60)")
    yield process
    processes.stop(process)


def test_stop_ends_a_process(sleeper: processes.BackgroundProcess) -> None:
    assert processes.is_running(sleeper)

    processes.stop(sleeper)

    assert not processes.is_running(sleeper)


def test_stop_takes_along_a_child_that_ignores_the_signal(tmp_path: Path) -> None:
    process = start(tmp_path, _STUBBORN)
    deadline = time.monotonic() + 10
    while not (text := process.log.read_text(encoding="utf-8").strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child = int(text)
    time.sleep(0.2)

    processes.stop(process, grace_seconds=0.3)

    assert not processes.is_running(process)
    deadline = time.monotonic() + 5
    while processes.is_alive(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.01)


def test_a_process_that_has_ended_is_not_running_and_stopping_it_is_fine(tmp_path: Path) -> None:
    process = start(tmp_path, "pass")
    deadline = time.monotonic() + 10
    while processes.is_running(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)

    processes.stop(process)
    processes.stop(process)


def test_a_later_process_under_the_same_pid_is_left_alone(sleeper: processes.BackgroundProcess) -> None:
    stored = replace(sleeper, mark="of an earlier process", child=None)

    assert not processes.is_running(stored)
    processes.stop(stored)

    assert processes.is_running(sleeper)


def test_a_process_is_found_again_by_what_was_stored(sleeper: processes.BackgroundProcess) -> None:
    found = processes.BackgroundProcess.from_json(sleeper.to_json())

    assert found == sleeper
    assert processes.is_running(found)


def test_this_process_is_running() -> None:
    assert processes.is_running(processes.this_process())


def test_tail_gives_the_last_lines_and_nothing_without_a_file(tmp_path: Path) -> None:
    log = tmp_path / "some.log"
    assert processes.tail(log) == ""

    log.write_text("1\n2\n3\n", encoding="utf-8")

    assert processes.tail(log, lines=2) == "2\n3"
