"""The handlers of this capability: what Lambda gets back, and what the operator gets to see."""

import itertools
import json
from datetime import UTC, datetime
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from lambdas.process_notifications import handler as process_notifications
from lambdas.sweep_ledger import handler as sweep_ledger
from sellerbus.notifications.arrival_recorder import ArrivalRecorder
from sellerbus.notifications.arrivals import ArrivalRows
from sellerbus.notifications.ledger import event_id
from sellerbus.notifications.origin import CANARY_TYPE, Origin, own_notification
from sellerbus.notifications.sweeping import SweepReport
from sellerbus.runtime import bootstrap
from tests.builders import SELLER_ID, body, order_change
from tests.fakes import client_error
from tests.unit.notifications.fake_arrivals import FakeArrivals
from tests.unit.notifications.test_processing import SENT_AT_MS, Aws

Capture = pytest.CaptureFixture[str]

CONTEXT: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 55_000, aws_request_id="request-1")
NUMBERS = itertools.count()
BUYER = "48110 Buyer Street"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = """POWERTOOLS_SERVICE_NAME POWERTOOLS_METRICS_NAMESPACE STAGE LEDGER_TABLE_NAME EVENT_BUS_NAME
    NOTIFICATION_QUEUE_URL DEAD_LETTER_QUEUE_URL PAYLOAD_BUCKET_NAME PENDING_INDEX_NAME ARRIVALS_TABLE_NAME"""
    for name in names.split():
        monkeypatch.setenv(name, "x")
    numbers = """MAXIMUM_EVENT_BYTES LEASE_MARGIN_SECONDS COMPLETED_RETENTION_DAYS
    MAXIMUM_MESSAGE_LIFETIME_DAYS ARRIVALS_INTERVAL_SECONDS"""
    for name in numbers.split():
        monkeypatch.setenv(name, "28")
    monkeypatch.setenv("LOG_LEVEL", "INFO")


def _log_to(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(module, "log", Logger(service=f"notifications-{next(NUMBERS)}", stream=stream))
    return stream


def _event(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m-{index}",
                "receiptHandle": f"r-{index}",
                "body": text,
                "attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": str(SENT_AT_MS)},
            }
            for index, text in enumerate(bodies, 1)
        ]
    }


def _run(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, *bodies: str, arrivals: FakeArrivals | None = None
) -> Any:
    recorder = ArrivalRecorder(arrivals or FakeArrivals(), "arrivals", interval_seconds=900, now=lambda: 0.0)
    monkeypatch.setattr(bootstrap, "notification_processor", lambda settings: aws.processor)
    monkeypatch.setattr(bootstrap, "arrival_recorder", lambda settings: recorder)
    return process_notifications.handler(_event(*bodies), CONTEXT)


def _private(notification_id: str) -> str:
    notification = order_change(notification_id, order_id=f"order-{notification_id}")
    notification["Payload"]["OrderChangeNotification"]["Address"] = BUYER
    return body(notification)


