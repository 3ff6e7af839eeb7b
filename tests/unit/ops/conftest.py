"""A deployed stage for the commands' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.unit.ops.aws import DeployedStage


@pytest.fixture
def stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[DeployedStage]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "SELLERBUS_STAGE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "config"
    folder.mkdir()
    with mock_aws():
        yield DeployedStage(monkeypatch, capsys, folder)
