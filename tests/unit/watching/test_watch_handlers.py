"""The two functions: what is measured always, what somebody gets to see, and the canary's way."""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lambdas.run_canary import handler as run_canary
from lambdas.watch_stage import handler as watch_stage
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.arrivals import ArrivalRow
from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.ledger import event_id
from sellerbus.notifications.origin import CANARY_TYPE, Origin
from sellerbus.notifications.publishing import build_event
from sellerbus.runtime import watching
from sellerbus.runtime.logs import FunctionLogger
from sellerbus.sellers.rows import ACTIVE, SellerOverview
from sellerbus.watching.canary import CanaryError, CanarySender, arrived
from sellerbus.watching.open_tasks import TaskStates
from sellerbus.watching.silence import SilenceTeller
from sellerbus.watching.watcher import UnseenError, Watcher
from tests.fake_table import FakeTable
from tests.unit.notifications.fake_arrivals import FakeArrivals

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
CONTEXT: Any = SimpleNamespace(aws_request_id="request-1")
NUMBERS = itertools.count()
Capture = pytest.CaptureFixture[str]

ALWAYS = {
    "AlarmTopicUnconfirmed",
    "ClientSecretDays",
    "OldestOpenFeed",
    "OpenFeeds",
    "OpenMessages",
    "SellersLearning",
    "SellersSilent",
    "UncertainFeeds",
    "UncertainMessages",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = """POWERTOOLS_SERVICE_NAME POWERTOOLS_METRICS_NAMESPACE STAGE ARRIVALS_TABLE_NAME EVENT_BUS_NAME
    SELLER_TABLE_NAME TASK_TABLE_NAME MESSAGE_TABLE_NAME STATE_INDEX_NAME NOTIFICATION_TYPES LWA_SECRET_ID
    ALARM_TOPIC_ARNS NOTIFICATION_QUEUE_URL"""
    for name in names.split():
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("LOG_LEVEL", "INFO")


def log_to(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(module, "log", FunctionLogger(f"watching-{next(NUMBERS)}", stream=stream))
    return stream


def lines(stream: StringIO, capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (stream.getvalue() + capsys.readouterr().out).splitlines()]


def measured(printed: list[dict[str, Any]]) -> dict[str, list[float]]:
    return {
        metric["Name"]: line[metric["Name"]]
        for line in printed
        if "_aws" in line
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


class Stage:
    """A stage without anything in it, and what may be set on it."""

    def __init__(self) -> None:
        self.overviews: list[SellerOverview] = []
        self.rows: list[ArrivalRow] = []
        self.fault: Exception | None = None
        self.published: list[Any] = []

    def watcher(self) -> Watcher:
        states = TaskStates(FakeTable(), "t", "byState")
        return Watcher(
            sellers=SimpleNamespace(overviews=self._sellers),
            arrivals=SimpleNamespace(all=lambda: self.rows),
            types=["ORDER_CHANGE"],
            teller=SilenceTeller(
                SimpleNamespace(publish=self.published.extend), FakeArrivals(), "a", now=NOW.timestamp
            ),
            feeds=states,
            messages=states,
            secrets=self,
            secret_id="s",
            sns=self,
            topic_arns=["t"],
            now=NOW.timestamp,
        )

    def _sellers(self) -> list[SellerOverview]:
        if self.fault:
            raise self.fault
        return self.overviews

    def list_secret_version_ids(self, **request: Any) -> Any:
        return {"Versions": [{"VersionStages": ["AWSCURRENT"], "CreatedDate": NOW}]}

    def list_subscriptions_by_topic(self, **request: Any) -> Any:
        return {"Subscriptions": [{"SubscriptionArn": "arn"}]}


def watch(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = log_to(watch_stage, monkeypatch)
    monkeypatch.setattr(watching, "watcher", lambda settings: stage.watcher())
    watch_stage.handler({}, CONTEXT)
    return stream


def test_an_empty_stage_is_measured_whole(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    found = measured(lines(watch(Stage(), monkeypatch), capsys))
    assert set(found) == ALWAYS
    assert {name for name, value in found.items() if value != [0]} == {"ClientSecretDays"}


def test_who_is_silent_stands_in_the_log(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    stage = Stage()
    stage.overviews = [SellerOverview("S1", "na", ACTIVE)]
    last = NOW - timedelta(hours=10)
    stage.rows = [
        ArrivalRow("S1", "ORDER_CHANGE", last - timedelta(days=9), last, {last.date().isoformat(): 3600})
    ]
    printed = lines(watch(stage, monkeypatch), capsys)
    (warning,) = [line for line in printed if line.get("level") == "WARNING"]
    assert warning["longest"] == [
        {"seller_id": "S1", "notification_type": "ORDER_CHANGE", "quiet_seconds": 36_000}
    ]
    assert measured(printed)["SellersSilent"] == [1]
    assert [event.detail_type for event in stage.published] == ["SellerSilent"]


def test_what_can_not_be_seen_fails_the_function_after_all_else_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    stage = Stage()
    stage.fault = StoreUnavailableError("Scan", "ThrottlingException")
    stream = log_to(watch_stage, monkeypatch)
    monkeypatch.setattr(watching, "watcher", lambda settings: stage.watcher())
    with pytest.raises(UnseenError, match="sellers: Scan failed with ThrottlingException"):
        watch_stage.handler({}, CONTEXT)
    found = measured(lines(stream, capsys))
    assert set(found) == ALWAYS - {"SellersSilent", "SellersLearning"}, "missing is an alarm, nothing is not"


class Queue:
    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message(self, **request: Any) -> Any:
        self.bodies.append(request["MessageBody"])
        return {}


def sent(monkeypatch: pytest.MonkeyPatch, times: list[float], count: int = 1) -> list[str]:
    queue, clock = Queue(), iter(times)
    sender = CanarySender(queue, "q", now=lambda: next(clock))
    monkeypatch.setattr(watching, "canary_sender", lambda settings: sender)
    for _ in range(count):
        run_canary.handler({"source": "aws.events", "id": "schedule-1"}, CONTEXT)
    return queue.bodies


def on_the_bus(body: str) -> dict[str, Any]:
    """The event that the processor makes of a canary."""
    envelope = parse_envelope(body)
    event = build_event(envelope, describe(envelope), event_id(envelope.notification_id), stale=False)
    assert event is not None
    return {
        "source": event.source,
        "detail-type": event.notification_type,
        "detail": json.loads(event.detail),
    }


def test_a_canary_goes_out_marked_and_is_measured_when_it_comes_back(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    log = log_to(run_canary, monkeypatch)
    (body,) = sent(monkeypatch, [NOW.timestamp()])
    envelope = parse_envelope(body)
    assert (envelope.origin, envelope.notification_type) == (Origin.CANARY, CANARY_TYPE)
    assert describe(envelope).entity is None, "it takes no row in the ordering guard"
    event = on_the_bus(body)
    assert event["source"] == "sellerbus.canary"
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp() + 1.25)
    assert run_canary.handler(event, CONTEXT) == {"milliseconds": 1250}
    printed = lines(log, capsys)
    assert measured(printed) == {
        "CanariesSent": [1],
        "CanaryRoundTrips": [1],
        "CanaryRoundTripTime": [1250],
    }
    (line,) = [line for line in printed if line.get("message") == "canary arrived"]
    assert line["correlation_id"] == event["detail"]["eventId"]


def test_a_repeated_schedule_sends_another_and_no_second_content_under_the_same_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bodies = sent(monkeypatch, [NOW.timestamp(), NOW.timestamp() + 60], count=2)
    ids = {parse_envelope(body).notification_id for body in bodies}
    assert len(ids) == len({parse_envelope(body).content_hash for body in bodies}) == 2


def test_a_clock_that_is_behind_measures_no_negative_way(monkeypatch: pytest.MonkeyPatch) -> None:
    (body,) = sent(monkeypatch, [NOW.timestamp()])
    assert arrived(on_the_bus(body), NOW.timestamp() - 5).milliseconds == 0


@pytest.mark.parametrize("detail", [None, {}, {"eventId": "e", "payload": {"sentAt": "soon"}}])
def test_somebody_elses_event_is_no_round_trip(detail: Any) -> None:
    with pytest.raises(CanaryError, match="somebody else"):
        run_canary.handler({"source": "sellerbus.canary", "detail": detail}, CONTEXT)
