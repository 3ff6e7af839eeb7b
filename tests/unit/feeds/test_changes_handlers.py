"""The functions of listing changes: what they answer, log and count."""

from __future__ import annotations

import itertools
import json
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from lambdas.gather_listing_changes import handler as gather_listing_changes
from lambdas.report_listing_changes import handler as report_listing_changes
from sellerbus.feeds.task import Outcome
from sellerbus.runtime import bootstrap
from tests.unit.feeds.changes_world import WINDOW, World, change

CONTEXT: Any = SimpleNamespace(
    aws_request_id="r-1",
    function_name="f",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn",
    get_remaining_time_in_millis=lambda: 300_000,
)
NUMBERS = itertools.count()
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "gather_listing_changes",
    "POWERTOOLS_METRICS_NAMESPACE": "Sellerbus",
    "LOG_LEVEL": "INFO",
    "STAGE": "test",
    "TASK_TABLE_NAME": "tasks",
    "INBOX_BUCKET_NAME": "inbox",
    "RESULT_BUCKET_NAME": "results",
    "EVENT_BUS_NAME": "bus",
    "LISTING_CHANGE_QUEUE_URL": "queue",
    "CHANGES_WINDOW_SECONDS": str(WINDOW),
    "MOST_CHANGES": "100",
    "MOST_CHANGES_BYTES": "1000000",
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose clients the functions get, and put themselves together with."""
    made = World()
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bootstrap, "aws", lambda service, limits=None: made.client)
    monkeypatch.setattr("time.time", made.clock)
    return made


def log_of(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(module, "log", Logger(service=f"changes-{next(NUMBERS)}", stream=stream))
    return stream


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def counted(text: str) -> dict[str, float]:
    """The metrics in what was printed, by name."""
    return {
        metric["Name"]: row[metric["Name"]][0]
        for row in lines(text)
        for metric in row["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def event_of(world: World) -> dict[str, Any]:
    """What Lambda gets of the messages that are due."""
    records = []
    for each in world.due():
        attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(round(each.sent_at * 1000))}
        records.append(
            {
                "messageId": each.message_id,
                "receiptHandle": each.message_id,
                "body": each.body,
                "attributes": attributes,
            }
        )
    return {"Records": records}


def test_gathering_tells_what_it_kept_and_refused_without_any_content(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_of(gather_listing_changes, monkeypatch)
    world.send(change(1))
    world.send(change(1))
    world.send(change(2, operationType="SECRET"))
    dead = world.send("no json")
    assert gather_listing_changes.handler(event_of(world), CONTEXT) == {"batchItemFailures": []}
    assert counted(capsys.readouterr().out) == {"ListingChangesGathered": 1, "ListingChangesFailed": 1}
    summary, refused, rejected = lines(log.getvalue())
    assert (summary["received"], summary["kept"], summary["copies"], summary["failed"]) == (4, 1, 1, 0)
    assert (refused["change_id"], refused["rules"]) == ("c002", ["operation-type"])
    assert (rejected["level"], rejected["message_id"]) == ("ERROR", dead)
    assert "SECRET" not in log.getvalue()


def test_what_fails_is_named_and_hidden_for_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(gather_listing_changes, monkeypatch)
    failed = world.send(change(1))
    world.send(change(2, operationType="NONE"))
    world.fate = lambda name, number: "error before" if name == "transact_write_items" else "go on"
    answer = gather_listing_changes.handler(event_of(world), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": failed}]}
    assert "change_message_visibility" in world.calls
    assert "InternalServerError" in lines(log.getvalue())[-1]["reason"]


def test_a_message_that_cannot_be_hidden_is_failed_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_of(gather_listing_changes, monkeypatch)
    failed = world.send(change(1))
    broken = ("transact_write_items", "change_message_visibility")
    world.fate = lambda name, number: "error before" if name in broken else "go on"
    answer = gather_listing_changes.handler(event_of(world), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": failed}]}


def test_a_feed_that_is_handed_over_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(gather_listing_changes, monkeypatch)
    world.send(change(1))
    gather_listing_changes.handler(event_of(world), CONTEXT)
    world.queue = {name: each for name, each in world.queue.items() if "close" in each.body}
    world.later(WINDOW)
    gather_listing_changes.handler(event_of(world), CONTEXT)
    (task_id,) = world.feeds
    handed_over = lines(log.getvalue())[-1]
    assert (handed_over["task_id"], handed_over["changes"]) == (task_id, 1)


def test_reporting_answers_the_next_step_and_counts(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_of(report_listing_changes, monkeypatch)
    for number in range(1, 4):
        world.send(change(number))
    world.work()
    world.later(WINDOW)
    world.work()
    (task_id,) = world.feeds
    issues = [{"messageId": 1, "severity": "ERROR", "code": "1", "message": "SECRET"}]
    world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=issues)
    assert report_listing_changes.handler({"taskId": task_id}, CONTEXT) == {"next": "ended"}
    assert counted(capsys.readouterr().out) == {"ListingChangesSucceeded": 2, "ListingChangesFailed": 1}
    (told,) = lines(log.getvalue())
    assert (told["task_id"], told["outcome"], told["told"]) == (task_id, "COMPLETED_WITH_ERRORS", 3)
    assert "SECRET" not in log.getvalue()


def test_a_group_that_cannot_be_closed_fails_its_own_message_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(gather_listing_changes, monkeypatch)
    world.send(change(1))
    world.work()
    (close,) = world.queue
    row = world.change_row("c001")
    assert row is not None
    row |= {"state": {"S": "IN_FEED"}, "taskId": {"S": "another"}}
    world.later(WINDOW)
    world.send(change(2, marketplaceId="CA"))
    answer = gather_listing_changes.handler(event_of(world), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": close}]}
    (error,) = [line for line in lines(log.getvalue()) if line["level"] == "ERROR"]
    assert error["exception_name"] == "StrayChangeError"
    assert "c001 is in the feed of task" in error["exception"]
