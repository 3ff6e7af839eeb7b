"""Lines from which CloudWatch makes metrics, as its specification of the embedded metric format has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.runtime.correlation import correlated
from sellerbus.runtime.emf import MOST_VALUES, SERVICE, Group, Measured, MetricUnit, counted, emit, lines


def documents(*groups: Group, **properties: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines("Sellerbus/dev/na", 1_700_000_000_000, groups, properties)]


def test_a_line_names_metrics_units_and_dimensions() -> None:
    (line,) = documents(
        Group(
            (("service",), ("service", "type")),
            {"Received": counted(3), "Delay": Measured(MetricUnit.Milliseconds, [1, 2])},
        ),
        service="f",
        type="ORDER_CHANGE",
        seller_id="A1",
    )
    assert line == {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Sellerbus/dev/na",
                    "Dimensions": [["service"], ["service", "type"]],
                    "Metrics": [
                        {"Name": "Received", "Unit": "Count"},
                        {"Name": "Delay", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
        "service": "f",
        "type": "ORDER_CHANGE",
        "seller_id": "A1",
        "Received": [3],
        "Delay": [1, 2],
    }


def test_groups_have_dimensions_of_their_own() -> None:
    (line,) = documents(
        Group(SERVICE, {"FeedsFatal": counted(1)}), Group((("outcome",),), {"FeedsEnded": counted(1)})
    )
    directives = line["_aws"]["CloudWatchMetrics"]
    assert [(each["Dimensions"], each["Metrics"][0]["Name"]) for each in directives] == [
        ([["service"]], "FeedsFatal"),
        ([["outcome"]], "FeedsEnded"),
    ]


def test_no_value_is_lost_and_none_written_twice_where_there_are_more_than_a_line_takes() -> None:
    values = list(range(2 * MOST_VALUES + 1))
    written = documents(
        Group(
            SERVICE,
            {"Delay": Measured(MetricUnit.Milliseconds, values), "Received": counted(len(values))},
        )
    )
    assert [len(line["Delay"]) for line in written] == [MOST_VALUES, MOST_VALUES, 1]
    assert [value for line in written for value in line["Delay"]] == values
    assert [line.get("Received") for line in written] == [[len(values)], None, None]
    for line in written:
        named = {each["Name"] for group in line["_aws"]["CloudWatchMetrics"] for each in group["Metrics"]}
        assert named == line.keys() - {"_aws"}


def test_nothing_to_tell_is_no_line() -> None:
    assert documents() == []
    assert documents(Group(SERVICE, {"Delay": Measured(MetricUnit.Count, ())})) == []


def test_what_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        documents(Group(SERVICE, {"Delay": counted(float("nan"))}))


def test_emitted_at_once_for_the_function_and_for_what_is_worked_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "submit_feed")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Sellerbus/dev/na")
    with correlated("task-1"):
        emit([Group(SERVICE, {"FeedsSubmitted": counted(1)})], seller_id="A1", code=None)
    emit([Group(SERVICE, {"FeedsSubmitted": counted(1)})])
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["service"], first["correlation_id"], first["seller_id"]) == ("submit_feed", "task-1", "A1")
    assert "code" not in first
    assert "correlation_id" not in second
