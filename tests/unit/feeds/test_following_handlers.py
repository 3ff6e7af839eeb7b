"""The three functions as Lambda calls them, put together as in the account, on AWS in memory."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from lambdas.collect_feed_report import handler as collect_feed_report
from lambdas.follow_feed import handler as follow_feed
from lambdas.note_feed_processed import handler as note_feed_processed
from sellerbus.feeds.following import STUCK_SECONDS
from sellerbus.feeds.task import TaskState, iso
from sellerbus.feeds.task_store import task_key
from sellerbus.runtime import bootstrap, config, feed_following
from sellerbus.runtime.task_config import CollectFeedReportConfig, FollowFeedConfig, NoteFeedProcessedConfig
from tests.unit.documents.wire import Answer
from tests.unit.feeds.collecting_scene import JSON, WITH_ERRORS, CollectingScene
from tests.unit.feeds.following_scene import FEED, SECRET, Scene
from tests.unit.feeds.tasks import SELLER
from tests.unit.feeds.test_processed import body

Capture = pytest.CaptureFixture[str]
CONTEXT: Any = SimpleNamespace(
    get_remaining_time_in_millis=lambda: 800_000,
    aws_request_id="request-1",
    function_name="f",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:1:function:f",
)
NUMBERS = itertools.count()
SHARED = Path(__file__).parents[3] / "lambdas/layers/shared/python"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for cls in (NoteFeedProcessedConfig, FollowFeedConfig, CollectFeedReportConfig):
        for name in config.variables(cls):
            monkeypatch.setenv(name, "x")
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setenv("SILENCE_SECONDS", "60")
    monkeypatch.setenv("DOCUMENT_HOSTS", "amazon")
    monkeypatch.setenv("SP_API_ENDPOINT", "https://sellingpartnerapi-na.amazon.com")
    monkeypatch.setenv("LWA_ENDPOINT", "https://api.amazon.com/auth/o2/token")


class Bus:
    """EventBridge."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.names += [entry["DetailType"] for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}


def installed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Bus:
    """Let bootstrap hand out the scene's AWS."""
    bus = Bus()
    clients: dict[str, Any] = {
        "dynamodb": scene.table.client,
        "stepfunctions": scene.functions.client,
        "events": bus,
        "s3": scene.s3.client if isinstance(scene, CollectingScene) else None,
    }
    monkeypatch.setattr(bootstrap, "aws", lambda service, limits=None: clients.get(service))
    return bus


def log_of(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(module, "log", Logger(service=f"following-{next(NUMBERS)}", stream=stream))
    return stream


def records(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m-{number}", "body": text} for number, text in enumerate(bodies, 1)]}


def measured(capsys: Capture) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    found = [line for line in lines if "_aws" in line]
    return {name: value for line in found for name, value in line.items() if isinstance(value, list)}


def test_a_notification_lets_the_execution_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    installed(scene, monkeypatch)
    assert follow_feed.handler({"action": "await", "taskId": "t1", "token": "token-1"}, CONTEXT) == {}
    answer = note_feed_processed.handler(records(body(sellerId=SELLER, feedId=FEED)), CONTEXT)
    assert answer == {"batchItemFailures": []}
    assert scene.functions.answered == [("token-1", '{"next": "collect"}')]
    answer = follow_feed.handler({"action": "look", "taskId": "t1"}, CONTEXT)
    assert answer == {"next": "collect"}


def test_one_bad_message_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    installed(scene, monkeypatch)
    stream = log_of(note_feed_processed, monkeypatch)
    scene.table.rows[task_key("t1")]["state"] = {"S": "NO SUCH STATE"}
    answer = note_feed_processed.handler(
        records("{", body(sellerId=SELLER, feedId=FEED), body(sellerId=SELLER, feedId="foreign")), CONTEXT
    )
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]}
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["WARNING", "ERROR", "INFO"]
    assert (lines[0]["reason"], lines[2]["feed_id"]) == ("the message is not JSON", "foreign")


