"""What a stage advises where something of it is missing."""

from __future__ import annotations

from typing import Any

import pytest

from ops.errors import CommandError
from ops.stage import Stage, open_stage


def opened(name: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for variable in ("SP_API_ENDPOINT", "LWA_ENDPOINT"):
        monkeypatch.setenv(variable, "http://127.0.0.1:8000/auth/o2/token")
    monkeypatch.setenv("FEEDS_API_VERSION", "2021-06-30")
    monkeypatch.setenv("LOCAL_RUNTIME", "python3.13")
    monkeypatch.setenv("LOCAL_ARCHITECTURE", "x86_64")

    def no_client(service: str, region: str) -> Any:
        raise AssertionError(f"{service} in {region} was asked")

    return open_stage(name, no_client)


def test_a_region_that_the_local_stage_lacks_is_deployed_anew_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError) as refused:
        opened("local", monkeypatch).cell("fe")
    assert "make down up" in str(refused.value)
    assert "make deploy" not in str(refused.value)