def test_only_what_was_not_settled_is_delivered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws()
    aws.refused_entries = {"n-2"}
    answer = _run(aws, monkeypatch, _private("n-1"), _private("n-2"), "bad", _private("n-1"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
    assert aws.hidden == {"r-2": 10}


def test_the_operator_sees_counts_and_reasons_and_nothing_of_the_buyer(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    aws = Aws()
    log = _log_to(process_notifications, monkeypatch)
    aws.refused_entries = {"n-2"}
    aws.faults["change_message_visibility_batch"] = [client_error("X", "RequestThrottled")]
    answer = _run(aws, monkeypatch, _private("n-1"), _private("n-2"), f"bad {BUYER}", _private("n-1"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}, "hiding is no condition of it"
    printed = log.getvalue() + capsys.readouterr().out
    assert BUYER not in printed
    lines = [json.loads(line) for line in printed.splitlines()]
    (summary,) = [line for line in lines if line.get("message") == "batch processed"]
    assert summary["received"] == 4
    assert summary["outcomes"] == {"published": 1, "failed": 1, "rejected": 1, "copy": 1}
    (failed,) = [line for line in lines if line.get("message") == "notification failed"]
    assert (failed["notification_id"], failed["message_id"]) == ("n-2", "m-2")
    assert failed["reason"] == "PutEvents refused the entry with ThrottlingException"
    (rejected,) = [line for line in lines if line.get("message") == "notification rejected"]
    assert (rejected["reason"], "notification_id" in rejected) == ("not-json", False)
    assert any("RequestThrottled" in str(line.get("error")) for line in lines)
    assert failed["correlation_id"] == event_id("n-2")
    assert summary["published"] == [event_id("n-1")]
    in_sum, by_type = (line for line in lines if "_aws" in line)
    assert {name: in_sum[name] for name in in_sum if name.startswith("Notification")} == {
        "NotificationsReceived": [4],
        "NotificationsPublished": [1],
        "NotificationCopies": [1],
        "NotificationsRejected": [1],
        "NotificationsHeld": [0],
        "NotificationsFailed": [1],
        "NotificationsStale": [0],
    }
    # What could not be read has no type, and what did not happen is no metric of a type.
    assert {name: by_type[name] for name in by_type if name.startswith("Notification")} == {
        "NotificationsReceived": [3],
        "NotificationsPublished": [1],
        "NotificationCopies": [1],
        "NotificationsFailed": [1],
    }
    assert by_type["notificationType"] == "ORDER_CHANGE"
    assert in_sum["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert by_type["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "notificationType"]]


def _measured(capsys: Capture) -> dict[str | None, dict[str, Any]]:
    """The lines of metrics by type; None: in sum."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line.get("notificationType"): line for line in lines if "_aws" in line}


def test_amazons_delay_and_ours_are_told_apart(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    aws = Aws()
    aws.now = SENT_AT_MS + 250
    early = order_change("n-1")
    early["EventTime"] = datetime.fromtimestamp(SENT_AT_MS / 1000 - 2, UTC).isoformat()
    future = order_change("n-2", order_id="other")
    future["EventTime"] = datetime.fromtimestamp(SENT_AT_MS / 1000 + 60, UTC).isoformat()
    unknown = order_change("n-3", order_id="third")
    unknown["EventTime"] = "yesterday"
    _run(aws, monkeypatch, body(early), body(early), body(future), body(unknown))
    measured = _measured(capsys)
    for line in measured.values():
        assert sorted(line["AmazonDelay"]) == [0, 2000], (
            "a copy tells nothing new, a future event came at once"
        )
        assert line["OwnDelay"] == [250, 250, 250]
    units = {each["Name"]: each["Unit"] for each in measured[None]["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert (units["AmazonDelay"], units["OwnDelay"]) == ("Milliseconds", "Milliseconds")


def test_the_canary_is_counted_apart_and_what_is_our_own_has_no_delay_of_amazons(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def own(origin: Origin, notification_type: str) -> str:
        return body(
            own_notification(
                origin,
                identity="1",
                notification_type=notification_type,
                payload_version="1.0",
                event_time="2026-01-11T00:00:00Z",
                publish_time="2026-01-11T00:00:00Z",
                payload={"id": "1"},
            )
        )

    aws = Aws()
    aws.now = SENT_AT_MS + 250
    _run(aws, monkeypatch, own(Origin.CANARY, CANARY_TYPE), own(Origin.RECONCILED, "ANY_TYPE"))
    measured = _measured(capsys)
    assert measured[None]["NotificationsReceived"] == [1]
    assert measured[None]["OwnDelay"] == [250]
    assert measured[CANARY_TYPE]["NotificationsPublished"] == [1]
    assert measured[CANARY_TYPE]["OwnDelay"] == [250]
    assert measured["ANY_TYPE"]["NotificationsReceived"] == [1]
    assert not any("AmazonDelay" in line for line in measured.values())


def test_what_came_is_noted_as_of_when_it_came_into_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals = FakeArrivals()
    _run(Aws(), monkeypatch, _private("n-1"), "bad", arrivals=arrivals)
    (row,) = ArrivalRows(arrivals, "arrivals").all()
    assert row.key == (SELLER_ID, "ORDER_CHANGE")
    assert row.last_at.timestamp() * 1000 == SENT_AT_MS


@pytest.mark.parametrize("fault", [client_error("GetItem", "ThrottlingException"), KeyError(BUYER)])
def test_a_batch_never_fails_for_want_of_noting(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    log = _log_to(process_notifications, monkeypatch)
    arrivals = FakeArrivals()
    arrivals.faults = [fault]
    assert _run(Aws(), monkeypatch, _private("n-1"), arrivals=arrivals) == {"batchItemFailures": []}
    printed = log.getvalue() + capsys.readouterr().out
    assert BUYER not in printed
    lines = [json.loads(line) for line in printed.splitlines()]
    (warning,) = [line for line in lines if line.get("level") == "WARNING"]
    assert warning["message"] == "could not note when notifications came"
    assert [line["ArrivalsNotNoted"] for line in lines if "ArrivalsNotNoted" in line] == [[1.0]]


def test_the_sweeper_says_what_waits_and_shouts_about_what_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    log = _log_to(sweep_ledger, monkeypatch)
    report = SweepReport(2, 600, ("n-1", "n-2"), 1, ("n-3",))
    monkeypatch.setattr(bootstrap, "ledger_sweeper", lambda settings: SimpleNamespace(sweep=lambda: report))
    sweep_ledger.handler({}, CONTEXT)
    lines = [json.loads(line) for line in (log.getvalue() + capsys.readouterr().out).splitlines()]
    (gone,) = [line for line in lines if line.get("level") == "ERROR"]
    assert gone["notification_ids"] == ["n-3"]
    (waiting,) = [line for line in lines if line.get("level") == "WARNING"]
    assert (waiting["waiting"], waiting["oldest_seconds"]) == (2, 600)
    (measured,) = [line for line in lines if "_aws" in line]
    assert measured["NotificationsAbandoned"] == [1.0]
    assert measured["NotificationsPastLease"] == [2.0]
    assert measured["OldestNotificationPastLease"] == [600.0]
