"""The destination as a resource: create, update, delete, and what is said when it cannot be."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from lambdas.manage_destination import handler as module
from sellerbus.api.errors import ConflictError, OutcomeUnknownError, ThrottledError
from sellerbus.api.notifications import Destination
from sellerbus.api.patience import patiently
from sellerbus.runtime import bootstrap, selling_partner
from tests.unit.api.quota_table import QuotaTable
from tests.unit.api.wire import Wire, reply
from tests.unit.subscriptions.fake_amazon import FakeAmazon, Moment
from tests.unit.subscriptions.fake_events import FakeEvents
from tests.unit.subscriptions.handlers import CloudFormation, Context, event, set_environment

ARN = "arn:aws:sqs:us-east-1:123456789012:queue"
NEW_ARN = "arn:aws:sqs:us-east-1:123456789012:newer"
PROPERTIES = {
    "QueueArn": ARN,
    "Name": "sellerbus-dev",
    "SecretSetCommand": "sellerbus secrets set --stage dev",
}
BRIDGE = {
    "Kind": "eventBridge",
    "AccountId": "123456789012",
    "Region": "us-east-1",
    "Name": "sellerbus-dev-events",
    "SecretSetCommand": "sellerbus secrets set --stage dev",
}
SOURCE = "aws.partner/sellingpartnerapi.amazon.com/123456789012/application"
OPERATIONS = ("getDestinations", "createDestination", "deleteDestination")

Answers = Callable[..., dict[str, Any]]


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> FakeAmazon:
    set_environment(monkeypatch)
    amazon = FakeAmazon()
    monkeypatch.setattr(selling_partner, "notifications_api", lambda *_, **__: amazon)
    return amazon


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answers:
    cloudformation = CloudFormation()
    monkeypatch.setattr(bootstrap, "http", lambda: cloudformation)

    def run(kind: str, properties: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        base = {} if (properties or {}).get("Kind") else PROPERTIES
        module.handler(event(kind, base | (properties or {}), **more), Context())  # type: ignore[arg-type]
        return cloudformation.answers[-1]

    return run


def test_create_update_delete(amazon: FakeAmazon, answer: Answers) -> None:
    created = answer("Create")
    assert created["Status"] == "SUCCESS"
    assert created["PhysicalResourceId"] == created["Data"]["DestinationId"] == "destination-1"
    updated = answer("Update", PhysicalResourceId="destination-1", OldResourceProperties=PROPERTIES)
    assert updated["PhysicalResourceId"] == "destination-1"
    assert answer("Delete", PhysicalResourceId="destination-1")["Status"] == "SUCCESS"
    assert amazon.destination_rows == []


def test_another_queue_gets_its_own_and_the_old_one_goes_last(amazon: FakeAmazon, answer: Answers) -> None:
    answer("Create")
    updated = answer("Update", {"QueueArn": NEW_ARN}, PhysicalResourceId="destination-1")
    assert updated["Data"]["DestinationId"] == updated["PhysicalResourceId"] == "destination-2"
    assert [row.destination_id for row in amazon.destination_rows] == ["destination-1", "destination-2"]
    answer("Delete", PhysicalResourceId="destination-1")
    assert [row.queue_arn for row in amazon.destination_rows] == [NEW_ARN]


def test_every_event_may_come_twice(amazon: FakeAmazon, answer: Answers) -> None:
    assert answer("Create") == answer("Create")
    assert len(amazon.destination_rows) == 1
    assert answer("Delete", PhysicalResourceId="destination-1") == answer(
        "Delete", PhysicalResourceId="destination-1"
    )


def test_what_a_failed_create_has_left_is_taken_back(amazon: FakeAmazon, answer: Answers) -> None:
    """Carried out at Amazon, every answer lost, every listing late: the Create fails, and leaves it there."""
    amazon.lagging_listings = 99
    amazon.destination_rows.append(Destination("d1", "another stack's", NEW_ARN))

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        lost = (operation, moment) == ("createDestination", "after")
        return OutcomeUnknownError(operation, "lost") if lost else None

    amazon.fault = fault
    failed = answer("Create")
    assert failed["Status"] == "FAILED"
    assert [row.queue_arn for row in amazon.destination_rows] == [NEW_ARN, ARN]
    amazon.lagging_listings = 0
    assert answer("Delete", PhysicalResourceId=failed["PhysicalResourceId"])["Status"] == "SUCCESS"
    assert [row.queue_arn for row in amazon.destination_rows] == [NEW_ARN]


def test_a_failed_create_is_taken_back_even_where_amazon_cannot_be_asked(
    amazon: FakeAmazon,
    answer: Answers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    amazon.fault = lambda _n, operation, _m: ConflictError(operation, "no", status=409)
    gone = {"PhysicalResourceId": module.FAILED_CREATE_ID}
    assert answer("Delete", **gone)["Status"] == "SUCCESS"
    assert "could not be seen" in caplog.text
    monkeypatch.delenv("LWA_ENDPOINT")
    assert answer("Delete", **gone)["Status"] == "SUCCESS"


def test_a_destination_in_use_is_told(amazon: FakeAmazon, answer: Answers) -> None:
    amazon.fault = lambda _n, operation, _m: ConflictError(operation, "has subscriptions", status=409)
    failed = answer("Delete", PhysicalResourceId="destination-1")
    assert failed["Status"] == "FAILED"
    assert "has subscriptions" in failed["Reason"]


def test_a_creation_whose_answer_is_lost_ends_with_one(amazon: FakeAmazon, answer: Answers) -> None:
    lost = iter([OutcomeUnknownError("createDestination", "lost")])

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        return next(lost, None) if (operation, moment) == ("createDestination", "after") else None

    amazon.fault = fault
    assert answer("Create")["PhysicalResourceId"] == "destination-1"
    assert len(amazon.destination_rows) == 1


def test_a_missing_property_or_environment_is_told(
    amazon: FakeAmazon, answer: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "QueueArn" in answer("Create", {"QueueArn": ""})["Reason"]
    monkeypatch.delenv("LWA_ENDPOINT")
    assert "missing: LWA_ENDPOINT" in answer("Create")["Reason"]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> FakeEvents:
    events = FakeEvents()
    monkeypatch.setattr(bootstrap, "aws", lambda service: {"events": events}[service])
    return events


def test_eventbridge_create_update_delete(amazon: FakeAmazon, events: FakeEvents, answer: Answers) -> None:
    created = answer("Create", BRIDGE)
    assert created["Status"] == "SUCCESS"
    assert created["PhysicalResourceId"] == "destination-1"
    assert created["Data"] == {"DestinationId": "destination-1", "EventSourceName": SOURCE}
    assert events.asked == [SOURCE]
    events.states = ["ACTIVE"]
    updated = answer("Update", BRIDGE, PhysicalResourceId="destination-1", OldResourceProperties=BRIDGE)
    assert (updated["Status"], updated["Data"]) == ("SUCCESS", created["Data"])
    assert answer("Delete", BRIDGE, PhysicalResourceId="destination-1")["Status"] == "SUCCESS"
    assert amazon.destination_rows == []


def test_eventbridge_that_another_bus_has_fails_and_is_left_alone(
    amazon: FakeAmazon, events: FakeEvents, answer: Answers
) -> None:
    amazon.create_event_bridge_destination(name="other", account_id="123456789012", region="us-east-1")
    events.states = ["ACTIVE"]
    failed = answer("Create", BRIDGE)
    assert failed["Status"] == "FAILED"
    assert "associated with an event bus already" in failed["Reason"]
    assert answer("Delete", BRIDGE, PhysicalResourceId=failed["PhysicalResourceId"])["Status"] == "SUCCESS"
    assert [row.name for row in amazon.destination_rows] == ["other"]


def test_eventbridge_that_others_need_stays_and_the_deletion_goes_on(
    amazon: FakeAmazon, events: FakeEvents, answer: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    answer("Create", BRIDGE)
    amazon.fault = lambda _n, operation, _m: (
        ConflictError(operation, "conflicts", status=409) if operation == "deleteDestination" else None
    )
    assert answer("Delete", BRIDGE, PhysicalResourceId="destination-1")["Status"] == "SUCCESS"
    assert "stays at Amazon" in caplog.text
    assert len(amazon.destination_rows) == 1


def test_a_used_up_quota_is_ridden_out(
    amazon: FakeAmazon, answer: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(module, "patiently", partial(patiently, sleep=naps.append))
    refusals = {operation: [ThrottledError(operation, 3.0)] for operation in OPERATIONS}

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        return refusals[operation].pop() if moment == "before" and refusals[operation] else None

    amazon.fault = fault
    assert answer("Create")["PhysicalResourceId"] == "destination-1"
    assert answer("Delete", PhysicalResourceId="destination-1")["Status"] == "SUCCESS"
    assert naps == [2.0, 1.0] * 3
    assert amazon.destination_rows == []


class MissingError(Exception):
    pass


class EmptySecrets:
    class exceptions:  # noqa: N801
        ResourceNotFoundException = MissingError

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Any:
        raise MissingError


def forget_what_is_kept() -> None:
    for kept in (selling_partner._tokens, selling_partner._credentials, selling_partner._throttle):
        kept.cache_clear()


def test_missing_credentials_name_the_command_that_mends_it(
    answer: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch)
    monkeypatch.setattr(bootstrap, "aws", lambda service, *_: EmptySecrets())
    forget_what_is_kept()
    reason = answer("Create")["Reason"]
    assert "the secret arn:secret has no value yet. Run: sellerbus secrets set --stage dev" in reason
    forget_what_is_kept()


class FullSecrets:
    class exceptions:  # noqa: N801
        ResourceNotFoundException = MissingError

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Any:
        return {"SecretString": '{"clientId": "c", "clientSecret": "s3cret"}'}


def test_the_whole_way_down_to_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch)
    wire = Wire(
        [
            reply(200, {"access_token": "Atc|1", "expires_in": 3600}),
            reply(200, {"payload": []}),
            reply(200, {"payload": {"destinationId": "d1", "name": "n", "resource": {"sqs": {"arn": ARN}}}}),
            reply(200),
        ]
    )
    session = wire.session()
    monkeypatch.setattr(bootstrap, "http", lambda: session)
    aws = {"secretsmanager": FullSecrets(), "dynamodb": QuotaTable(time.time)}
    monkeypatch.setattr(bootstrap, "aws", lambda service, *_: aws[service])
    forget_what_is_kept()
    module.handler(event("Create", PROPERTIES), Context())  # type: ignore[arg-type]
    forget_what_is_kept()
    assert [(sent.method, sent.url.split("?")[0]) for sent in wire.sent] == [
        ("POST", "https://lwa.test/token"),
        ("GET", "https://sp.test/notifications/v1/destinations"),
        ("POST", "https://sp.test/notifications/v1/destinations"),
        ("PUT", "https://cloudformation.test/answer"),
    ]
    put = wire.sent[-1]
    assert put.headers["content-type"] == ""
    assert '"PhysicalResourceId": "d1"' in put.body
