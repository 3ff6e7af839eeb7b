"""The subscription queue's consumer: each record by itself, waiting ones put off, nothing swallowed."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from lambdas.reconcile_subscriptions import handler as module
from sellerbus.api import errors
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Subscription
from sellerbus.notifications import job_runner
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.seller_reconciler import LONGEST_RUN_SECONDS
from sellerbus.notifications.subscription_state import LEASE_MARGIN_SECONDS
from sellerbus.runtime import bootstrap, selling_partner
from sellerbus.runtime.config import ConfigurationError
from sellerbus.sellers.registry import UnreadableTokenError
from sellerbus.sellers.rows import REVOKED
from tests.unit.subscriptions.fake_registry import FakeQueue, FakeRegistry, row
from tests.unit.subscriptions.fake_states import FakeEvents, FakeStates
from tests.unit.subscriptions.handlers import Context, set_environment
from tests.unit.subscriptions.test_fleet import SharedAmazon

WANTED = {
    "destinations": {"sqs": "ours"},
    "existingSubscriptions": "replace",
    "subscriptions": [{"notificationType": "ORDER_CHANGE", "payloadVersion": "1.0"}],
}


class Ssm:
    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        assert Name == "/wanted"
        return {"Parameter": {"Value": json.dumps(WANTED)}}


@dataclass
class FakeDeadJobs:
    letters: list[tuple[str, str]] = field(default_factory=list)

    def put(self, text: str, reason: str) -> None:
        self.letters.append((text, reason))


class Setting:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_environment(monkeypatch)
        self.queue, self.dead = FakeQueue(), FakeDeadJobs()
        self.states, self.events = FakeStates(), FakeEvents()
        self.amazon = SharedAmazon()
        self.registry = FakeRegistry.of(*(row(f"A{number}") for number in range(3)))
        monkeypatch.setattr(selling_partner, "notifications_api", lambda *_, **__: self.amazon)
        monkeypatch.setattr(selling_partner, "client_id", lambda _: "application-1")
        monkeypatch.setattr(selling_partner, "seller_registry", lambda _: self.registry)
        monkeypatch.setattr(selling_partner, "OperationalEvents", lambda *_, **__: self.events)
        monkeypatch.setattr(bootstrap, "subscription_states", lambda _: self.states)
        monkeypatch.setattr(bootstrap, "subscription_queue", lambda url: self.queue)
        monkeypatch.setattr(bootstrap, "dead_jobs", lambda url: self.dead)
        monkeypatch.setattr(bootstrap, "aws", lambda service: Ssm())

    def run(self, *bodies: str) -> list[str]:
        records = [
            {
                "messageId": f"m{number}",
                "body": body,
            }
            for number, body in enumerate(bodies)
        ]
        answer = module.handler({"Records": records}, Context(seconds=300))  # type: ignore[arg-type]
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(monkeypatch)


def job(seller_id: str, attempt: int = 1) -> str:
    return SellerJob(seller_id, ("OLD",), attempt=attempt).to_text()


def test_each_seller_is_done(it: Setting) -> None:
    assert it.run(job("A0"), job("A1")) == []
    assert {name for name, _ in it.amazon.held} == {"A0", "A1"}


def test_one_records_failure_is_its_own(it: Setting) -> None:
    it.amazon.failing = {"A1": RuntimeError("x")}
    assert it.run(job("A0"), job("A1"), "not json", job("A2")) == []
    assert {name for name, _ in it.amazon.held} == {"A0", "A2"}
    assert [again.seller_id for again in it.queue.jobs] == ["A1"]
    assert [text for text, _ in it.dead.letters] == ["not json"]


def test_throttled_comes_again_after_the_time_told(it: Setting) -> None:
    it.amazon.failing = {"A0": errors.ThrottledError("getSubscriptions", 41.2)}
    assert it.run(job("A0")) == []
    (again,) = it.queue.jobs
    assert again.waiting_since is not None
    assert replace(again, waiting_since=None) == SellerJob("A0", ("OLD",)), "no attempt is counted"
    assert it.queue.delays == [42]


def test_whom_another_run_works_on_comes_again_soon(it: Setting) -> None:
    it.states.take("A0", 240)
    assert it.run(job("A0")) == []
    assert it.queue.jobs == [SellerJob("A0", ("OLD",), attempt=2)]
    assert it.queue.delays == [15]
    assert it.amazon.calls == []


def test_the_attempts_outlast_the_lease_of_a_killed_run() -> None:
    assert (
        job_runner.MOST_ATTEMPTS * job_runner.LONGEST_BUSY_SECONDS
        > LONGEST_RUN_SECONDS + LEASE_MARGIN_SECONDS
    )


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 30), (2, 60), (4, 240), (39, 240)])
def test_failed_comes_again_after_a_growing_wait(it: Setting, attempt: int, seconds: int) -> None:
    it.amazon.failing = {"A0": errors.RetryableError("getSubscriptions", "down")}
    assert it.run(job("A0", attempt)) == []
    assert it.queue.jobs == [SellerJob("A0", ("OLD",), attempt=attempt + 1)]
    assert it.queue.delays == [seconds]


PERMANENT = [
    errors.UnauthorizedError("getSubscriptions", "no role", status=403),
    errors.PermanentError("getSubscriptions", "InvalidInput", status=400),
    errors.CredentialsError("LWA token", "bad"),
    UnreadableTokenError("another key"),
]


@pytest.mark.parametrize("error", PERMANENT)
def test_what_no_repeat_mends_is_told_within_minutes(it: Setting, error: Exception) -> None:
    it.amazon.failing = {"A0": error}
    it.run(job("A0"))
    while it.queue.jobs:
        it.run(it.queue.jobs.pop().to_text())
    assert sum(it.queue.delays) < 15 * 60
    ((text, reason),) = it.dead.letters
    # Sent back by an operator, it has all its attempts again.
    assert SellerJob.from_text(text) == SellerJob("A0", ("OLD",))
    assert type(error).__name__ in reason or "SubscriptionsIncompleteError" in reason


def test_an_outage_is_outlasted_for_two_hours_then_told(it: Setting) -> None:
    it.amazon.failing = {"A0": errors.RetryableError("getSubscriptions", "down")}
    it.run(job("A0"))
    while it.queue.jobs:
        it.run(it.queue.jobs.pop().to_text())
    assert sum(it.queue.delays) > 2 * 3600
    assert len(it.dead.letters) == 1


def test_nothing_waits_long_enough_for_the_queue_to_look_stuck() -> None:
    assert max(job_runner.LONGEST_RETRY_SECONDS, LONGEST_RUN_SECONDS) < 300


def test_what_cannot_be_sent_on_stays_in_the_queue(it: Setting) -> None:
    it.amazon.failing = {"A0": errors.ThrottledError("getSubscriptions", 41.2)}
    it.queue.fault = RuntimeError("AccessDenied")
    assert it.run(job("A0"), job("A1")) == ["m0"]


def test_a_revoked_seller_is_marked_counted_and_not_tried_again(
    it: Setting, capsys: pytest.CaptureFixture[str]
) -> None:
    it.amazon.failing = {"A0": errors.AuthorizationRevokedError("LWA token", "gone")}
    assert it.run(job("A0")) == []
    assert it.registry.rows["A0"].status == REVOKED
    output = capsys.readouterr().out
    assert '"SellerAuthorizationsRevoked":[1]' in output.replace(" ", "")
    assert it.run(job("A0")) == []


def test_a_seller_that_is_gone_is_nothing_to_do(it: Setting) -> None:
    assert it.run(job("A9")) == []
    assert it.amazon.calls == []


def test_metrics_and_log_tell_what_was_done(it: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    it.run(job("A0"))
    output = capsys.readouterr().out.replace(" ", "")
    assert '"SubscriptionsCreated":[1]' in output
    assert '"SellersReconciled":[1]' in output


def test_the_records_of_a_batch_are_done_beside_each_other(it: Setting) -> None:
    """Each waits for the others: one after the other would never end."""
    together = threading.Barrier(3, timeout=20)
    listing = it.amazon.subscriptions

    def subscriptions(seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        together.wait()
        return listing(seller, notification_type)

    it.amazon.subscriptions = subscriptions  # type: ignore[method-assign]
    assert it.run(job("A0"), job("A1"), job("A2")) == []
    assert {name for name, _ in it.amazon.held} == {"A0", "A1", "A2"}


def test_metrics_of_a_batch_are_summed_up_and_its_log_names_each_seller(
    it: Setting, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    it.run(job("A0"), job("A1"))
    it.amazon.held[("A0", "ORDER_CHANGE")] = [Subscription("theirs", "1.0", "foreign")]
    it.amazon.held[("A1", "ORDER_CHANGE")].clear()
    capsys.readouterr()
    caplog.clear()
    it.run(job("A0"), job("A1"), job("A2"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["SellersReconciled"] == [1.0, 1.0, 1.0]
    assert sum(metrics["SubscriptionsDrifted"]) == 2
    assert sum(metrics["SubscriptionsBlocked"]) == 0
    told = {vars(record)["seller_id"]: vars(record)["drifted"] for record in caplog.records}
    assert told == {
        "A0": ["ORDER_CHANGE 1.0: other-destination, restoring"],
        "A1": ["ORDER_CHANGE 1.0: missing, restoring"],
        "A2": [],
    }


def test_types_that_are_not_configured_are_told(it: Setting, caplog: pytest.LogCaptureFixture) -> None:
    it.registry.rows["A0"] = replace(it.registry.rows["A0"], notification_types=("ORDER_CHANGE", "OTHER"))
    it.run(job("A0"))
    (record,) = [each for each in caplog.records if "own list" in each.message]
    assert vars(record)["notification_types"] == ["OTHER"]


def test_an_incomplete_environment_fails_the_whole_batch(
    it: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANTED_PARAMETER_NAME")
    with pytest.raises(ConfigurationError, match="WANTED_PARAMETER_NAME"):
        it.run(job("A0"))


def test_drift_is_counted_once_also_where_its_mending_waits(
    it: Setting, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run that mends it finds a type that is not settled, and tells nothing."""
    it.run(job("A0"))
    it.amazon.held[("A0", "ORDER_CHANGE")] = [Subscription("theirs", "1.0", "foreign")]
    it.amazon.clock = time.time
    counted = []
    for turns_after in (100.0, 0.0):
        it.amazon.turns_after = turns_after
        it.amazon.bookings.clear()
        capsys.readouterr()
        it.run(job("A0"))
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        (metrics,) = [line for line in lines if "_aws" in line]
        counted.append((sum(metrics["SubscriptionsDrifted"]), "SellersThrottled" in metrics))
    assert counted == [(1, True), (0, False)]
    assert len(it.events.drifts) == 1
