"""What this machine needs to operate and to deploy a stage."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Final

from ops.doctor.check import Finding, Level, Looked
from ops.doctor.facts import Facts

_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def python_and_packages(facts: Facts) -> Looked:
    """SB-LOCAL-001: the Python in use and the packages of requirements.txt, as they are pinned."""
    asked = tomllib.loads((facts.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    least = tuple(map(int, re.findall(r"\d+", asked["requires-python"])))
    here = sys.version_info[: len(least)]
    version = ".".join(map(str, sys.version_info[:3]))
    if here < least:
        return Looked(
            f"Python {version}",
            (
                Finding(
                    what=f"Python {version} is too old: Sellerbus needs {asked['requires-python']}.",
                    whom="operators on this machine",
                    evidence=(sys.executable,),
                    mend=("make setup",),
                ),
            ),
        )
    wrong = tuple(_not_as_pinned(facts.root / "requirements.txt"))
    findings: tuple[Finding, ...] = ()
    if wrong:
        findings = (
            Finding(
                what="Packages are not as this version of Sellerbus pins them.",
                whom="operators on this machine",
                evidence=wrong,
                mend=("make setup",),
                level=Level.WARNING,
            ),
        )
    return Looked(f"Python {version}", findings)


def _not_as_pinned(requirements: Path) -> list[str]:
    wrong = []
    for line in requirements.read_text(encoding="utf-8").splitlines():
        pin = _PIN.match(line)
        if not pin:
            continue
        try:
            found = importlib.metadata.version(pin[1])
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{pin[1]} is not installed; pinned is {pin[2]}")
            continue
        if found != pin[2]:
            wrong.append(f"{pin[1]} is {found}; pinned is {pin[2]}")
    return wrong


def cdk(facts: Facts) -> Looked:
    """SB-LOCAL-002: the CDK's command line, in the version that package.json pins."""
    folder = facts.root / "node_modules" / "aws-cdk"
    pinned = json.loads((facts.root / "package.json").read_text(encoding="utf-8"))
    versions = {**pinned.get("dependencies", {}), **pinned.get("devDependencies", {})}
    wanted = versions.get("aws-cdk", "")
    try:
        found = str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])
    except FileNotFoundError:
        found = ""
    if found == wanted:
        return Looked(f"CDK {found}")
    return Looked(
        f"CDK {found or 'missing'}",
        (
            Finding(
                what=f"The CDK that deploys is {found or 'not installed'}; pinned is {wanted}.",
                whom="whoever deploys from this machine; what runs is not touched",
                evidence=(str(folder.relative_to(facts.root)),),
                mend=("make setup",),
                level=Level.WARNING,
            ),
        ),
    )


def configuration(facts: Facts) -> Looked:
    """SB-LOCAL-003: config/<stage>.yaml is there and valid."""
    if facts.stage is None:
        return Looked(
            "not valid",
            (
                Finding(
                    what=f"The configuration of stage {facts.name} is not valid.",
                    whom="operators: no command knows where the stage is",
                    evidence=tuple(facts.problem.splitlines()),
                    by_hand="Mend the file as the lines above say; config/example.yaml explains every key.",
                    mend=(facts.again("SB-LOCAL-003"),),
                ),
            ),
        )
    regions = ", ".join(f"{cell.region} in {cell.settings.aws_region}" for cell in facts.stage.cells)
    return Looked(f"stage {facts.name}: {regions}")
