"""rotate_secret put together as it is deployed: what goes, what comes again, and nothing secret is said."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.rotate_secret import handler as rotate_secret
from sellerbus.api.errors import CredentialsError
from sellerbus.runtime import bootstrap, config, secret_rotation, selling_partner
from sellerbus.runtime.logs import FunctionLogger
from sellerbus.runtime.rotation_config import OtherCellQueue, RotateSecretConfig, other_cells
from tests.fakes import client_error
from tests.unit.rotation.world import APPLICATION, FIRST, World, new_secret, notice

CONTEXT: Any = SimpleNamespace(
    aws_request_id="r-1",
    function_name="f",
    memory_limit_in_mb=256,
    invoked_function_arn="arn",
    get_remaining_time_in_millis=lambda: 120_000,
)
SECOND = "amzn1.oa2-cs.v1.secret-1"
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "rotate_secret",
    "POWERTOOLS_METRICS_NAMESPACE": "Sellerbus/test/na",
    "LOG_LEVEL": "DEBUG",
    "STAGE": "test",
    "SP_API_ENDPOINT": "https://sp.test",
    "LWA_ENDPOINT": "https://lwa.test/token",
    "LWA_SECRET_ID": "arn",
    "QUOTA_TABLE_NAME": "quota",
    "KEY_ID": "key",
    "SELLER_TABLE_NAME": "sellers",
    "SELLING_REGION": "na",
    "EVENT_BUS_NAME": "bus",
    "SECRET_ROTATION_TABLE_NAME": "rotations",
    "APPLICATION_QUEUE_URL": "https://sqs.test/application",
    "OTHER_CELLS": '[{"region": "eu", "awsRegion": "eu-west-1", "queueName": "other"}]',
    "ASKS_FOR_NEW_SECRETS": "true",
    "ROTATE_DAYS_BEFORE": "30",
    "ROTATION_ANSWER_MINUTES": "60",
}
NUMBERS = itertools.count()


class Deployed:
    """The world's AWS and Amazon, reached in the way that the function reaches them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world = World()
        self.sent: list[Mapping[str, Any]] = []
        self.hidden: list[int] = []
        self.regions: list[str | None] = []
        self.log = StringIO()
        self.sqs_fails = False
        clients: dict[str, Any] = {
            "dynamodb": world.table.client,
            "secretsmanager": world.secrets,
            "events": world.bus,
            "sqs": SimpleNamespace(
                send_message=self._send,
                change_message_visibility=lambda **request: self.hidden.append(request["VisibilityTimeout"]),
                get_queue_attributes=lambda **_: {
                    "Attributes": {"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:0:dead"}'}
                },
                get_queue_url=lambda **request: {"QueueUrl": f"https://sqs.test/{request['QueueName']}"},
            ),
        }

        def aws(service: str, limits: object = None, *, region: str | None = None) -> Any:
            del limits
            if service == "sqs":
                self.regions.append(region)
            return clients[service]

        monkeypatch.setattr(bootstrap, "aws", aws)
        monkeypatch.setattr(selling_partner, "amazon_client", lambda *_: SimpleNamespace(call=self._call))
        monkeypatch.setattr(secret_rotation, "token_asker", lambda *_: world.amazon.ask)
        monkeypatch.setattr(secret_rotation, "_check", lambda *_: world.check())
        monkeypatch.setattr(secret_rotation, "_active_sellers", lambda _: iter(()))
        clock = SimpleNamespace(time=lambda: world.now, sleep=lambda _: None)
        monkeypatch.setattr(secret_rotation, "time", clock)
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(
            rotate_secret, "log", FunctionLogger(service=f"rotate-{next(NUMBERS)}", stream=self.log)
        )

    def _call(self, operation: Any) -> Any:
        assert operation.name == "rotateApplicationClientSecret"
        return SimpleNamespace(request_id=self.world.amazon.rotate_client_secret())

    def _send(self, **request: Any) -> Mapping[str, Any]:
        if self.sqs_fails:
            raise client_error("SendMessage", "InternalFailure")
        self.sent.append(request)
        return {}

    def deliver(self, body: str, *, receives: int = 1, forwarded: bool = False) -> bool:
        """Whether the message is done with."""
        attributes = {"forwardedFrom": {"stringValue": "eu", "dataType": "String"}} if forwarded else {}
        record = {
            "messageId": "m-1",
            "receiptHandle": "handle",
            "body": body,
            "attributes": {"ApproximateReceiveCount": str(receives)},
            "messageAttributes": attributes,
        }
        answer = rotate_secret.handler({"Records": [record]}, CONTEXT)
        assert answer["batchItemFailures"] in ([], [{"itemIdentifier": "m-1"}])
        return not answer["batchItemFailures"]

    def request(self, name: str, **more: Any) -> dict[str, Any]:
        return rotate_secret.handler({"request": name, **more}, CONTEXT)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Deployed]:
    """After every test: nothing of a secret is in the log, the metrics or the events."""
    secret_rotation.application_queue.cache_clear()
    made = Deployed(monkeypatch)
    yield made
    secret_rotation.application_queue.cache_clear()
    told = made.log.getvalue() + capsys.readouterr().out + json.dumps(made.world.bus.events)
    assert "oa2-cs" not in told
    assert "5ecret" not in told


