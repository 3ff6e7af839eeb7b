"""Settings and problems of files that a test writes."""

from pathlib import Path

import pytest

from stacks.settings import SettingsError, load_settings
from stacks.settings_model import Settings, StageSettings


def stage(tmp_path: Path, text: str, **environment: str) -> StageSettings:
    (tmp_path / "prod.yaml").write_text(text, encoding="utf-8")
    return load_settings("prod", folder=tmp_path, environment=environment)


def loaded(tmp_path: Path, text: str, **environment: str) -> Settings:
    """The settings of the only cell."""
    (cell,) = stage(tmp_path, text, **environment).cells
    return cell


def problems(tmp_path: Path, text: str, **environment: str) -> list[str]:
    """The problems of a file, without its folder."""
    with pytest.raises(SettingsError) as caught:
        stage(tmp_path, text, **environment)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]


def only(tmp_path: Path, text: str, **environment: str) -> str:
    (problem,) = problems(tmp_path, text, **environment)
    return problem
