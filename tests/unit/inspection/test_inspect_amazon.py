"""The function: its environment, its answer and its log."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from lambdas.inspect_amazon import handler as module
from sellerbus.runtime import bootstrap, selling_partner
from sellerbus.runtime.config import ConfigurationError
from tests.unit.inspection.looking import (
    ORDERS,
    SELLER,
    Amazon,
    ReadOnlyRegistry,
    ReadOnlyStates,
    subscription,
)
from tests.unit.subscriptions.fake_registry import row
from tests.unit.subscriptions.handlers import Context, set_environment

WANTED = {
    "destinations": {"sqs": "ours"},
    "existingSubscriptions": "keep",
    "subscriptions": [{"notificationType": ORDERS, "payloadVersion": "1.0"}],
}


class Ssm:
    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        assert Name == "/wanted"
        return {"Parameter": {"Value": json.dumps(WANTED)}}


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Amazon:
    set_environment(monkeypatch)
    monkeypatch.setenv("SP_API_SANDBOX", "false")
    found = Amazon()
    registry = ReadOnlyRegistry({SELLER: row(SELLER)})
    monkeypatch.setattr(selling_partner, "notifications_api", lambda *_, **__: found)
    monkeypatch.setattr(selling_partner, "client_id", lambda _: "application-1")
    monkeypatch.setattr(selling_partner, "seller_registry", lambda _: registry)
    monkeypatch.setattr(bootstrap, "subscription_states", lambda _: ReadOnlyStates())
    monkeypatch.setattr(bootstrap, "aws", lambda service: Ssm())
    return found


def invoke(event: dict[str, Any]) -> Any:
    return module.handler(event, Context(seconds=60))  # type: ignore[arg-type]


def test_answers_what_is_asked(amazon: Amazon) -> None:
    amazon.held[ORDERS] = [subscription("sub-1")]
    answer = invoke({"request": "subscriptions", "sellerId": SELLER})
    assert [len(plan["kept"]) for plan in answer["plan"]] == [1]
    json.dumps(answer)


def test_a_refusal_is_logged_with_its_kind_and_nothing_of_the_answer(
    amazon: Amazon, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    answer = invoke({"request": "subscriptions", "sellerId": "Atzr|pasted-by-mistake"})
    assert answer["error"]["kind"] == "unknown-seller"
    (record,) = [record for record in caplog.records if "looked at Amazon" in record.getMessage()]
    logged = vars(record)
    assert (logged["request"], logged["refused"], logged["seller_id"]) == (
        "subscriptions", "unknown-seller", "[token]",
    )  # fmt: skip
    assert "pasted-by-mistake" not in str(logged) + json.dumps(answer)


def test_the_sandbox_is_the_stages(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"request": "test-notification", "notificationType": ORDERS, "testScenario": "ANY"}
    assert invoke(request)["error"]["kind"] == "not-sandbox"
    monkeypatch.setenv("SP_API_SANDBOX", "true")
    assert invoke(request)["sent"] is True


def test_an_incomplete_environment_is_an_error(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SP_API_SANDBOX")
    with pytest.raises(ConfigurationError, match="SP_API_SANDBOX"):
        invoke({"request": "destinations"})


class Lwa:
    """Login with Amazon over HTTP. accepted: the client secret that it takes."""

    def __init__(self) -> None:
        self.accepted = "first"
        self.asked: list[str] = []

    def post(self, url: str, *, data: dict[str, str], **_: Any) -> requests.Response:
        self.asked.append(data.get("scope") or data["grant_type"])
        response = requests.Response()
        good = data["client_secret"] == self.accepted
        response.status_code = 200 if good else 401
        body = {"access_token": "Atza|t", "expires_in": 3600} if good else {"error": "invalid_client"}
        response._content = json.dumps(body).encode()
        return response


class SecretsManager:
    """One secret with a current value and none before."""

    class exceptions:  # noqa: N801
        class ResourceNotFoundException(Exception): ...  # noqa: N818

    def __init__(self) -> None:
        self.value = "first"

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:
        if VersionStage != "AWSCURRENT":
            raise self.exceptions.ResourceNotFoundException
        document = {"clientId": "amzn1.application-oa2-client.1", "clientSecret": self.value}
        return {"SecretString": json.dumps(document)}


def test_authorisations_are_asked_for_anew_each_time(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    lwa, secrets = Lwa(), SecretsManager()
    monkeypatch.setattr(bootstrap, "http", lambda: lwa)
    monkeypatch.setattr(bootstrap, "aws", lambda service: secrets if service == "secretsmanager" else Ssm())
    request = {"request": "authorisations", "scopes": True, "sellerIds": [SELLER]}
    given = invoke(request)
    assert [row["given"] for row in (*given["scopes"], *given["sellers"])] == [True, True, True]
    assert len(lwa.asked) == 3
    # A token and a secret that are kept from before would still be good.
    secrets.value = "mistyped"
    refused = invoke(request)
    assert [row["kind"] for row in (*refused["scopes"], *refused["sellers"])] == ["credentials"] * 3
    assert "mistyped" not in json.dumps(refused)
