"""Every handler loads with nothing but the standard library, boto3 and the layers.

The local emulator's own packages leak into the functions and would hide a missing dependency. So each handler
is imported in a bare interpreter that sees exactly the distributions the layer pins, and what boto3 brings.
"""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LAMBDAS = ROOT / "lambdas"
SHARED = LAMBDAS / "layers" / "shared" / "python"
REQUIREMENTS = LAMBDAS / "layers" / "dependencies" / "requirements.txt"
DOCUMENTS = LAMBDAS / "layers" / "documents" / "requirements.txt"
# Who may import what only the layer of documents has: few functions have that layer.
WITH_DOCUMENTS = ("sellerbus/documents/", "sellerbus/feeds/json_events.py")
# What Lambda's Python runtime has: boto3 and what it stands on.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
HANDLERS = sorted(path.parent.name for path in LAMBDAS.glob("*/handler.py"))

_SCRIPT = """
import importlib, sys
sys.path += sys.argv[1:]
importlib.import_module("handler").handler
"""


def pinned(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    pairs = [line.split("==") for line in lines if line]
    return {normalised(name): version for name, version in pairs}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def link(names: Iterable[str], folder: Path) -> None:
    """Make `folder` a site-packages with the installed distributions `names` and nothing else."""
    for name in names:
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        for top in tops:
            place = folder / top
            if not place.exists():
                place.symlink_to(Path(str(distribution.locate_file(top))))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layer")
    link({*pinned(), *RUNTIME}, folder)
    return folder


def imported(handler: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    paths = [str(LAMBDAS / handler), *map(str, folders)]
    # Isolated and without site: neither the environment nor the interpreter's own packages are seen.
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", _SCRIPT, *paths],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_there_are_handlers() -> None:
    assert {"manage_destination", "manage_subscriptions", "reconcile_subscriptions"} <= set(HANDLERS)


@pytest.mark.parametrize("handler", HANDLERS)
def test_loads_alone(handler: str, packages: Path) -> None:
    finished = imported(handler, packages, SHARED)
    assert finished.returncode == 0, finished.stderr


def test_a_missing_dependency_is_noticed(tmp_path: Path) -> None:
    link({*pinned(), *RUNTIME} - {"requests"}, tmp_path)
    finished = imported("manage_destination", tmp_path, SHARED)
    assert "No module named 'requests'" in finished.stderr


def test_a_missing_shared_layer_is_noticed(packages: Path) -> None:
    assert "No module named 'sellerbus'" in imported("manage_destination", packages).stderr


def test_what_is_tested_here_is_what_is_pinned_there() -> None:
    for requirements in (REQUIREMENTS, DOCUMENTS):
        installed = {name: importlib.metadata.version(name) for name in pinned(requirements)}
        assert installed == pinned(requirements)


def test_the_layer_names_all_that_its_distributions_need() -> None:
    there = {*pinned(), *pinned(DOCUMENTS), *RUNTIME}
    for name in (*pinned(), *pinned(DOCUMENTS)):
        for text in importlib.metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert normalised(requirement.name) in there, f"{name} needs {requirement.name}"


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def test_every_third_party_import_is_in_the_layer_or_the_runtime() -> None:
    """Imports inside functions too, which loading a handler does not run."""
    distributions = importlib.metadata.packages_distributions()
    allowed = {*pinned(), *RUNTIME}
    unknown: list[str] = []
    for path in sorted(LAMBDAS.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        extra = set(pinned(DOCUMENTS)) if any(part in place for part in WITH_DOCUMENTS) else set()
        for name in set(imports(path)) - set(sys.stdlib_module_names) - {"sellerbus", "handler"}:
            owners = {normalised(owner) for owner in distributions.get(name, [])}
            if not owners & (allowed | extra):
                unknown.append(f"{path.relative_to(ROOT)}: {name}")
    assert unknown == []