def test_a_store_that_is_away_brings_the_message_back(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    installed(scene, monkeypatch)

    def away(operation: str, request: Any) -> None:
        raise OSError("no network")

    scene.table.fault = away
    failed = note_feed_processed.handler(records(body(sellerId=SELLER)), CONTEXT)["batchItemFailures"]
    assert failed == [{"itemIdentifier": "m-1"}]


def test_an_end_otherwise_than_told_before_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    installed(scene, monkeypatch)
    stream = log_of(note_feed_processed, monkeypatch)
    scene.store.note_processed(SELLER, FEED, "FATAL", None)
    note_feed_processed.handler(records(body(sellerId=SELLER)), CONTEXT)
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["level"], line["before"], line["processing_status"]) == ("WARNING", "FATAL", "DONE")


def test_a_stuck_feed_is_counted_and_said(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    scene = Scene()
    scene.amazon.feeds = ["IN_QUEUE"]
    scene.clock.now += STUCK_SECONDS
    monkeypatch.setattr(feed_following, "feed_follower", lambda settings, remaining: scene.follower())
    stream = log_of(follow_feed, monkeypatch)
    answer = follow_feed.handler({"action": "look", "taskId": "t1"}, CONTEXT)
    assert answer["next"] == "await"
    assert measured(capsys)["FeedsStuck"] == [1.0]
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["level"], line["task_id"], line["remark"]) == ("WARNING", "t1", "getFeed shows IN_QUEUE")


def test_a_decision_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(state=TaskState.UNCERTAIN)
    installed(scene, monkeypatch)
    event = {"action": "await-decision", "taskId": "t1", "token": "token-1"}
    assert follow_feed.handler(event, CONTEXT) == {}
    assert scene.task.token_step == "decide"


def test_an_action_that_nobody_knows_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(Scene(), monkeypatch)
    with pytest.raises(follow_feed.UnknownActionError, match="no action 'dance'"):
        follow_feed.handler({"action": "dance", "taskId": "t1"}, CONTEXT)


def test_a_cancelled_feed_ends_without_a_call_to_amazon(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    scene = CollectingScene(status="CANCELLED", document=None)
    bus = installed(scene, monkeypatch)
    assert collect_feed_report.handler({"taskId": "t1"}, CONTEXT) == {"next": "ended"}
    assert bus.names == ["FeedCancelled"]
    assert measured(capsys)["FeedsCancelled"] == [1.0]


def test_what_was_collected_is_counted_and_nothing_of_it_said(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    scene = CollectingScene(Answer(status=503), Answer(body=WITH_ERRORS, headers=JSON))
    monkeypatch.setattr(feed_following, "feed_collector", lambda settings, remaining: scene.collector())
    stream = log_of(collect_feed_report, monkeypatch)
    answer = collect_feed_report.handler({"taskId": "t1"}, CONTEXT)
    assert answer == {"next": "wait", "waitSeconds": 30}
    assert collect_feed_report.handler({"taskId": "t1"}, CONTEXT) == {"next": "ended"}
    found = measured(capsys)
    assert found["FeedsCompletedWithErrors"] == [1.0]
    assert found["FeedMessagesRefused"] == [2.0]
    assert found["ReportBytesDownloaded"] == [float(len(WITH_ERRORS))]
    assert "FeedsCompleted" not in found
    later, ended = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (later["level"], later["waitSeconds"], later["attempts"]) == ("WARNING", 30, 0)
    assert (ended["level"], ended["outcome"]) == ("INFO", "COMPLETED_WITH_ERRORS")
    assert SECRET not in stream.getvalue()
    assert "SKU-3" not in stream.getvalue()


def test_notes_are_said_to_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = CollectingScene(Answer(body=b"", headers=JSON), submitted_at=iso(0))
    monkeypatch.setattr(feed_following, "feed_collector", lambda settings, remaining: scene.collector())
    stream = log_of(collect_feed_report, monkeypatch)
    collect_feed_report.handler({"taskId": "t1"}, CONTEXT)
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["level"], line["remark"]) == ("WARNING", "the report is empty")


def test_noting_an_end_does_not_load_what_calls_amazon() -> None:
    """requests is a third of its cold start."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import sellerbus.runtime.feed_following; "
    code += "assert 'sellerbus.feeds.processed' in sys.modules and 'requests' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(SHARED)], check=True)
