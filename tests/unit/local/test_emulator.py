"""Clients of the emulator know nothing of the person's own AWS set-up."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import emulator, processes
from local.emulator import Emulator


def test_a_profile_that_is_not_there_is_of_no_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-north-1\n", encoding="utf-8")
    monkeypatch.setenv("AWS_PROFILE", "nosuch")
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "nosuch")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of production")
    emulator._session.cache_clear()
    running = Emulator(processes.this_process(), "http://127.0.0.1:9", tmp_path, certificate=None)

    client = running.new_client("sqs")

    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client.meta.region_name == emulator.REGION
    assert client._request_signer._credentials.token is None
