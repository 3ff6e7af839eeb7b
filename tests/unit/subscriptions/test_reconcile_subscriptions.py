"""The subscription queue's consumer: each record by itself, throttled ones put off, nothing swallowed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas.reconcile_subscriptions import handler as module
from sellerbus.api import errors
from sellerbus.runtime import bootstrap, selling_partner
from sellerbus.runtime.config import ConfigurationError
from sellerbus.sellers.registry import REVOKED
from tests.unit.subscriptions.fake_registry import FakeRegistry, row
from tests.unit.subscriptions.handlers import Context, set_environment
from tests.unit.subscriptions.test_fleet import SharedAmazon

WANTED = {
    "destinationId": "ours",
    "existingSubscriptions": "replace",
    "subscriptions": [{"notificationType": "ORDER_CHANGE", "payloadVersion": "1.0"}],
}


@dataclass
class Aws:
    """SQS and SSM in one."""

    fault: Exception | None = None
    visibilities: list[dict[str, Any]] = field(default_factory=list)

    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str) -> dict[str, str]:
        return {"QueueUrl": f"https://{QueueOwnerAWSAccountId}/{QueueName}"}

    def change_message_visibility(self, **arguments: Any) -> None:
        if self.fault:
            raise self.fault
        self.visibilities.append(arguments)

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        assert Name == "/wanted"
        return {"Parameter": {"Value": json.dumps(WANTED)}}


class Setting:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_environment(monkeypatch)
        self.aws = Aws()
        self.amazon = SharedAmazon()
        self.registry = FakeRegistry.of(*(row(f"A{number}") for number in range(3)))
        monkeypatch.setattr(selling_partner, "notifications_api", lambda *_, **__: self.amazon)
        monkeypatch.setattr(selling_partner, "seller_registry", lambda _: self.registry)
        monkeypatch.setattr(bootstrap, "aws", lambda service: self.aws)
        module._queue_url.cache_clear()

    def run(self, *bodies: str, receives: int = 1) -> list[str]:
        records = [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"r{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:subscriptions",
            }
            for number, body in enumerate(bodies)
        ]
        answer = module.handler({"Records": records}, Context())  # type: ignore[arg-type]
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(monkeypatch)


def job(seller_id: str) -> str:
    return json.dumps({"sellerId": seller_id})


def test_each_seller_is_done(it: Setting) -> None:
    assert it.run(job("A0"), job("A1")) == []
    assert {name for name, _ in it.amazon.held} == {"A0", "A1"}


def test_one_records_failure_is_its_own(it: Setting) -> None:
    it.amazon.failing = {"A1": RuntimeError("x")}
    assert it.run(job("A0"), job("A1"), "not json", job("A2")) == ["m1", "m2"]
    assert {name for name, _ in it.amazon.held} == {"A0", "A2"}


def test_throttled_comes_again_after_the_time_told(it: Setting) -> None:
    it.amazon.failing = {"A0": errors.ThrottledError("getSubscriptions", 41.2)}
    assert it.run(job("A0")) == ["m0"]
    assert it.aws.visibilities == [
        {"QueueUrl": "https://111122223333/subscriptions", "ReceiptHandle": "r0", "VisibilityTimeout": 42}
    ]


@pytest.mark.parametrize(("receives", "seconds"), [(1, 30), (2, 60), (4, 240), (50, 900)])
def test_failed_comes_again_after_a_growing_wait(it: Setting, receives: int, seconds: int) -> None:
    it.amazon.failing = {"A0": errors.RetryableError("getSubscriptions", "down")}
    assert it.run(job("A0"), receives=receives) == ["m0"]
    assert it.aws.visibilities[0]["VisibilityTimeout"] == seconds


def test_without_the_putting_off_it_is_still_a_failure(it: Setting) -> None:
    it.amazon.failing = {"A0": errors.ThrottledError("getSubscriptions", 41.2)}
    it.aws.fault = RuntimeError("AccessDenied")
    assert it.run(job("A0"), job("A1")) == ["m0"]


def test_a_revoked_seller_is_marked_counted_and_not_tried_again(
    it: Setting, capsys: pytest.CaptureFixture[str]
) -> None:
    it.amazon.failing = {"A0": errors.AuthorizationRevokedError("LWA token", "gone")}
    assert it.run(job("A0")) == []
    assert it.registry.rows["A0"].status == REVOKED
    output = capsys.readouterr().out
    assert '"SellerAuthorizationsRevoked":[1.0]' in output.replace(" ", "")
    assert it.run(job("A0")) == []


def test_a_seller_that_is_gone_is_nothing_to_do(it: Setting) -> None:
    assert it.run(job("A9")) == []
    assert it.amazon.calls == []


def test_metrics_and_log_tell_what_was_done(it: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    it.run(job("A0"))
    output = capsys.readouterr().out.replace(" ", "")
    assert '"SubscriptionsCreated":[1.0]' in output
    assert '"SellersReconciled":[1.0]' in output


def test_an_incomplete_environment_fails_the_whole_batch(
    it: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANTED_PARAMETER_NAME")
    with pytest.raises(ConfigurationError, match="WANTED_PARAMETER_NAME"):
        it.run(job("A0"))
