"""The dependency layer: what names it, and that it is built once and whole or not at all."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from stacks.bundling import BundlingError, PipBundling, layer_digest

REQUIREMENTS = "requests==2.34.2\nurllib3==2.8.0  # of requests\n"


class Pip:
    """Stands in for pip: writes one module, or fails after having written it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.commands: list[Sequence[str]] = []
        self._fails = fails

    def __call__(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        self.commands.append(command)
        target = Path(command[list(command).index("--target") + 1])
        (target / "bin").mkdir(parents=True)
        (target / "module.py").write_text("made = True\n", encoding="utf-8")
        code, words = (1, "no matching distribution") if self._fails else (0, "")
        return subprocess.CompletedProcess(command, code, "", words)


def bundling(tmp_path: Path, pip: Pip, *, architecture: str = "arm64") -> PipBundling:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(REQUIREMENTS, encoding="utf-8")
    digest = layer_digest(REQUIREMENTS, runtime="python3.13", architecture=architecture)
    return PipBundling(
        digest=digest,
        runtime="python3.13",
        architecture=architecture,
        requirements=requirements,
        cache=tmp_path / "cache",
        run=pip,
    )


def test_a_layer_lies_where_lambda_looks_for_it(tmp_path: Path) -> None:
    assert bundling(tmp_path, Pip()).try_bundle(str(tmp_path / "out")) is True
    assert [path.name for path in (tmp_path / "out" / "python").iterdir()] == ["module.py"]


def test_a_second_synthesis_needs_no_pip(tmp_path: Path) -> None:
    bundling(tmp_path, Pip()).try_bundle(str(tmp_path / "first"))
    never = Pip(fails=True)
    bundling(tmp_path, never).try_bundle(str(tmp_path / "second"))
    assert never.commands == []
    assert (tmp_path / "second" / "python" / "module.py").is_file()


def test_wheels_are_those_of_the_functions_machine(tmp_path: Path) -> None:
    pip = Pip()
    bundling(tmp_path, pip).try_bundle(str(tmp_path / "out"))
    command = list(pip.commands[0])
    assert {"--no-compile", "--no-deps", "--only-binary=:all:"} <= set(command)
    assert command[command.index("--python-version") + 1] == "3.13"
    platforms = [command[index + 1] for index, part in enumerate(command) if part == "--platform"]
    assert platforms == ["manylinux2014_aarch64", "manylinux_2_28_aarch64"]


def test_a_failure_is_raised_with_pips_words_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BundlingError, match="no matching distribution"):
        bundling(tmp_path, Pip(fails=True)).try_bundle(str(tmp_path / "out"))
    assert list((tmp_path / "cache").iterdir()) == []
    assert not (tmp_path / "out").exists()


def test_two_at_once_end_with_one_whole_layer(tmp_path: Path) -> None:
    other = bundling(tmp_path, Pip())

    class Slow(Pip):
        def __call__(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
            other.try_bundle(str(tmp_path / "other"))
            return super().__call__(command)

    bundling(tmp_path, Slow()).try_bundle(str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "python" / "module.py").is_file()
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_name_of_a_layer_is_what_it_is_made_of() -> None:
    name = layer_digest(REQUIREMENTS, runtime="python3.13", architecture="arm64")
    assert layer_digest(REQUIREMENTS, runtime="python3.12", architecture="arm64") != name
    assert layer_digest(REQUIREMENTS, runtime="python3.13", architecture="x86_64") != name
    assert layer_digest("requests==2.34.3\n", runtime="python3.13", architecture="arm64") != name


def test_comments_order_and_line_ends_do_not_count() -> None:
    name = layer_digest(REQUIREMENTS, runtime="python3.13", architecture="arm64")
    same = "# a comment\r\nurllib3==2.8.0\r\n\r\nrequests==2.34.2\r\n"
    assert layer_digest(same, runtime="python3.13", architecture="arm64") == name
