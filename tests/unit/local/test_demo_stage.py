"""The demo's stage is config/local.yaml with a cell in eu, and a stage that the settings take."""

from __future__ import annotations

from pathlib import Path

import yaml

from local.commands import ROOT
from local.demo_stage import WINDOW_SECONDS, write_stage
from stacks.settings import load_settings

VARIABLES = {
    "SP_API_ENDPOINT": "http://127.0.0.1:1",
    "LWA_ENDPOINT": "http://127.0.0.1:1/auth/o2/token",
    "FEEDS_API_VERSION": "2021-06-30",
    "LOCAL_RUNTIME": "python3.13",
    "LOCAL_ARCHITECTURE": "x86_64",
}


def test_there_is_a_cell_for_india_beside_the_local_one(tmp_path: Path) -> None:
    write_stage(tmp_path / "config", sp_api="http://127.0.0.1:1/regions/eu")

    settings = load_settings("local", folder=tmp_path / "config", environment=VARIABLES)

    assert [(cell.region, cell.aws_region) for cell in settings.cells] == [
        ("na", "us-east-1"),
        ("eu", "us-east-1"),
    ]
    europe = settings.cells[1]
    assert europe.sp_api.endpoint == "http://127.0.0.1:1/regions/eu"
    assert [entry.type for entry in europe.notifications] == ["FEED_PROCESSING_FINISHED"]


def test_nothing_else_is_another_than_in_the_local_stage(tmp_path: Path) -> None:
    written = yaml.safe_load(write_stage(tmp_path, sp_api="http://127.0.0.1:1").read_text(encoding="utf-8"))
    local = yaml.safe_load((ROOT / "config" / "local.yaml").read_text(encoding="utf-8"))

    del written["regions"]["eu"]
    assert written["feeds"]["changes"].pop("window_seconds") == WINDOW_SECONDS
    local["feeds"]["changes"].pop("window_seconds")
    assert written == local
