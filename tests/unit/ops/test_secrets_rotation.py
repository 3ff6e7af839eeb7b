"""`sellerbus secrets status | rotate | verify`, on functions that answer as rotate_secret does."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from ops import console, secrets_rotation
from tests.unit.ops.aws import STAGE, DeployedStage

CLIENT_ID = "amzn1.application-oa2-client.1"
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:sellerbus-example-na-application"
STATUS: dict[str, Any] = {
    "clientId": CLIENT_ID,
    "asks": True,
    "versions": [
        {
            "stage": "AWSCURRENT",
            "versionId": "v-1",
            "createdAt": "2026-06-01T00:00:00Z",
            "ageDays": 174,
            "expiresAt": "2026-11-28T00:00:00Z",
        }
    ],
    "rotation": {"state": "none", "request": None, "newSecret": None, "troubles": []},
}
REQUEST = {
    "requestId": "r",
    "requestedAt": "2026-11-22T00:00:00Z",
    "because": "operator",
    "answer": "accepted",
    "isOpen": True,
    "reason": None,
}


def status(state: str = "none", **changes: Any) -> dict[str, Any]:
    answer = copy.deepcopy(STATUS)
    answer["rotation"]["state"] = state
    if state != "none":
        answer["rotation"]["request"] = dict(REQUEST)
    if state in ("stored", "promoted", "settled"):
        answer["rotation"]["newSecret"] = {"notificationId": "n-1", "refusal": None}
    return {**answer, **changes}


def proofs(*, current: bool = True) -> dict[str, Any]:
    grants = [
        {"grant": "sellingpartnerapi::notifications", "works": current, "reason": "" if current else "401"},
        {"grant": "seller A1", "works": None, "reason": "withdrawn"},
    ]
    versions = [{"stage": "AWSCURRENT", "works": current, "reason": "", "grants": grants}]
    return {"clientId": CLIENT_ID, "versions": versions}


class Functions:
    """rotate_secret of both regions: what each answers to a request, one after the other."""

    def __init__(self, stage: DeployedStage) -> None:
        self.answers: dict[tuple[str, str], list[Any]] = {}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        for region in ("na", "eu"):
            stage.cloudformation.stacks[f"sellerbus-{STAGE}-{region}-operations"] = {
                "RotateSecretFunctionName": f"rotate-{region}",
                "ApplicationQueueArn": QUEUE_ARN,
            }
            stage.lambdas.answers[f"rotate-{region}"] = self._answer(region)

    def _answer(self, region: str) -> Callable[[Mapping[str, Any]], Any]:
        def answer(request: Mapping[str, Any]) -> Any:
            self.asked.append((region, request))
            waiting = self.answers.get((region, request["request"])) or [
                {"status": status(), "verify": proofs(), "rotate": {"isNew": True, **status("requested")}}[
                    request["request"]
                ]
            ]
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

        return answer


@pytest.fixture
def functions(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> Functions:
    monkeypatch.setattr(console, "wait", lambda seconds: False)
    monkeypatch.setattr(secrets_rotation, "_PAUSE_SECONDS", 0.0)
    return Functions(stage)


def run(stage: DeployedStage, *arguments: str, **more: Any) -> Any:
    return stage.run("secrets", *arguments, "--stage", STAGE, **more)


def test_status_of_every_region(stage: DeployedStage, functions: Functions) -> None:
    finished = run(stage, "status", "--json")
    assert finished.code == 0
    assert finished.document == [{"region": region, **STATUS} for region in ("na", "eu")]
    assert [region for region, _ in functions.asked] == ["na", "eu"]
    assert "secrets verify" in finished.err


def test_status_of_one_region_for_a_person(stage: DeployedStage, functions: Functions) -> None:
    del functions
    finished = run(stage, "status", "--region", "eu")
    assert "AWSCURRENT  174 days old, ends 2026-11-28T00:00:00Z" in finished.out
    assert "Region na" not in finished.out


def test_status_says_what_needs_a_person(stage: DeployedStage, functions: Functions) -> None:
    troubled = status("requested")
    troubled["rotation"]["troubles"] = [{"problem": "no-new-secret", "text": "none has come"}]
    functions.answers["eu", "status"] = [troubled]
    finished = run(stage, "status")
    assert finished.code == 5
    assert "no-new-secret" in finished.out
    assert "needs a person in eu" in finished.err
    assert "docs/runbook.md#secret-rotation-failed" in finished.err


def test_a_region_that_does_not_answer_keeps_the_other_from_nothing(
    stage: DeployedStage, functions: Functions
) -> None:
    functions.answers["na", "status"] = [{"error": {"kind": "no-credentials", "message": "no value yet"}}]
    finished = run(stage, "status", "--json")
    assert finished.code == 5
    assert finished.document[0] == {"region": "na", "error": "no value yet"}
    assert finished.document[1]["region"] == "eu"
    functions.answers["eu", "status"] = functions.answers["na", "status"]
    assert run(stage, "status").code == 1


def test_verify_shows_each_grant(stage: DeployedStage, functions: Functions) -> None:
    finished = run(stage, "verify")
    assert finished.code == 0
    assert "sellingpartnerapi::notifications" in finished.out
    assert "says nothing" in finished.out
    assert run(stage, "verify", "--json").document[0]["versions"][0]["works"] is True
    assert {request["request"] for _, request in functions.asked} == {"verify"}


def test_verify_ends_ill_where_the_secret_in_use_is_refused(
    stage: DeployedStage, functions: Functions
) -> None:
    functions.answers["eu", "verify"] = [proofs(current=False)]
    finished = run(stage, "verify")
    assert finished.code == 1
    assert "does not work in eu" in finished.err
    assert "secrets set" in finished.err


def test_rotate_asks_the_region_whose_queue_is_registered(stage: DeployedStage, functions: Functions) -> None:
    finished = run(stage, "rotate", "--yes", "--json")
    assert finished.code == 0
    assert functions.asked == [("na", {"request": "rotate", "again": False})]
    assert finished.document["isNew"] is True
    assert QUEUE_ARN in finished.err
    assert "secrets status" in finished.err


def test_the_registered_region_may_be_another(stage: DeployedStage, functions: Functions) -> None:
    stage.configure(("removal_policy:", "client_secret: {application_queue: eu}\nremoval_policy:"))
    assert run(stage, "rotate", "--yes", "--again").code == 0
    assert functions.asked == [("eu", {"request": "rotate", "again": True})]


def test_a_person_is_asked_first(stage: DeployedStage, functions: Functions) -> None:
    assert run(stage, "rotate", typed=["n"]).code == 2
    assert run(stage, "rotate").code == 2
    assert functions.asked == []
    assert run(stage, "rotate", typed=["y"]).code == 0


def test_a_production_stage_wants_its_name(stage: DeployedStage, functions: Functions) -> None:
    stage.configure(("removal_policy:", "production: true\nremoval_policy:"))
    finished = run(stage, "rotate", "--yes")
    assert finished.code == 2
    assert f"--confirm={STAGE}" in finished.err
    assert functions.asked == []
    assert run(stage, "rotate", "--confirm", STAGE).code == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("sandbox: false", "sandbox: true"), "sandbox"),
        (("removal_policy:", "client_secret: {rotate: false}\nremoval_policy:"), "client_secret.rotate"),
    ],
)
def test_where_no_secret_can_come_none_is_asked_for(
    stage: DeployedStage, functions: Functions, change: tuple[str, str], words: str
) -> None:
    stage.configure(change)
    finished = run(stage, "rotate", "--yes")
    assert finished.code == 2
    assert words in finished.err
    assert functions.asked == []


def test_a_rotation_under_way_is_not_asked_for_again(stage: DeployedStage, functions: Functions) -> None:
    functions.answers["na", "rotate"] = [{"isNew": False, **status("requested")}]
    finished = run(stage, "rotate", "--yes")
    assert finished.code == 5
    assert "--again" in finished.err


def test_a_refusal_is_an_error(stage: DeployedStage, functions: Functions) -> None:
    refused = status("refused")
    refused["rotation"]["request"]["reason"] = "Application is not enrolled"
    functions.answers["na", "rotate"] = [{"isNew": True, **refused}]
    finished = run(stage, "rotate", "--yes")
    assert finished.code == 1
    assert "No new secret was made: Application is not enrolled" in finished.err


def test_waits_until_every_region_uses_the_same_new_secret(
    stage: DeployedStage, functions: Functions
) -> None:
    before = status("settled")
    before["rotation"]["newSecret"]["notificationId"] = "n-0"
    functions.answers["na", "status"] = [status("requested"), status("promoted")]
    functions.answers["eu", "status"] = [before, before, status("stored"), status("promoted")]
    finished = run(stage, "rotate", "--yes", "--wait", "1", "--json")
    assert finished.code == 0
    assert finished.document["everywhere"] is True
    assert [region for region, request in functions.asked if request["request"] == "status"].count("eu") == 4
    assert "The new client secret: na promoted, eu stored" in finished.err


def test_says_where_the_time_was_too_short(
    stage: DeployedStage, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions.answers["na", "status"] = [status("stored")]
    times = iter([0.0, 61.0])
    monkeypatch.setattr(secrets_rotation, "time", SimpleNamespace(monotonic=lambda: next(times)))
    finished = run(stage, "rotate", "--yes", "--wait", "1")
    assert finished.code == 5
    assert "It goes on by itself" in finished.err
