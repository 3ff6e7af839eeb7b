"""Loads config/<stage>.yaml into frozen, validated settings.

Every problem of a file is reported at once, each with the file, the line, the key (a dotted path with list
indexes), the value and what is allowed.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stacks import marked_yaml, settings_rules, settings_shape
from stacks.finding import Finding
from stacks.marked_yaml import Document
from stacks.settings_cells import cells_of
from stacks.settings_file import StageFile
from stacks.settings_model import StageSettings
from stacks.settings_parts import valid_parts

CONFIG_FOLDER = Path(__file__).resolve().parent.parent / "config"
CONFIG_FOLDER_VARIABLE = "SELLERBUS_CONFIG_FOLDER"
STAGE_VARIABLE = "SELLERBUS_STAGE"

# The stage is part of stack names, and CloudFormation appends to them to name what they hold: keep it short.
_STAGE_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}(?<!-)")
_STAGE_ALLOWED = "a small letter, then up to 19 small letters, digits and hyphens, not ending in a hyphen"
_ENVIRONMENT_PREFIX = "env:"


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a deployment from being synthesised. `line` is 0 where no line is at fault."""

    file: str
    line: int
    key: str
    value: str
    fault: str
    allowed: str

    def __str__(self) -> str:
        shown = f"{self.key} = {self.value}" if self.value else self.key
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {shown or 'the file'}: {self.fault}. Allowed: {self.allowed}."


class SettingsError(Exception):
    """The settings of a stage cannot be used. `problems` holds them all; the message has one per line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load_settings(
    stage: str, *, folder: Path | None = None, environment: Mapping[str, str] = os.environ
) -> StageSettings:
    """The settings of a stage. Raises SettingsError with every problem of its file.

    folder: where the files are; None for the one that SELLERBUS_CONFIG_FOLDER names, else config/.
    """
    path = _file_of(stage, folder or config_folder(environment))
    file = _shown(path)
    document = marked_yaml.read_document(path.read_text(encoding="utf-8"))
    problems = [
        Problem(
            file, fault.line, _key(fault.path), fault.value, fault.text, "one YAML document of unique keys"
        )
        for fault in document.faults
    ]
    if document.data is None and not problems:
        problems.append(Problem(file, 1, "", "", "is empty", "the keys of config/example.yaml"))
    elif not isinstance(document.data, dict) and not problems:
        problems.append(
            Problem(file, 1, "", repr(document.data), "is not a mapping", "the keys of config/example.yaml")
        )
    if problems:
        raise SettingsError(problems)
    findings, data = _with_environment(document.data, environment)
    stage_file, shape = _validated(data, unread={finding.path for finding in findings})
    findings += shape
    findings += settings_rules.findings(valid_parts(data))
    if findings or stage_file is None:
        findings.sort(key=lambda found: (document.line_of(found.path), _indexes(found.path)))
        raise SettingsError(_problem(file, document, finding) for finding in findings)
    return cells_of(stage_file)


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the stages' files are. Raises SettingsError where what the environment names is no folder."""
    named = environment.get(CONFIG_FOLDER_VARIABLE, "")
    if not named:
        return CONFIG_FOLDER
    folder = Path(named).resolve()
    if not folder.is_dir():
        fault = f"{CONFIG_FOLDER_VARIABLE} names no folder"
        allowed = f"the folder of the stages' files; unset {CONFIG_FOLDER_VARIABLE} for the project's own"
        raise SettingsError([Problem(named, 0, "stage", "", fault, allowed)])
    return folder


def _file_of(stage: str, folder: Path) -> Path:
    shown = _shown(folder)
    # The example is to be copied, and no stage that anything is deployed of.
    stages = sorted(entry.stem for entry in folder.glob("*.yaml") if entry.stem != "example")
    present = ", ".join(stages) or "no stage yet"
    if not stage:
        fault = f"no stage was chosen: pass `-c stage=<name>` to cdk, or set {STAGE_VARIABLE}"
        raise SettingsError([Problem(shown, 0, "stage", "", fault, present)])
    if not _STAGE_NAME.fullmatch(stage):
        raise SettingsError(
            [Problem(shown, 0, "stage", repr(stage), "is not the name of a stage", _STAGE_ALLOWED)]
        )
    path = folder / f"{stage}.yaml"
    if not path.is_file():
        fault = f"there is no file {_shown(path)}: copy config/example.yaml to it and fill it in"
        raise SettingsError([Problem(shown, 0, "stage", repr(stage), fault, present)])
    return path


def _shown(path: Path) -> str:
    return (
        str(path.relative_to(CONFIG_FOLDER.parent))
        if path.is_relative_to(CONFIG_FOLDER.parent)
        else str(path)
    )


def _with_environment(
    data: dict[str, Any], environment: Mapping[str, str]
) -> tuple[list[Finding], dict[str, Any]]:
    """The data with `env:NAME` replaced. Only the emulator's stage may: elsewhere the file alone decides."""
    findings: list[Finding] = []
    permitted = data.get("emulator") is True

    def replaced(value: Any, path: marked_yaml.Path) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or not value.startswith(_ENVIRONMENT_PREFIX):
            return value
        name = value.removeprefix(_ENVIRONMENT_PREFIX)
        if not permitted:
            findings.append(
                Finding(
                    path,
                    value,
                    "is read from the environment",
                    "a value written here (env: only where emulator is true)",
                )
            )
        elif not environment.get(name):
            findings.append(
                Finding(
                    path,
                    value,
                    f"the environment variable {name} is not set",
                    f"{name} with a value; for the local deployment run `make up` and `source .local/env`",
                )
            )
        else:
            return environment[name]
        return value

    return findings, {key: replaced(item, (key,)) for key, item in data.items()}


def _validated(
    data: dict[str, Any], *, unread: set[marked_yaml.Path]
) -> tuple[StageFile | None, list[Finding]]:
    try:
        return StageFile.model_validate(data), []
    except ValidationError as error:
        found = settings_shape.findings(error, data)
    # A place that could not be read from the environment has its problem already.
    return None, [finding for finding in found if finding.path not in unread]


def _indexes(path: marked_yaml.Path) -> tuple[int, ...]:
    return tuple(part for part in path if isinstance(part, int))


def _key(path: marked_yaml.Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _problem(file: str, document: Document, finding: Finding) -> Problem:
    value = "" if finding.value is None else repr(finding.value)
    # A key missing at the top has no line; the first one would be somebody else's.
    nowhere = len(finding.path) == 1 and finding.path not in document.lines
    line = 0 if nowhere else document.line_of(finding.path)
    return Problem(file, line, _key(finding.path), value, finding.fault, finding.allowed)
