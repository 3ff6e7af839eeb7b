"""What the bus is told of feed tasks."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sellerbus.feeds import feed_events

KEYS = {
    "eventId", "taskId", "sellerId", "region", "feedType", "marketplaceIds", "feedId", "outcome", "reason",
    "totals", "report", "results", "findings", "candidates",
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    task_id: str = "t-1"
    seller_id: str | None = "A1"
    region: str | None = "na"
    feed_type: str | None = "JSON_LISTINGS_FEED"
    marketplace_ids: Sequence[str] = ("ATVPDKIKX0DER",)
    feed_id: str | None = "5001"
    outcome: str | None = None
    reason: str | None = None
    totals: Mapping[str, Any] | None = None
    report: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    findings: Mapping[str, Any] | None = None


@pytest.mark.parametrize(
    ("outcome", "detail_type", "metric"),
    [
        ("COMPLETED", "FeedCompleted", "FeedsCompleted"),
        ("COMPLETED_WITH_ERRORS", "FeedCompletedWithErrors", "FeedsCompletedWithErrors"),
        ("FATAL", "FeedFatal", "FeedsFatal"),
        ("CANCELLED", "FeedCancelled", "FeedsCancelled"),
        ("REFUSED", "FeedRefused", "FeedsRefused"),
        ("GIVEN_UP", "FeedFailed", "FeedsFailed"),
        ("UNSEEN", "FeedFailed", "FeedsFailed"),
        ("FAILED", "FeedFailed", "FeedsFailed"),
    ],
)
def test_each_end_has_its_event_and_its_metric(outcome: str, detail_type: str, metric: str) -> None:
    event = feed_events.ended(Task(outcome=outcome))
    assert (event.source, event.detail_type) == ("sellerbus.feeds", detail_type)
    assert (event.detail["outcome"], feed_events.metric_of(event)) == (outcome, metric)
    assert set(event.detail) == KEYS


def test_an_event_has_room_on_the_bus_whatever_was_asked_for() -> None:
    """PutEvents takes 256 KiB; a task whose end can't be told can't end."""
    asked_for = ["\u4e16" * 200] * 400
    event = feed_events.ended(Task(outcome="REFUSED", marketplace_ids=asked_for))
    told = event.detail["marketplaceIds"]
    assert isinstance(told, list)
    assert (len(told), len(told[0])) == (25, 40)
    assert len(json.dumps(event.detail)) < 16_000


def test_pointers_and_totals_are_told_and_nothing_else_of_the_row() -> None:
    event = feed_events.ended(
        Task(
            outcome="COMPLETED_WITH_ERRORS",
            totals={"errors": 2},
            report={"bucket": "r", "key": "tasks/t-1/report", "bytes": 9, "contentType": "text/xml"},
            results={"bucket": "r", "key": "tasks/t-1/results.jsonl", "messages": 2},
            findings={"errors": 0, "warnings": 1, "key": "tasks/t-1/findings.json"},
        ),
        result_bucket="r",
    )
    assert event.detail["totals"] == {"errors": 2}
    assert event.detail["report"] == {"bucket": "r", "key": "tasks/t-1/report"}
    assert event.detail["results"] == {"bucket": "r", "key": "tasks/t-1/results.jsonl", "messages": 2}
    assert event.detail["findings"] == {
        "errors": 0, "warnings": 1, "bucket": "r", "key": "tasks/t-1/findings.json",
    }  # fmt: skip
    json.dumps(event.detail)


def test_findings_are_pointed_to_only_where_they_are() -> None:
    kept = Task(outcome="FAILED", findings={"errors": 1, "warnings": 0, "key": "k"})
    none = replace(kept, findings={"errors": 1, "warnings": 0})
    nowhere = {"errors": 1, "warnings": 0, "bucket": None, "key": None}
    assert feed_events.ended(kept).detail["findings"] == nowhere
    assert feed_events.ended(none, result_bucket="r").detail["findings"] == nowhere


def test_the_same_finding_has_the_same_id_and_another_has_another() -> None:
    task = Task(outcome="FATAL")
    told = [
        feed_events.ended(task),
        feed_events.ended(replace(task, feed_id="5002")),
        feed_events.ended(replace(task, task_id="t-2")),
        feed_events.ended(replace(task, outcome="CANCELLED")),
        feed_events.stuck(task),
        feed_events.uncertain(task, (), 1),
        feed_events.uncertain(task, (), 2),
    ]
    ids = [str(event.detail["eventId"]) for event in told]
    assert len(set(ids)) == len(ids)
    assert {uuid.UUID(each).version for each in ids} == {5}
    assert feed_events.ended(replace(task, reason="other words")).detail["eventId"] == ids[0]


def test_an_uncertain_one_names_the_feeds_it_may_be_and_not_endlessly_many() -> None:
    event = feed_events.uncertain(Task(feed_id=None), [str(number) for number in range(30)], 1)
    assert event.detail["candidates"] == [str(number) for number in range(20)]
    assert (event.detail["feedId"], event.detail["outcome"]) == (None, None)
    assert feed_events.metric_of(event) == "FeedsUncertain"
    assert feed_events.stuck(Task()).detail["candidates"] is None


def test_reasons_hold_no_secrets_and_end() -> None:
    reason = "no answer from https://x.s3.amazonaws.com/a?X-Amz-Signature=5ec2e7 " + "x" * 5000
    told = str(feed_events.ended(Task(outcome="FAILED", reason=reason)).detail["reason"])
    assert "5ec2e7" not in told
    assert len(told) <= feed_events.LONGEST_REASON


def test_a_request_that_became_no_task_is_told_too() -> None:
    event = feed_events.refused_request(
        Task(task_id="asked", seller_id=None, feed_type=None, marketplace_ids=(), reason="no seller")
    )
    assert (event.detail_type, event.detail["taskId"]) == ("FeedRefused", "asked")
    assert (event.detail["sellerId"], event.detail["reason"]) == (None, "no seller")