def test_a_new_secret_is_kept_handed_on_and_put_to_use_at_once(deployed: Deployed) -> None:
    assert deployed.request("rotate")["isNew"]
    (body,) = deployed.world.amazon.messages
    assert deployed.deliver(body)
    assert deployed.world.secrets.value("AWSCURRENT") == SECOND
    (sent,) = deployed.sent
    assert (sent["QueueUrl"], sent["MessageBody"]) == ("https://sqs.test/other", body)
    assert sent["MessageAttributes"]["forwardedFrom"]["StringValue"] == "na"
    assert "eu-west-1" in deployed.regions
    (line,) = (each for each in deployed.lines() if each["message"].endswith("is done with"))
    assert line["outcome"] == "stored"
    assert line["notification_id"] == "notification-2"


def test_what_was_handed_on_is_not_handed_on_again(deployed: Deployed) -> None:
    assert deployed.deliver(new_secret(SECOND, "n", deployed.world.now), forwarded=True)
    assert deployed.sent == []


def test_where_handing_on_fails_the_message_comes_again(deployed: Deployed) -> None:
    deployed.sqs_fails = True
    body = new_secret(SECOND, "n", deployed.world.now)
    assert not deployed.deliver(body, receives=3)
    assert deployed.hidden == [20]
    deployed.sqs_fails = False
    assert deployed.deliver(body)


def test_what_nothing_can_be_done_with_is_a_dead_letter_unchanged(deployed: Deployed) -> None:
    body = new_secret("amzn1.oa2-cs.v1.5ecret", "n", 0.0, "amzn1.application-oa2-client.2")
    assert deployed.deliver(body)
    (sent,) = deployed.sent
    assert sent["QueueUrl"] == "https://sqs.test/dead"
    assert sent["MessageBody"] == body
    assert sent["MessageAttributes"]["reason"]["StringValue"] == "another-application"
    assert "oa2-cs" not in json.dumps(sent["MessageAttributes"])


def test_where_the_dead_letter_cannot_be_sent_the_message_comes_again(deployed: Deployed) -> None:
    deployed.sqs_fails = True
    assert not deployed.deliver("{amzn1.oa2-cs.v1.5ecret")
    assert deployed.hidden == [5]


def test_a_defect_keeps_the_message_and_its_text_to_itself(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**request: Any) -> Any:
        raise ValueError(f"cannot write {request}")

    monkeypatch.setattr(deployed.world.secrets, "put_secret_value", fail)
    assert not deployed.deliver(new_secret("amzn1.oa2-cs.v1.5ecret", "n", deployed.world.now))
    (line,) = (each for each in deployed.lines() if each["level"] == "ERROR")
    assert line["reason"] == "defect: ValueError"


