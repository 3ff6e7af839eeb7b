"""The Application Management API against Amazon's model, and what becomes of secrets and messages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from simulator.cli import app
from simulator.operations import APPLICATIONS_API, OPERATIONS
from tests.unit.simulator.amazon import CLIENT_ID, CLIENT_SECRET, QUEUE_ARN, Amazon, amazon

MODEL = (
    Path(__file__).resolve().parents[3]
    / "shared"
    / "sp-api-models"
    / "application-management"
    / "application_2023-11-30.json"
)
PATH = "/applications/2023-11-30/clientSecret"
SCOPE = "sellingpartnerapi::client_credential:rotation"
DAY = 86_400


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def fresh(simulated: Amazon) -> Amazon:
    simulated.control("POST", "reset")
    simulated.control("POST", "clock", {"aheadSeconds": 0})
    simulated.control(
        "POST",
        "rates",
        {"operation": f"{APPLICATIONS_API}/rotateApplicationClientSecret", "ratePerSecond": 50, "burst": 50},
    )
    simulated.queues.sent.clear()
    return simulated


def token(fresh: Amazon, secret: str = CLIENT_SECRET, scope: str = SCOPE) -> requests.Response:
    form = {"grant_type": "client_credentials", "scope": scope}
    return requests.post(
        f"{fresh.url}/auth/o2/token",
        data={"client_id": CLIENT_ID, "client_secret": secret, **form},
        timeout=10,
    )


def works(fresh: Amazon, secret: str) -> bool:
    return token(fresh, secret).status_code == 200


def register(fresh: Amazon, **queues: str) -> None:
    fresh.control("POST", "applications/only/queues", queues or {"queueArn": QUEUE_ARN})


def rotate(fresh: Amazon, *, sandbox: bool = False, scope: str = SCOPE) -> requests.Response:
    access_token = token(fresh, scope=scope).json()["access_token"]
    return fresh.call("POST", PATH, access_token, sandbox=sandbox)


def sent(fresh: Amazon, count: int = 1) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 5
    while len(fresh.queues.sent) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [arn for arn, _ in fresh.queues.sent] == [QUEUE_ARN] * count
    return [json.loads(body) for _, body in fresh.queues.sent]


def new_secret(fresh: Amazon) -> dict[str, Any]:
    payload: dict[str, Any] = sent(fresh)[0]["payload"]["applicationOAuthClientNewSecret"]
    return payload


def test_the_row_is_the_models() -> None:
    if not MODEL.is_file():
        pytest.skip(f"Amazon's models are not beside the project: {MODEL}")
    model = json.loads(MODEL.read_text(encoding="utf-8"))
    ((path, methods),) = model["paths"].items()
    ((method, said),) = methods.items()
    held = OPERATIONS[f"{APPLICATIONS_API}/{said['operationId']}"]
    assert (held.method, held.path) == (method.upper(), path)
    assert held.success == min(int(status) for status in said["responses"])
    assert f"| {held.rate.per_second} | {held.rate.burst} |" in said["description"]
    assert held.has_body == bool(said["parameters"])
    assert not held.announces_rate_at(403)
    for status in (204, 400, 404):
        assert ("x-amzn-RateLimit-Limit" in said["responses"][str(status)]["headers"]) is True


def test_without_a_registered_queue_it_is_the_models_refusal_and_nothing_changes(fresh: Amazon) -> None:
    refused = rotate(fresh)
    assert refused.status_code == 400
    (error,) = refused.json()["errors"]
    assert error["code"] == "InvalidInput"
    assert "not enrolled for rotation notification" in error["message"]
    assert len(fresh.control("GET", "applications")[0]["secrets"]) == 1
    if MODEL.is_file():
        model = json.loads(MODEL.read_text(encoding="utf-8"))
        answers = model["paths"][PATH]["post"]["responses"]["400"]
        (example,) = answers["x-amzn-api-sandbox"]["static"][0]["response"]["errors"]
        assert error["message"] == example["message"]


def test_a_queue_for_the_expiry_alone_is_not_enough(fresh: Amazon) -> None:
    register(fresh, expiryQueueArn=QUEUE_ARN)
    assert rotate(fresh).status_code == 400


def test_the_sandbox_has_only_the_models_refusal(fresh: Amazon) -> None:
    register(fresh)
    assert rotate(fresh, sandbox=True).status_code == 400


def test_a_token_for_notifications_or_of_a_seller_may_not(fresh: Amazon) -> None:
    register(fresh)
    assert rotate(fresh, scope="sellingpartnerapi::notifications").status_code == 403
    assert fresh.call("POST", PATH, fresh.seller_token()).status_code == 403
    # Nor the other way round.
    access_token = token(fresh).json()["access_token"]
    assert fresh.call("GET", "/notifications/v1/destinations", access_token).status_code == 403


def test_once_a_minute(fresh: Amazon) -> None:
    register(fresh)
    operation = f"{APPLICATIONS_API}/rotateApplicationClientSecret"
    fresh.control("POST", "rates", {"operation": operation, "ratePerSecond": 0.0167, "burst": 1})
    answered = rotate(fresh)
    assert (answered.status_code, answered.content) == (204, b"")
    assert answered.headers["x-amzn-RateLimit-Limit"] == "0.0167"
    assert rotate(fresh).status_code == 429
    assert len(fresh.control("GET", "applications")[0]["secrets"]) == 2


def test_the_new_secret_comes_to_the_queue_and_both_work(fresh: Amazon) -> None:
    register(fresh)
    assert rotate(fresh).status_code == 204
    (message,) = sent(fresh)
    assert message["notificationType"] == "APPLICATION_OAUTH_CLIENT_NEW_SECRET"
    assert message["payloadVersion"] == "2023-11-30"
    assert {"applicationId", "subscriptionId", "publishTime", "notificationId"} == set(
        message["notificationMetadata"]
    )
    told = new_secret(fresh)
    assert set(told) == {
        "clientId",
        "newClientSecret",
        "newClientSecretExpiryTime",
        "oldClientSecretExpiryTime",
    }
    assert told["clientId"] == CLIENT_ID
    assert told["newClientSecret"].startswith("amzn1.oa2-cs.v1.")
    assert works(fresh, told["newClientSecret"])
    assert works(fresh, CLIENT_SECRET)
    assert not works(fresh, told["newClientSecret"] + "x")


def test_the_old_one_ends_after_seven_days_and_the_new_one_after_180(fresh: Amazon) -> None:
    register(fresh)
    rotate(fresh)
    new = new_secret(fresh)["newClientSecret"]
    for days, old_works, new_works in ((6.99, True, True), (7.01, False, True), (180.01, False, False)):
        fresh.control("POST", "clock", {"aheadSeconds": days * DAY})
        assert (works(fresh, CLIENT_SECRET), works(fresh, new)) == (old_works, new_works), days


def test_a_new_one_may_take_its_time_to_work_and_its_message_too(fresh: Amazon) -> None:
    register(fresh)
    fresh.control("POST", "applications/only/pace", {"worksAfterSeconds": 600, "messageAfterSeconds": 0.3})
    rotate(fresh)
    assert fresh.queues.sent == []
    new = new_secret(fresh)["newClientSecret"]
    assert not works(fresh, new)
    fresh.control("POST", "clock", {"aheadSeconds": 601})
    assert works(fresh, new)


def test_each_call_makes_another_secret(fresh: Amazon) -> None:
    register(fresh)
    rotate(fresh)
    rotate(fresh)
    values = {
        message["payload"]["applicationOAuthClientNewSecret"]["newClientSecret"] for message in sent(fresh, 2)
    }
    assert len(values) == 2


def test_a_lost_answer_has_made_one_all_the_same(fresh: Amazon) -> None:
    register(fresh)
    operation = f"{APPLICATIONS_API}/rotateApplicationClientSecret"
    fresh.control("POST", "faults", {"operation": operation, "cut": "after"})
    with pytest.raises(requests.ConnectionError):
        rotate(fresh)
    assert works(fresh, new_secret(fresh)["newClientSecret"])


def test_the_notice_says_when_the_secret_ends(fresh: Amazon) -> None:
    register(fresh)
    told = fresh.control("POST", "applications/only/announce-expiry")
    (message,) = sent(fresh)
    assert message["notificationType"] == "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY"
    assert message["notificationMetadata"]["notificationId"] == told["notificationId"]
    payload = message["payload"]["applicationOAuthClientSecretExpiry"]
    (secret,) = fresh.control("GET", "applications")[0]["secrets"]
    assert payload["clientSecretExpiryTime"][:19] == secret["endsAt"][:19]
    assert payload["clientSecretExpiryReason"] == "PERIODIC_ROTATION"


def test_after_a_rotation_the_notice_may_be_of_the_old_one(fresh: Amazon) -> None:
    register(fresh)
    rotate(fresh)
    sent(fresh)
    fresh.queues.sent.clear()
    fresh.control("POST", "applications/only/announce-expiry", {"ofPrevious": True})
    (message,) = sent(fresh)
    ends = message["payload"]["applicationOAuthClientSecretExpiry"]["clientSecretExpiryTime"]
    old, new = fresh.control("GET", "applications")[0]["secrets"]
    assert ends[:19] == old["endsAt"][:19] < new["endsAt"][:19]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("applications/only/queues", {}, 400, "queueArn"),
        ("applications/only/queues", {"queueArn": "https://x"}, 400, "ARN"),
        ("applications/nobody/queues", {"queueArn": ""}, 404, "no application nobody"),
        ("applications/only/pace", {"worksAfterSeconds": -1}, 400, "negative"),
        ("applications/only/announce-expiry", {}, 409, "no queue is registered"),
        ("clock", {"aheadSeconds": "x"}, 400, "number"),
    ],
)
def test_control_refuses(fresh: Amazon, path: str, body: dict[str, Any], status: int, words: str) -> None:
    answer = requests.post(f"{fresh.url}/_simulator/{path}", json=body, timeout=10)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_no_answer_of_the_control_holds_a_secret(fresh: Amazon) -> None:
    register(fresh)
    rotate(fresh)
    secret = new_secret(fresh)["newClientSecret"]
    for path in ("applications", "state", "requests"):
        text = json.dumps(fresh.control("GET", path))
        assert secret not in text
        assert CLIENT_SECRET not in text


def test_commands(fresh: Amazon) -> None:
    def command(*arguments: str) -> Any:
        result = CliRunner().invoke(
            app, ["application", *arguments, "--json"], env={"SIMULATOR_URL": fresh.url}
        )
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    assert command("register", QUEUE_ARN)["newSecretQueueArn"] == QUEUE_ARN
    assert command("pace", "--works-after", "5")["pace"]["worksAfterSeconds"] == 5
    assert command("pace", "--old-lasts", "7")["pace"] == {
        "worksAfterSeconds": 5,
        "messageAfterSeconds": 0,
        "oldLastsSeconds": 7,
    }
    assert command("announce-expiry")["notificationId"]
    assert len(command("rotate")["secrets"]) == 2
    assert len(command("show")[0]["secrets"]) == 2
    assert command("clock", "2")["aheadSeconds"] == 2 * DAY
