"""The control API and the command line that drives it, against a simulator that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.unit.simulator.amazon import CLIENT_SECRET, QUEUE_ARN, Amazon, amazon


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def fresh(simulated: Amazon) -> Amazon:
    simulated.control("POST", "reset")
    simulated.queues.sent.clear()
    return simulated


def command(fresh: Amazon, *arguments: str, exit_code: int = 0, text: str | None = None) -> str:
    result = CliRunner().invoke(
        app, arguments, env={"SIMULATOR_URL": fresh.url, "COLUMNS": "200"}, input=text
    )
    assert result.exit_code == exit_code, result.output
    return result.output


def create_destination(fresh: Amazon) -> str:
    body = {"name": "n", "resourceSpecification": {"sqs": {"arn": QUEUE_ARN}}}
    made = fresh.call("POST", "/notifications/v1/destinations", fresh.grantless_token(), body=body)
    return str(made.json()["payload"]["destinationId"])


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("faults", {"operation": "createNothing", "status": 500}, 400, "createSubscription"),
        ("faults", {"status": 500}, 400, "operation is required"),
        ("faults", {"operation": "lwa"}, 400, "at least one of"),
        ("faults", {"operation": "lwa", "status": 500, "count": 0}, 400, "count"),
        ("faults", {"operation": "lwa", "status": 500, "times": 2}, 400, "unknown field times"),
        ("rates", {"operation": "lwa", "ratePerSecond": 1, "burst": 1}, 400, "operation"),
        ("rates", {"operation": "getDestinations", "burst": 1}, 400, "usage plan"),
        ("tokens", {"expiresInSeconds": 0}, 400, "at least 1"),
        ("sellers", {"sellerId": "S", "clientId": "nobody"}, 404, "no application nobody"),
        ("sellers/NOBODY/revoke", None, 404, "no seller NOBODY"),
        ("publish", {"body": "x"}, 409, "0 destinations"),
        ("publish-batch", {"items": [{"body": "x"}, {}]}, 400, r"items[1]"),
    ],
)
def test_control_requests_that_are_refused(
    fresh: Amazon, path: str, body: object, status: int, words: str
) -> None:
    answer = fresh.session.post(f"{fresh.url}/_simulator/{path}", json=body, timeout=20)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_control_body_that_is_no_json(fresh: Amazon) -> None:
    answer = fresh.session.post(f"{fresh.url}/_simulator/publish", data=b"{", timeout=20)
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["error"]


def test_reset_keeps_the_first_application_and_nothing_else(fresh: Amazon) -> None:
    before = fresh.control("GET", "state")
    fresh.control("POST", "applications", {"clientId": "second", "clientSecret": "s"})
    fresh.control("POST", "sellers", {"sellerId": "S", "clientId": "second"})
    create_destination(fresh)
    fresh.control("POST", "faults", {"operation": "lwa", "status": 500})
    assert fresh.control("GET", "state") != before
    fresh.control("POST", "reset")
    assert fresh.control("GET", "state") == before
    assert fresh.control("GET", "requests") == []


def test_a_type_that_amazon_adds_can_be_added_here(fresh: Amazon) -> None:
    destination_id = create_destination(fresh)
    seller = fresh.seller_token()
    path, body = (
        "/notifications/v1/subscriptions/NEW_TYPE",
        {"payloadVersion": "2.0", "destinationId": destination_id},
    )
    assert fresh.call("POST", path, seller, body=body).status_code == 400
    fresh.control("POST", "notification-types", {"name": "NEW_TYPE", "payloadVersions": ["2.0"]})
    assert fresh.call("POST", path, seller, body=body).status_code == 200


def test_no_answer_of_the_control_api_holds_a_secret_or_a_token(fresh: Amazon) -> None:
    refresh_token = fresh.control("POST", "sellers", {"sellerId": "SELLER1"})["refreshToken"]
    token = fresh.token(grant_type="refresh_token", refresh_token=refresh_token)
    fresh.call("GET", "/notifications/v1/subscriptions/ORDER_CHANGE", token)
    shown = json.dumps([fresh.control("GET", name) for name in ("state", "requests", "health")])
    assert "getSubscription" in shown
    for secret in (CLIENT_SECRET, refresh_token, token):
        assert secret not in shown


def test_requests_are_kept_and_can_be_filtered_and_forgotten(fresh: Amazon) -> None:
    create_destination(fresh)
    fresh.call("GET", "/notifications/v1/subscriptions/ORDER_CHANGE", fresh.seller_token())
    entries: list[dict[str, Any]] = fresh.control("GET", "requests")
    assert [(entry["operation"], entry["status"]) for entry in entries] == [
        ("lwa", 200),
        ("createDestination", 200),
        ("lwa", 200),
        ("getSubscription", 404),
    ]
    assert [entry["sellerId"] for entry in entries] == [None, None, None, "SELLER1"]
    assert [entry["grantless"] for entry in entries] == [False, True, False, False]
    assert len(fresh.control("GET", "requests?operation=lwa")) == 2
    fresh.control("DELETE", "requests")
    assert fresh.control("GET", "requests") == []


def test_the_commands_drive_a_simulator(fresh: Amazon, tmp_path: Path) -> None:
    destination_id = create_destination(fresh)
    added = json.loads(
        command(fresh, "sellers", "add", "SELLER1", "--marketplace", "ATVPDKIKX0DER", "--json")
    )
    seller = fresh.token(grant_type="refresh_token", refresh_token=added["refreshToken"])
    path = "/notifications/v1/subscriptions/ORDER_CHANGE"
    fresh.call("POST", path, seller, body={"payloadVersion": "1.0", "destinationId": destination_id})
    notification = {"NotificationType": "ORDER_CHANGE", "PayloadVersion": "1.0", "Payload": {}}
    file = tmp_path / "notification.json"
    file.write_text(json.dumps(notification), encoding="utf-8")

    assert "Published" in command(fresh, "publish", str(file), "--seller", "SELLER1", "--copies", "2")
    assert json.loads(command(fresh, "publish", "-", "--raw", "--json", text="{broken"))["sent"] == 1
    assert [body for _, body in fresh.queues.sent].count("{broken") == 1
    assert len(fresh.queues.sent) == 3

    assert "getDestinations" in command(fresh, "faults", "add", "getDestinations", "--status", "503")
    assert fresh.call("GET", "/notifications/v1/destinations", fresh.grantless_token()).status_code == 503
    state = command(fresh, "state")
    for shown in ("SELLER1", destination_id, "ORDER_CHANGE"):
        assert shown in state
    assert "createSubscription" in command(fresh, "requests", "--operation", "createSubscription", "--clear")
    assert json.loads(command(fresh, "requests", "--json")) == []
    (held,) = fresh.control("GET", "state")["subscriptions"]
    theirs = json.loads(command(fresh, "destinations", "add", "t", "--queue-arn", QUEUE_ARN + "2", "--json"))
    moved = command(fresh, "subscriptions", "move", held["subscriptionId"], "--to", theirs["destinationId"])
    (held,) = fresh.control("GET", "state")["subscriptions"]
    assert held["subscriptionId"] in moved
    assert held["destinationId"] == theirs["destinationId"]
    assert held["subscriptionId"] in command(fresh, "subscriptions", "delete", held["subscriptionId"])
    assert fresh.control("GET", "state")["subscriptions"] == []
    assert "true" in command(fresh, "sellers", "revoke", "SELLER1", "--region", "na")


def test_a_command_that_is_refused_says_why_and_fails(fresh: Amazon, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text("{broken", encoding="utf-8")
    assert "--raw" in command(fresh, "publish", str(file), exit_code=2)
    assert "NOBODY" in command(fresh, "sellers", "revoke", "NOBODY", exit_code=1)
    nobody = CliRunner().invoke(app, ["state"], env={"SIMULATOR_URL": "http://127.0.0.1:9"})
    assert nobody.exit_code == 1
    assert "SIMULATOR_URL" in nobody.output


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for name in (
        "serve",
        "publish",
        "sellers",
        "destinations",
        "subscriptions",
        "faults",
        "requests",
        "state",
    ):
        assert name in shown
