"""What is told in the midst of an invocation is told at once, as a line of the log and as a metric."""

from __future__ import annotations

import json

import pytest

from sellerbus.runtime.observability import warn


def test_a_warning_is_logged_and_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "a_function_that_warns")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Sellerbus")
    warn("the client secret is refused", metric="ClientSecretRefused")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (log,) = [line for line in lines if "_aws" not in line]
    (metric,) = [line for line in lines if "_aws" in line]
    assert (log["level"], log["message"]) == ("WARNING", "the client secret is refused")
    assert metric["ClientSecretRefused"] == [1.0]
    assert metric["service"] == "a_function_that_warns"
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Sellerbus"
