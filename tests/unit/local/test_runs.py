"""What a killed run has left behind is stopped by the next; a run that goes on is left alone."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes, runs


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LOCAL", tmp_path)


@pytest.fixture
def left_behind(tmp_path: Path) -> Iterator[processes.BackgroundProcess]:
    process = processes.start(
        "emulator",
        [sys.executable, "-c", "import time; time.sleep(60)"],
        environment=dict(os.environ),
        log=tmp_path / "log",
        folder=tmp_path,
    )
    yield process
    processes.stop(process)


def write_run(folder: Path, owner: processes.BackgroundProcess, process: processes.BackgroundProcess) -> None:
    folder.mkdir()
    stored = {"owner": owner.to_json(), "processes": [process.to_json()]}
    (folder / "run.json").write_text(json.dumps(stored), encoding="utf-8")


def test_the_processes_of_a_killed_run_are_stopped(
    tmp_path: Path, left_behind: processes.BackgroundProcess
) -> None:
    gone = processes.BackgroundProcess(name="owner", pid=os.getpid(), mark="earlier", log=tmp_path / "none")
    write_run(tmp_path / "demo-1", gone, left_behind)

    runs.sweep()

    assert not processes.is_running(left_behind)
    assert not (tmp_path / "demo-1").exists()


def test_a_run_that_goes_on_is_left_alone(tmp_path: Path, left_behind: processes.BackgroundProcess) -> None:
    write_run(tmp_path / "demo-1", processes.this_process(), left_behind)

    runs.sweep()

    assert processes.is_running(left_behind)
    assert (tmp_path / "demo-1").exists()


def test_a_new_folder_belongs_to_this_program() -> None:
    folder = runs.new_folder("demo")

    runs.sweep()

    assert folder.is_dir()


def test_sigterm_ends_orderly() -> None:
    stopped = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            stopped.append("what was started")

    with pytest.raises(SystemExit) as ended, runs.orderly_end():
        work()

    assert ended.value.code == 128 + signal.SIGTERM
    assert stopped == ["what was started"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
