"""The four functions around a submission, put together as they are deployed, on fakes of AWS and Amazon."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import requests
from aws_lambda_powertools import Logger

from lambdas.end_feed_task import handler as end_feed_task
from lambdas.operate_feed import handler as operate_feed
from lambdas.submit_feed import handler as submit_feed
from lambdas.take_feed_turn import handler as take_feed_turn
from sellerbus.feeds.task import DECIDE, Outcome, TaskState
from sellerbus.runtime import bootstrap, feed_submission, selling_partner
from sellerbus.sellers.rows import PAUSED, REMOVING, REVOKED, Seller
from tests.unit.feeds.submission_scene import Scene, checked
from tests.unit.feeds.tasks import SELLER
from tests.unit.feeds.test_submitting import TIMED_OUT, carried_out, raising
from tests.unit.subscriptions.fake_registry import FakeRegistry, row

SHARED = Path(feed_submission.__file__).parents[2]
CONTEXT: Any = SimpleNamespace(
    aws_request_id="r-1",
    function_name="f",
    memory_limit_in_mb=128,
    invoked_function_arn="arn",
    get_remaining_time_in_millis=lambda: 900_000,
)
NUMBERS = itertools.count()
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "feeds",
    "POWERTOOLS_METRICS_NAMESPACE": "Sellerbus",
    "LOG_LEVEL": "INFO",
    "STAGE": "test",
    "TASK_TABLE_NAME": "tasks",
    "EVENT_BUS_NAME": "bus",
    "FEED_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:feeds",
    "SELLER_TABLE_NAME": "sellers",
    "KEY_ID": "key",
    "SP_API_ENDPOINT": "https://sp.test",
    "LWA_ENDPOINT": "https://lwa.test/token",
    "LWA_SECRET_ID": "secret",
    "QUOTA_TABLE_NAME": "quota",
    "SECONDS_BETWEEN_FEEDS": '{"default": 1200}',
    "WAIT_FOR_PREVIOUS_FEED": "true",
    "FEEDS_API_VERSION": "2021-06-30",
    "SETTLE_SECONDS": "300",
    "SILENCE_SECONDS": "900",
    "OTHER_FEED_CREATORS": "false",
    "DOCUMENT_HOSTS": "amazon",
}


class Deployed:
    """The scene's AWS and Amazon, reached in the way that the functions reach them."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene = scene
        self.put: list[Mapping[str, Any]] = []
        self.succeeded: list[tuple[str, Any]] = []
        self.registry = FakeRegistry.of(row(SELLER))
        self.log = StringIO()
        clients: dict[str, Any] = {
            "dynamodb": scene.table.client,
            "s3": scene.s3.client,
            "events": SimpleNamespace(put_events=self._put_events),
            "stepfunctions": SimpleNamespace(send_task_success=self._succeed),
        }
        session = requests.Session()
        session.mount("https://sp.test", scene.amazon)
        session.mount("https://lwa.test", scene.lwa)
        session.mount("https://tortuga-prod-na.s3.amazonaws.com", scene.storage)
        monkeypatch.setattr(bootstrap, "aws", lambda service, limits=None: clients[service])
        monkeypatch.setattr(bootstrap, "http", lambda: session)
        monkeypatch.setattr(
            feed_submission, "time", SimpleNamespace(time=scene.clock, sleep=scene.clock.sleep)
        )
        monkeypatch.setattr(selling_partner, "seller_registry", lambda config: self.registry)
        monkeypatch.setattr(selling_partner, "_throttle", lambda *_: scene.throttle)
        monkeypatch.setattr(selling_partner, "_tokens", lambda *_: _tokens(scene))
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        for module in (take_feed_turn, submit_feed, end_feed_task, operate_feed):
            logger = Logger(service=f"feeds-{next(NUMBERS)}", stream=self.log)
            monkeypatch.setattr(module, "log", logger)

    def _put_events(self, **request: Any) -> Mapping[str, Any]:
        self.put += request["Entries"]
        return {"FailedEntryCount": 0}

    def _succeed(self, **request: Any) -> Mapping[str, Any]:
        self.succeeded.append((request["taskToken"], json.loads(request["output"])))
        return {}

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def seller(self, status: str) -> Seller:
        self.registry.rows[SELLER] = replace(row(SELLER), status=status)
        return self.registry.rows[SELLER]


def _tokens(scene: Scene) -> Any:
    return SimpleNamespace(
        application=lambda: "client-1", token=lambda *_, **__: "token", forget=lambda *_: None
    )


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    return Deployed(Scene(checked()), monkeypatch)


def called(module: ModuleType, **event: Any) -> Any:
    return module.handler({"taskId": "t1", **event}, CONTEXT)


