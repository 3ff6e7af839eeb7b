"""The functions that take and check feeds: what they answer, log and count."""

from __future__ import annotations

import itertools
import json
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from lambdas.accept_feeds import handler as accept_feeds
from lambdas.check_feed import handler as check_feed
from sellerbus.aws.message_queue import Message
from sellerbus.feeds.checking import Checked
from sellerbus.feeds.task import Outcome, TaskState
from sellerbus.runtime import bootstrap, config, feed_intake
from sellerbus.runtime.task_config import AcceptFeedsConfig, CheckFeedConfig
from tests.fakes import client_error
from tests.unit.feeds.inbox_world import KEY, QUEUE_URL, World
from tests.unit.feeds.tasks import task

CONTEXT: Any = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: 300_000)
NUMBERS = itertools.count()
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "accept_feeds",
    "POWERTOOLS_METRICS_NAMESPACE": "Sellerbus",
    "LOG_LEVEL": "INFO",
    "STAGE": "test",
    "TASK_TABLE_NAME": "tasks",
    "INBOX_BUCKET_NAME": "inbox",
    "FEED_REQUEST_QUEUE_URL": QUEUE_URL,
    "FEED_STATE_MACHINE_ARN": "arn",
    "EVENT_BUS_NAME": "bus",
    "SELLER_TABLE_NAME": "sellers",
    "RESULT_BUCKET_NAME": "results",
    "FEEDS_API_VERSION": "2021-06-30",
    "LARGEST_FEED_BYTES": "1000",
    "CUSTOM_FEED_TYPES": '{"MY_FEED": "flat_file"}',
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def log_of(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(module, "log", Logger(service=f"intake-{next(NUMBERS)}", stream=stream))
    return stream


def record(message: Message) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receive_count)},
    }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()

    def acceptor(config: AcceptFeedsConfig) -> Any:
        assert config.inbox_bucket_name == "inbox"
        return made.acceptor

    monkeypatch.setattr(feed_intake, "feed_acceptor", acceptor)
    monkeypatch.setattr(feed_intake, "request_queue", lambda config: made.queue)
    return made


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def accept(*messages: Message) -> Any:
    return accept_feeds.handler({"Records": [record(message) for message in messages]}, CONTEXT)


def test_what_is_not_done_comes_again_when_it_should(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = log_of(accept_feeds, monkeypatch)
    good, waiting, bad = world.put(marketplace_ids="US"), world.put(f"{KEY}-2"), world.put("x")
    assert accept(good, waiting, bad) == {"batchItemFailures": [{"itemIdentifier": waiting.message_id}]}
    assert world.hidden == [901]
    told = lines(stream.getvalue())
    assert [line["level"] for line in told] == ["INFO", "INFO", "INFO", "WARNING"]
    assert told[0]["verdicts"] == {"taken": 1, "waits": 1, "rejected": 1}
    assert told[3]["reason"].startswith("key-form: ")
    assert told[1]["task_id"] == world.only_task().task_id


def test_a_message_that_could_not_be_hidden_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(operation: str) -> None:
        if operation == "ChangeMessageVisibility":
            raise client_error(operation, "InternalError")

    stream = log_of(accept_feeds, monkeypatch)
    world.fault = fault
    waiting = world.put()
    assert accept(waiting) == {"batchItemFailures": [{"itemIdentifier": waiting.message_id}]}
    assert "could not set when a message comes back" in stream.getvalue()


@pytest.mark.parametrize(
    ("checked", "metric"),
    [
        (Checked(task(state=TaskState.WAITING), "take-turn", is_new=True), "FeedsAccepted"),
        (
            Checked(task(state=TaskState.ENDED, outcome=Outcome.REFUSED, reason="why"), "ended", is_new=True),
            "FeedsRefused",
        ),
        (Checked(task(state=TaskState.WAITING), "take-turn", is_new=False), None),
    ],
)
def test_the_check_answers_the_next_step_and_counts_it_once(
    checked: Checked,
    metric: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[str] = []

    def check(task_id: str) -> Checked:
        asked.append(task_id)
        return checked

    monkeypatch.setattr(feed_intake, "feed_checker", lambda config: SimpleNamespace(check=check))
    stream = log_of(check_feed, monkeypatch)
    assert check_feed.handler({"taskId": "t1"}, CONTEXT) == {"next": checked.next}
    assert asked == ["t1"]
    names = [
        each["Name"]
        for line in lines(capsys.readouterr().out)
        for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    ]
    assert names == ([metric] if metric else [])
    (told,) = lines(stream.getvalue())
    assert told.get("reason") == checked.task.reason


def test_both_are_put_together_from_their_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def aws(service: str) -> Any:
        made.append(service)
        return SimpleNamespace()

    monkeypatch.setattr(bootstrap, "aws", aws)

    feed_intake.feed_acceptor.cache_clear()
    feed_intake.request_queue.cache_clear()
    acceptor = feed_intake.feed_acceptor(config.load(AcceptFeedsConfig, ENVIRONMENT))
    assert feed_intake.feed_acceptor(config.load(AcceptFeedsConfig, ENVIRONMENT)) is acceptor
    checker = feed_intake.feed_checker(config.load(CheckFeedConfig, ENVIRONMENT))
    assert checker is not None
    assert set(made) == {"dynamodb", "s3", "sqs", "stepfunctions", "events"}
    feed_intake.feed_acceptor.cache_clear()
    feed_intake.request_queue.cache_clear()
