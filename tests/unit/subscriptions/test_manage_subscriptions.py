"""The sellers' subscriptions as a resource."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.manage_subscriptions import handler as module
from sellerbus.api import errors
from sellerbus.runtime import bootstrap, selling_partner
from tests.unit.subscriptions.fake_registry import FakeQueue, FakeRegistry, row
from tests.unit.subscriptions.fake_states import FakeEvents, FakeStates
from tests.unit.subscriptions.handlers import CloudFormation, Context, event, set_environment
from tests.unit.subscriptions.test_fleet import SharedAmazon


def properties(*types: str, destination: str = "ours") -> dict[str, str]:
    wanted = {
        "destinations": {"sqs": destination},
        "existingSubscriptions": "keep",
        "subscriptions": [{"notificationType": name, "payloadVersion": "1.0"} for name in types],
    }
    return {"Wanted": json.dumps(wanted)}


class Setting:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_environment(monkeypatch)
        self.amazon = SharedAmazon()
        self.registry = FakeRegistry.of(row("A1"), row("A2"))
        self.queue, self.states, self.events = FakeQueue(), FakeStates(), FakeEvents()
        self.cloudformation = CloudFormation()
        monkeypatch.setattr(selling_partner, "notifications_api", lambda *_, **__: self.amazon)
        monkeypatch.setattr(selling_partner, "client_id", lambda _: "application-1")
        monkeypatch.setattr(selling_partner, "seller_registry", lambda _: self.registry)
        monkeypatch.setattr(selling_partner, "OperationalEvents", lambda *_, **__: self.events)
        monkeypatch.setattr(bootstrap, "aws", lambda *_: None)
        monkeypatch.setattr(bootstrap, "subscription_states", lambda _: self.states)
        monkeypatch.setattr(bootstrap, "subscription_queue", lambda url: self.queue)
        monkeypatch.setattr(bootstrap, "http", lambda: self.cloudformation)

    def answer(self, kind: str, now: dict[str, str], **more: Any) -> dict[str, Any]:
        module.handler(event(kind, now, **more), Context(seconds=600))  # type: ignore[arg-type]
        return self.cloudformation.answers[-1]

    @property
    def held(self) -> set[tuple[str, str, str]]:
        return {
            (seller, name, item.destination_id)
            for (seller, name), rows in self.amazon.held.items()
            for item in rows
        }


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(monkeypatch)


def test_create_update_delete(it: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    first = properties("ORDER_CHANGE", "PRICING_HEALTH")
    created = it.answer("Create", first)
    assert created["Status"] == "SUCCESS"
    assert created["Data"] == {"Summary": "2 sellers, 4 subscriptions in place"}

    second = properties("ORDER_CHANGE", destination="newer")
    updated = it.answer("Update", second, PhysicalResourceId="subscriptions", OldResourceProperties=first)
    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]
    assert it.held == {("A1", "ORDER_CHANGE", "newer"), ("A2", "ORDER_CHANGE", "newer")}

    assert it.answer("Delete", second, PhysicalResourceId="subscriptions")["Status"] == "SUCCESS"
    assert it.held == set()
    assert '"SellersQueued":[0]' in capsys.readouterr().out.replace(" ", "")


def test_an_update_killed_midway_is_completed_by_its_second_delivery(it: Setting) -> None:
    first, second = properties("ORDER_CHANGE", destination="older"), properties("PRICING_HEALTH")
    it.answer("Create", first)
    it.amazon.failing = {"A2": errors.RetryableError("getSubscriptions", "down")}
    it.answer("Update", second, PhysicalResourceId="subscriptions", OldResourceProperties=first)
    (job,) = it.queue.jobs
    assert (job.seller_id, job.retired_types, job.retired_destination_ids) == (
        "A2", ("ORDER_CHANGE",), ("older",)
    )  # fmt: skip
    it.amazon.failing = {}
    it.answer("Update", second, PhysicalResourceId="subscriptions", OldResourceProperties=first)
    assert it.held == {("A1", "PRICING_HEALTH", "ours"), ("A2", "PRICING_HEALTH", "ours")}


def test_what_a_failed_create_has_made_is_taken_back(it: Setting) -> None:
    made = properties("ORDER_CHANGE")
    it.answer("Create", made)
    assert len(it.held) == 2
    it.answer("Delete", made, PhysicalResourceId=module.FAILED_CREATE_ID)
    assert it.held == set()


def test_a_failed_create_tells_the_id_that_takes_it_back(it: Setting) -> None:
    it.amazon.failing = {"A1": errors.CredentialsError("LWA token", "refused", hint="Do this.")}
    failed = it.answer("Create", properties("ORDER_CHANGE"))
    assert failed["Status"] == "FAILED"
    assert failed["PhysicalResourceId"] == module.FAILED_CREATE_ID
    assert "Do this." in failed["Reason"]


def test_a_rollback_from_unusable_properties_works(it: Setting) -> None:
    good = properties("ORDER_CHANGE")
    bad = {"Wanted": "{"}
    it.answer("Create", good)
    failed = it.answer("Update", bad, PhysicalResourceId="subscriptions", OldResourceProperties=good)
    assert failed["Status"] == "FAILED"
    back = it.answer("Update", good, PhysicalResourceId="subscriptions", OldResourceProperties=bad)
    assert back["Status"] == "SUCCESS"


def test_a_deletion_that_is_not_done_fails_with_what_to_do(
    it: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sellerbus.notifications.fleet._PAUSE_SECONDS", 0.0)
    now = properties("ORDER_CHANGE")
    it.answer("Create", now)
    it.amazon.failing = {"A1": errors.RetryableError("getSubscriptions", "down")}
    failed = it.answer("Delete", now, PhysicalResourceId="subscriptions")
    assert failed["Status"] == "FAILED"
    assert "of 1 sellers" in failed["Reason"]
    assert "Delete again" in failed["Reason"]
    it.amazon.failing = {}
    assert it.answer("Delete", now, PhysicalResourceId="subscriptions")["Status"] == "SUCCESS"
    assert it.held == set()


def test_no_seller_fails_a_deploy(it: Setting) -> None:
    it.amazon.failing = {"A1": RuntimeError("x"), "A2": errors.AuthorizationRevokedError("LWA token", "gone")}
    done = it.answer("Create", properties("ORDER_CHANGE"))
    assert done["Status"] == "SUCCESS"
    assert done["Data"]["Summary"] == (
        "0 sellers, 0 subscriptions in place; 1 sellers queued for later; "
        "1 sellers with a revoked authorisation left out"
    )
    assert [job.seller_id for job in it.queue.jobs] == ["A1"]


def test_the_fleet_is_put_together_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fakes between handler and clients: a registry without rows, and nothing else is called."""

    class Dynamo:
        def scan(self, **_: Any) -> dict[str, Any]:
            return {"Items": []}

    class Nothing:
        pass

    set_environment(monkeypatch)
    cloudformation = CloudFormation()
    clients: dict[str, Callable[[], Any]] = {"dynamodb": Dynamo}
    monkeypatch.setattr(bootstrap, "http", lambda: cloudformation)
    monkeypatch.setattr(bootstrap, "aws", lambda service, *_: clients.get(service, Nothing)())
    kept = (selling_partner._tokens, selling_partner._credentials, selling_partner._throttle)
    for one in kept:
        one.cache_clear()
    module.handler(event("Create", properties("ORDER_CHANGE")), Context())  # type: ignore[arg-type]
    for one in kept:
        one.cache_clear()
    assert cloudformation.answers[0]["Data"]["Summary"] == "0 sellers, 0 subscriptions in place"


def test_the_clients_are_made_before_the_fleets_threads_begin(
    it: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made by four threads at once there would be as many token caches, and boto3 makes none safely."""
    makers: list[str] = []

    def notifications_api(*_: object, **__: object) -> SharedAmazon:
        makers.append(threading.current_thread().name)
        return it.amazon

    monkeypatch.setattr(selling_partner, "notifications_api", notifications_api)
    it.answer("Create", properties("ORDER_CHANGE"))
    assert makers[0] == "custom-resource"
    assert len(makers) == 3