def metrics(text: str) -> dict[str, float]:
    """The embedded metrics in what was printed."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{") and '"_aws"' in line]
    return {
        each["Name"]: line[each["Name"]]
        for line in found
        for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def test_a_feed_has_its_turn_and_is_submitted(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(take_feed_turn) == {"next": "submit"}
    assert called(submit_feed) == {"next": "await", "silenceSeconds": 900}
    assert deployed.scene.task().feed_id == "feed-1"
    (upload,) = deployed.scene.storage.sent
    assert upload.method == "PUT"
    counted = metrics(capsys.readouterr().out)
    assert {name: int(value[0]) for name, value in counted.items() if name.startswith("Feed")} == {  # type: ignore[index]
        "FeedBytesUploaded": len(upload.body),
        "FeedsSubmitted": 1,
    }
    assert [line["next"] for line in deployed.lines()] == ["submit", "await"]
    assert "5ec2e7" not in deployed.log.getvalue()


def test_what_is_waited_for_is_logged_without_secrets(deployed: Deployed) -> None:
    called(take_feed_turn)
    deployed.scene.amazon.script["createFeed"] = [raising(TIMED_OUT)]
    assert called(submit_feed) == {"next": "wait", "waitSeconds": 300}
    assert "no complete answer" in deployed.lines()[-1]["why"]


def test_a_doubt_is_an_alarm_an_event_and_a_warning(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    called(take_feed_turn)
    deployed.scene.amazon.script["createFeed"] = [carried_out(carried_out(raising(TIMED_OUT)))]
    called(submit_feed)
    deployed.scene.clock.now += 301
    assert called(submit_feed) == {"next": "decide"}
    assert "FeedsUncertain" in metrics(capsys.readouterr().out)
    ((source, name),) = [(entry["Source"], entry["DetailType"]) for entry in deployed.put]
    assert (source, name) == ("sellerbus.feeds", "FeedUncertain")
    assert deployed.lines()[-1]["level"] == "WARNING"
    deployed.scene.store.set_token(deployed.scene.task(), "token", DECIDE)
    answer = called(operate_feed, request="settle", decision="adopt", feedId="feed-1")
    assert answer == {"state": "PROCESSING"}
    assert deployed.succeeded == [("token", {"next": "await", "silenceSeconds": 900})]


@pytest.mark.parametrize(
    ("status", "expected", "outcome"),
    [
        (PAUSED, {"next": "wait", "waitSeconds": 300}, None),
        (REVOKED, {"next": "ended"}, Outcome.REFUSED),
        (REMOVING, {"next": "ended"}, Outcome.REFUSED),
        ("gone", {"next": "ended"}, Outcome.REFUSED),
    ],
)
def test_sellers_that_are_not_called_for(
    deployed: Deployed, status: str, expected: Mapping[str, Any], outcome: Outcome | None
) -> None:
    called(take_feed_turn)
    deployed.seller(status)
    if status == "gone":
        deployed.registry.rows.clear()
    assert called(submit_feed) == expected
    assert deployed.scene.task().outcome is outcome
    assert deployed.scene.amazon.sent == []
    assert SELLER in deployed.lines()[-1]["why"]


def test_operators_are_answered(deployed: Deployed) -> None:
    assert called(operate_feed, request="cancel") == {"cancelled": "here"}
    assert called(operate_feed, request="cancel", taskId="t9")["error"]["kind"] == "not-found"
    assert [line.get("refused") for line in deployed.lines()] == [None, "not-found"]


def test_a_task_that_can_not_go_on_is_ended(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    answer = called(end_feed_task, action="give-up", error="KeyError", cause="{}")
    assert answer == {"next": "ended"}
    assert deployed.scene.task().state is TaskState.ENDED
    assert "FeedsFailed" in metrics(capsys.readouterr().out)
    assert called(end_feed_task, action="undecided") == {"next": "ended"}
    told = {"execution": "t1", "status": "ABORTED", "cause": "the console shows where"}
    assert called(end_feed_task, action="broken-off", **told) == {"next": "ended"}
    with pytest.raises(end_feed_task.UnknownActionError):
        called(end_feed_task, action="dance")


_WITHOUT_DOCUMENTS = """
import sys
sys.path.insert(0, sys.argv[1])
sys.modules.update({"cryptography": None, "ijson": None, "defusedxml": None})
import sellerbus.feeds.operating, sellerbus.feeds.giving_up, sellerbus.feeds.lanes
import sellerbus.runtime.feed_submission, sellerbus.runtime.selling_partner
"""


def test_only_submit_feed_needs_the_layer_of_documents() -> None:
    subprocess.run([sys.executable, "-c", _WITHOUT_DOCUMENTS, str(SHARED)], check=True)
