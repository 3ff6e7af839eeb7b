"""The simulator stands alone: a mistake about Amazon must not be made on both sides by sharing code."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import simulator

ALLOWED = {
    *("boto3", "botocore", "cryptography", "defusedxml", "requests", "rich", "simulator", "starlette"),
    *("typer", "uvicorn"),
}


def test_the_simulator_imports_nothing_of_the_product() -> None:
    files = sorted(Path(str(simulator.__file__)).parent.rglob("*.py"))
    assert len(files) > 20
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file.name} imports relatively"
                names = [str(node.module)]
            foreign = {name.split(".")[0] for name in names} - ALLOWED - sys.stdlib_module_names
            assert not foreign, f"{file.name} imports {foreign}"
