"""What is told in the midst of an invocation is told at once, as a line of the log and as a metric."""

from __future__ import annotations

import json

import pytest

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.feeds import feed_events
from sellerbus.messaging import message_events
from sellerbus.runtime.observability import ENDS, MetricUnit, count, emitted, metrics, warn

ENDED_FEED_EVENTS = (
    feed_events.COMPLETED,
    feed_events.COMPLETED_WITH_ERRORS,
    feed_events.FATAL,
    feed_events.CANCELLED,
    feed_events.REFUSED,
    feed_events.FAILED,
)


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


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "a_function_that_counts")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Sellerbus/dev/na")


def groups(text: str) -> list[tuple[list[list[str]], list[str]]]:
    (line,) = (json.loads(each) for each in text.splitlines())
    return [
        (each["Dimensions"], [metric["Name"] for metric in each["Metrics"]])
        for each in line["_aws"]["CloudWatchMetrics"]
    ]


@pytest.mark.usefixtures("service")
def test_an_end_is_counted_once_more_by_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    count("FeedsFatal", 1)
    text = capsys.readouterr().out
    assert groups(text) == [([["service"]], ["FeedsFatal"]), ([["outcome"]], ["FeedsEnded"])]
    line = json.loads(text)
    assert (line["outcome"], line["FeedsFatal"], line["FeedsEnded"]) == ("FATAL", [1], [1])


@pytest.mark.usefixtures("service")
def test_further_dimensions_leave_the_sum_by_function(capsys: pytest.CaptureFixture[str]) -> None:
    count("MissedEventsFound", 2, by={"notificationType": "ORDER_CHANGE"})
    text = capsys.readouterr().out
    assert groups(text) == [([["service"], ["service", "notificationType"]], ["MissedEventsFound"])]
    assert json.loads(text)["notificationType"] == "ORDER_CHANGE"


@pytest.mark.usefixtures("service")
def test_what_was_measured_is_written_also_when_the_work_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), emitted(metrics()) as measured:  # noqa: PT012 - what is measured before counts
        measured.add_metric("SellersFailed", MetricUnit.Count, 1)
        measured.add_metric("SellersFailed", MetricUnit.Count, 0)
        raise KeyError
    assert json.loads(capsys.readouterr().out)["SellersFailed"] == [1, 0]
    with emitted(metrics()):
        pass
    assert capsys.readouterr().out == ""


def test_every_end_of_a_task_has_its_outcome() -> None:
    feed_ends = {feed_events.metric_of(OperationalEvent("", each, {})) for each in ENDED_FEED_EVENTS}
    assert {*feed_ends, *message_events.METRICS.values()} == ENDS.keys()
