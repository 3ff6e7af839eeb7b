"""The doctor on a stage that is well, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.ops.aws import DeployedStage
from tests.unit.ops.doctor_stage import DoctorStage


@pytest.fixture
def world(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DoctorStage:
    return DoctorStage(stage, monkeypatch, tmp_path)


def test_all_is_well(world: DoctorStage) -> None:
    finished = world.doctor("--json")
    assert [row for row in finished.document["checks"] if row["findings"]] == []
    outcomes = {row["id"]: row["outcome"] for row in finished.document["checks"]}
    assert {name for name, outcome in outcomes.items() if outcome != "well"} == {"SB-DEST-002"}
    assert finished.code == 0
    assert finished.err == ""
