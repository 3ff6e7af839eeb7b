"""The handlers of the archive and of missed events: what Lambda gets, and what the operator gets to see."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from lambdas.archive_notifications import handler as archive_notifications
from lambdas.find_missed_events import handler as find_missed_events
from sellerbus.api.errors import RetryableError
from sellerbus.missed.change import feed_finished
from sellerbus.missed.finding import Failed, Run
from sellerbus.missed.looking import Found
from sellerbus.missed.sending import MOST_WAITING, NotificationSender
from sellerbus.notifications.archiving import ArchiveWriter
from sellerbus.notifications.ledger import event_id
from sellerbus.runtime import archiving, missed_events
from tests.unit.missed.world import NOON, SELLER_ID, feed
from tests.unit.notifications.archive_world import MemoryS3, published

Capture = pytest.CaptureFixture[str]
CONTEXT: Any = SimpleNamespace(
    get_remaining_time_in_millis=lambda: 55_000,
    aws_request_id="request-1",
    function_name="x",
    memory_limit_in_mb=1,
    invoked_function_arn="x",
)
NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = """POWERTOOLS_SERVICE_NAME POWERTOOLS_METRICS_NAMESPACE STAGE ARCHIVE_BUCKET_NAME LWA_SECRET_ID
    QUOTA_TABLE_NAME KEY_ID SELLER_TABLE_NAME LEDGER_TABLE_NAME ARRIVALS_TABLE_NAME MARKS_TABLE_NAME
    NOTIFICATION_QUEUE_URL WANTED_PARAMETER_NAME"""
    for name in names.split():
        monkeypatch.setenv(name, "x")
    more = {
        "LOG_LEVEL": "INFO",
        "SP_API_ENDPOINT": "https://sp-api.example.com",
        "LWA_ENDPOINT": "https://lwa.example.com/token",
        "ORDERS_API_VERSION": "2026-01-01",
        "FEEDS_API_VERSION": "2021-06-30",
        "SETTLE_SECONDS": "1800",
    }
    for name, value in more.items():
        monkeypatch.setenv(name, value)


def _log_to(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(module, "log", Logger(service=f"missed-{next(NUMBERS)}", stream=stream))
    return stream


def _metrics(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if "_aws" in line]


def _value(metric: Any) -> float:
    return float(metric[0] if isinstance(metric, list) else metric)


def _archive(monkeypatch: pytest.MonkeyPatch, s3: MemoryS3) -> None:
    writer = ArchiveWriter(s3, "archive", now=NOON.timestamp, unique=lambda: "0" * 36)
    monkeypatch.setattr(archiving, "archive_writer", lambda _: writer)


def _records(**bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": name, "body": body} for name, body in bodies.items()]}


def test_a_batch_is_archived_and_what_is_no_event_comes_again(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    s3, log = MemoryS3(), _log_to(archive_notifications, monkeypatch)
    _archive(monkeypatch, s3)
    answer = archive_notifications.handler(_records(good=published(), bad='{"buyer": "Jane"}'), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert len(s3.objects) == 1
    (metric,) = _metrics(capsys.readouterr().out)
    assert _value(metric["EventsArchived"]) == 1
    assert "Jane" not in log.getvalue()
    assert "東京" not in log.getvalue()


def test_what_s3_does_not_take_comes_again_whole(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    s3 = MemoryS3()
    s3.failures["PutObject"] = "SlowDown"
    _log_to(archive_notifications, monkeypatch)
    _archive(monkeypatch, s3)
    answer = archive_notifications.handler(_records(a=published("a"), b=published("b")), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}
    assert _metrics(capsys.readouterr().out) == []


def _finds(monkeypatch: pytest.MonkeyPatch, run: Run, *, waiting: int = 0) -> StringIO:
    monkeypatch.setattr(missed_events, "missed_events", lambda *_: SimpleNamespace(find=lambda _: run))
    monkeypatch.setattr(missed_events, "wanted_subscriptions", lambda _: None)
    monkeypatch.setattr(missed_events, "waiting_notifications", lambda _: waiting)
    return _log_to(find_missed_events, monkeypatch)


def test_what_was_missed_is_counted_by_type_and_told_with_its_event_id(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    change = feed_finished(SELLER_ID, feed("1", NOON, NOON))
    found = Found(SELLER_ID, "FEED_PROCESSING_FINISHED", checked=3, missed=[change], left_out=1)
    found.given_up = timedelta(hours=2)
    failed = Failed("A2", "ORDER_CHANGE", RetryableError("searchOrders", "busy", status=503))
    log = _finds(monkeypatch, Run((found,), (failed,), 4))
    assert find_missed_events.handler({}, CONTEXT) == {"checked": 3, "missed": 1, "left": 4}
    by_type = {line["notificationType"]: line for line in _metrics(capsys.readouterr().out)}
    assert _value(by_type["FEED_PROCESSING_FINISHED"]["MissedEventsFound"]) == 1
    assert _value(by_type["FEED_PROCESSING_FINISHED"]["MissedEventsChecked"]) == 3
    assert _value(by_type["ORDER_CHANGE"]["MissedEventsFound"]) == 0
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (told,) = (line for line in lines if line.get("entity_id") == "1")
    assert told["correlation_id"] == event_id(change.notification_id)
    assert [line["hours_given_up"] for line in lines if "hours_given_up" in line] == [2.0]
    assert [line["reason"] for line in lines if line.get("seller_id") == "A2"] == [str(failed.error)]


@pytest.mark.parametrize(("waiting", "looked"), [(MOST_WAITING, True), (MOST_WAITING + 1, False)])
def test_while_our_own_queue_is_behind_nothing_counts_as_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, waiting: int, looked: bool
) -> None:
    """What waits there was sent by Amazon: told as missed, it would be told twice."""
    found = Found(
        SELLER_ID, "FEED_PROCESSING_FINISHED", missed=[feed_finished(SELLER_ID, feed("1", NOON, NOON))]
    )
    log = _finds(monkeypatch, Run((found,), (), 0), waiting=waiting)
    assert find_missed_events.handler({}, CONTEXT)["missed"] == int(looked)
    assert ("our own queue is behind" in log.getvalue()) is not looked
    assert bool(_metrics(capsys.readouterr().out)) is looked


def test_what_is_being_worked_on_waits_as_well() -> None:
    class Sqs:
        def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
            assert request["QueueUrl"] == "queue"
            return {"Attributes": dict.fromkeys(request["AttributeNames"], "2")}

        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            raise AssertionError(request)

    assert NotificationSender(Sqs(), "queue").waiting() == 6


def test_a_defect_of_ours_fails_the_function_after_all_else_was_told(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    log = _finds(monkeypatch, Run((), (Failed("A2", "ORDER_CHANGE", KeyError("x")),), 0))
    with pytest.raises(RuntimeError, match="1 sellers could not be looked at"):
        find_missed_events.handler({}, CONTEXT)
    assert len(_metrics(capsys.readouterr().out)) == 2
    assert "KeyError" in log.getvalue()
