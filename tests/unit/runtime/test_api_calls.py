"""Each attempt is counted once, as what it was, under its operation and under the function."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.api.errors import CredentialsError
from sellerbus.api.observing import ApiCall
from sellerbus.runtime.api_calls import ApiCalls
from sellerbus.runtime.correlation import correlated

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "a_function_that_calls")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Sellerbus/dev/na")


def written(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def names(line: dict[str, Any]) -> set[str]:
    (group,) = line["_aws"]["CloudWatchMetrics"]
    assert group["Dimensions"] == [["service"], ["operation"]]
    assert {"service", "operation"} <= line.keys()
    return {each["Name"] for each in group["Metrics"]}


@pytest.mark.parametrize(
    ("status", "metric"),
    [
        (200, None),
        (204, None),
        (301, "ApiServerErrors"),
        (400, "ApiClientErrors"),
        (404, "ApiClientErrors"),
        (429, "ApiThrottled"),
        (500, "ApiServerErrors"),
        (503, "ApiServerErrors"),
        (None, "ApiServerErrors"),
    ],
)
def test_an_answer_is_counted_as_what_it_is(status: int | None, metric: str | None, capsys: Capture) -> None:
    ApiCalls().called(ApiCall("getFeed", "A1", status, 0.25))
    (line,) = written(capsys)
    assert names(line) == {"ApiCalls", "ApiLatency", *([metric] if metric else [])}
    assert (line["ApiCalls"], line["ApiLatency"]) == ([1], [250.0])
    assert line["status"] == (status or "no answer")


def test_seller_request_and_subject_stand_beside_and_are_no_dimensions(capsys: Capture) -> None:
    with correlated("task-1"):
        ApiCalls().called(ApiCall("getFeed", "A1", 400, 0.1, "r-1", "InvalidInput", 0.5))
    (line,) = written(capsys)
    assert names(line) >= {"QuotaUsed"}
    assert line["QuotaUsed"] == [50.0]
    assert {key: line[key] for key in ("seller_id", "amazon_request_id", "code", "correlation_id")} == {
        "seller_id": "A1",
        "amazon_request_id": "r-1",
        "code": "InvalidInput",
        "correlation_id": "task-1",
    }


def test_of_the_applications_calls_no_seller_is_told(capsys: Capture) -> None:
    ApiCalls().called(ApiCall("getDestinations", "", 200, 0.1))
    (line,) = written(capsys)
    assert not {"seller_id", "code", "amazon_request_id"} & line.keys()


def test_a_call_that_waits_for_quota_is_no_call(capsys: Capture) -> None:
    ApiCalls().withheld("createFeed", "A1", 118.04)
    (line,) = written(capsys)
    assert names(line) == {"QuotaUsed"}
    assert (line["QuotaUsed"], line["wait_seconds"]) == ([100.0], 118.0)


def test_a_token_that_was_not_given_is_logged_and_counted(capsys: Capture) -> None:
    error = CredentialsError("LWA token", "refused Atza|SECRET", status=401, code="invalid_client")
    ApiCalls().no_token("sellingpartnerapi::notifications", error)
    log, metric = written(capsys)
    assert metric["TokenFailures"] == [1]
    assert (log["level"], log["grant"], log["status"]) == ("WARNING", "sellingpartnerapi::notifications", 401)
    assert "invalid_client" in log["reason"]
    assert "SECRET" not in json.dumps(log)