def test_what_fails_after_the_storing_is_for_the_next_look(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> Any:
        raise ValueError("amzn1.oa2-cs.v1.5ecret")

    monkeypatch.setattr(deployed.world.secrets, "update_secret_version_stage", fail)
    assert deployed.deliver(new_secret(SECOND, "n", deployed.world.now))
    assert deployed.world.secrets.value("AWSPENDING") == SECOND
    monkeypatch.undo()


def test_a_message_waits_until_there_are_credentials(deployed: Deployed) -> None:
    deployed.world.secrets.labels.clear()
    assert not deployed.deliver(new_secret(SECOND, "n", deployed.world.now))
    assert deployed.hidden == [900]


def test_a_notice_asks_and_a_refused_call_is_said(deployed: Deployed) -> None:
    deployed.world.amazon.enrolled = False
    assert deployed.deliver(notice(deployed.world.now + 40 * 86_400))
    (trouble,) = (each for each in deployed.lines() if "needs a person" in each["message"])
    assert trouble["problem"] == "refused"


def metric(text: str, name: str) -> list[float]:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    values = [line[name] for line in lines if name in line]
    return [each for value in values for each in (value if isinstance(value, list) else [value])]


def test_a_look_always_counts_what_is_wrong(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    assert deployed.request("look") == {"troubles": [], "stage": None, "isRefused": False}
    assert metric(capsys.readouterr().out, "SecretRotationsFailed") == [0]
    deployed.world.ask()
    deployed.world.now += 3700
    assert deployed.request("look")["troubles"] == ["no-new-secret"]
    assert metric(capsys.readouterr().out, "SecretRotationsFailed") == [1]


def test_a_look_tells_where_nothing_stands_in(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.world.amazon.issued[0].ends_at = 0.0
    assert deployed.request("look")["isRefused"]
    assert metric(capsys.readouterr().out, "ClientSecretRefused") == [1]


def test_status_and_verify_answer_without_a_secret(deployed: Deployed) -> None:
    deployed.world.ask()
    deployed.deliver(deployed.world.amazon.messages[0])
    for name in ("status", "verify"):
        answer = deployed.request(name)
        assert answer["clientId"] == APPLICATION
        assert "oa2-cs" not in json.dumps(answer)


def test_a_cell_that_does_not_ask_refuses_a_person_too(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKS_FOR_NEW_SECRETS", "false")
    assert deployed.request("rotate")["error"]["kind"] == "permanent"
    assert len(deployed.world.amazon.issued) == 1


@pytest.mark.parametrize(
    ("break_it", "kind"),
    [
        (lambda world: world.secrets.labels.clear(), "no-credentials"),
        (lambda world: setattr(world.table, "fault", _unavailable), "retryable"),
    ],
)
def test_an_operator_is_told_what_keeps_it_from_answering(
    deployed: Deployed, break_it: Callable[[World], None], kind: str
) -> None:
    break_it(deployed.world)
    assert deployed.request("status")["error"]["kind"] == kind


def _unavailable(operation: str, request: object) -> None:
    del request
    raise client_error(operation, "InternalServerError")


def test_an_unknown_request_is_a_fault(deployed: Deployed) -> None:
    with pytest.raises(ValueError, match="ValueError"):
        deployed.request("amzn1.oa2-cs.v1.5ecret")


def test_the_configuration() -> None:
    loaded = config.load(RotateSecretConfig, ENVIRONMENT)
    assert loaded.other_cells == (OtherCellQueue("eu", "eu-west-1", "other"),)
    assert (loaded.asks, loaded.days_before, loaded.answer_minutes) == (True, 30, 60)
    assert other_cells("[]") == ()
    for wrong in ("", "{}x", '["eu"]', '[{"region": "eu"}]', "7"):
        with pytest.raises(ValueError, match="JSON list"):
            other_cells(wrong)


def test_tokens_are_asked_for_with_exactly_the_credentials_given() -> None:
    only = secret_rotation._Only(SimpleNamespace(client_id="c"))  # type: ignore[arg-type]
    assert list(only.instead_of(only.current())) == []


def test_the_worlds_check_knows_when_all_are_refused() -> None:
    world = World()
    world.amazon.issued[0].ends_at = 0.0
    with pytest.raises(CredentialsError):
        world.check()
    assert world.secrets.value("AWSCURRENT") == FIRST
