"""Setting up: which Python is taken, and that nothing is installed twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.commands import ROOT


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def python(path: Path, version: str) -> Path:
    """A stand-in that answers the look for `version` as a usable Python of it does, and no other."""
    return program(path, f'case "$2" in *"\'{version}\'"*) exit 0;; esac; exit 1')


def find_python(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    assert bash
    return subprocess.run(
        [bash, str(ROOT / "bin" / "find-python")],
        env={"PATH": str(path), "HOME": str(path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_newer_python_of_pyenv_comes_before_an_older_one_on_the_path(tmp_path: Path) -> None:
    python(tmp_path / "bin" / "python3.12", "3.12")
    newest = python(tmp_path / "pyenv" / "versions" / "3.13.1" / "bin" / "python3", "3.13")

    found = find_python(tmp_path / "bin", PYENV_ROOT=str(tmp_path / "pyenv"))

    assert found.stdout.strip() == str(newest)


def test_the_path_comes_before_pyenv_for_the_same_version(tmp_path: Path) -> None:
    python(tmp_path / "bin" / "python3.13", "3.13")
    python(tmp_path / "pyenv" / "versions" / "3.13.1" / "bin" / "python3", "3.13")

    assert find_python(tmp_path / "bin", PYENV_ROOT=str(tmp_path / "pyenv")).stdout.strip() == "python3.13"


def test_a_shim_without_its_version_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "python3.13", "echo 'not found'; exit 127")
    usable = python(tmp_path / "pyenv" / "versions" / "3.13.2" / "bin" / "python3", "3.13")

    found = find_python(tmp_path / "bin", PYENV_ROOT=str(tmp_path / "pyenv"))

    assert found.stdout.strip() == str(usable)


def test_a_python_named_by_hand_that_does_not_serve_is_refused(tmp_path: Path) -> None:
    refused = find_python(tmp_path, PYTHON=str(program(tmp_path / "python2", "exit 1")))

    assert refused.returncode == 1
    assert "python2 is not a Python 3.11 or later" in refused.stderr


@pytest.mark.parametrize("name", ["sellerbus", "simulator"])
def test_a_command_line_that_is_not_set_up_says_how_to(tmp_path: Path, name: str) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / name, tmp_path / "bin" / name)

    ended = subprocess.run([str(tmp_path / "bin" / name)], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr == f"{name} is not set up yet: run 'make setup' in {tmp_path} first.\n"


def test_stopping_on_a_fresh_clone_installs_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")

    ended = subprocess.run(
        ["make", "down"],  # noqa: S607  the make that runs these tests, too
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "Nothing was running.\n")
    assert [file.name for file in tmp_path.iterdir()] == ["Makefile"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose python and npm only note that they were called."""
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "constraints.txt",
        "package.json",
        "package-lock.json",
    ):
        (tmp_path / name).write_text("1\n", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    for name in ("setup", "find-python"):
        shutil.copy(ROOT / "bin" / name, tmp_path / "bin" / name)
    program(tmp_path / ".venv" / "bin" / "python", f'echo "python $*" >> {tmp_path}/calls')
    program(tmp_path / "path" / "npm", f'echo "npm $*" >> {tmp_path}/calls; mkdir -p {tmp_path}/node_modules')
    return tmp_path


def set_up(project: Path) -> list[str]:
    """Runs bin/setup; returns the installations that it made."""
    calls = project / "calls"
    calls.write_text("", encoding="utf-8")
    path = f"{project / 'path'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [str(project / "bin" / "setup")], env={**os.environ, "PATH": path}, check=True, capture_output=True
    )
    made = calls.read_text(encoding="utf-8").splitlines()
    return [" ".join(call.split()[:4]) for call in made if " install " in call or call.startswith("npm ci")]


PACKAGES = "python -m pip install"
CDK = "npm ci --no-audit --no-fund"


def test_the_second_time_nothing_is_installed(project: Path) -> None:
    assert set_up(project) == [PACKAGES, CDK]
    assert set_up(project) == []


def test_other_requirements_are_installed_again_and_nothing_else(project: Path) -> None:
    set_up(project)

    (project / "requirements.txt").write_text("2\n", encoding="utf-8")
    assert set_up(project) == [PACKAGES]

    (project / "package-lock.json").write_text("2\n", encoding="utf-8")
    assert set_up(project) == [CDK]


def test_a_touched_file_with_the_same_contents_installs_nothing(project: Path) -> None:
    set_up(project)

    os.utime(project / "requirements.txt", (2_000_000_000, 2_000_000_000))

    assert set_up(project) == []
