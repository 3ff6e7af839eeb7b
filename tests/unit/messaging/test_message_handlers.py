"""The four functions of message tasks, put together as they are deployed, on fakes of AWS and Amazon."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import requests
from aws_lambda_powertools import Logger

from lambdas.accept_messages import handler as accept_messages
from lambdas.operate_message import handler as operate_message
from lambdas.send_message import handler as send_message
from lambdas.sweep_messages import handler as sweep_messages
from sellerbus.runtime import bootstrap, message_tasks, selling_partner
from sellerbus.runtime.config import ConfigurationError
from sellerbus.sellers.rows import PAUSED, REMOVING, REVOKED
from tests.fakes import client_error
from tests.unit.api.wire import reply
from tests.unit.messaging.message_scene import BUCKET, SELLER, TEXT, Scene
from tests.unit.messaging.test_sending import carried_out, raising
from tests.unit.subscriptions.fake_registry import FakeRegistry, row

CONTEXT: Any = SimpleNamespace(
    aws_request_id="r-1",
    function_name="f",
    memory_limit_in_mb=128,
    invoked_function_arn="arn",
    get_remaining_time_in_millis=lambda: 120_000,
)
NUMBERS = itertools.count()
TASKS = "https://sqs.test/tasks"
SENDS = "https://sqs.test/sends"
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "messages",
    "POWERTOOLS_METRICS_NAMESPACE": "Sellerbus",
    "LOG_LEVEL": "INFO",
    "STAGE": "test",
    "MESSAGE_TABLE_NAME": "messages",
    "EVENT_BUS_NAME": "bus",
    "MESSAGE_TASK_QUEUE_URL": TASKS,
    "MESSAGE_SEND_QUEUE_URL": SENDS,
    "MESSAGE_BUCKET_NAME": BUCKET,
    "SAME_MESSAGE_HOURS": "24",
    "MESSAGE_CONTENT_DAYS": "28",
    "MARKETPLACE_IDS": "ATVPDKIKX0DER,A2EUQ1WTGCTBG2",
    "OPEN_INDEX_NAME": "open",
    "SELLER_TABLE_NAME": "sellers",
    "KEY_ID": "key",
    "SP_API_ENDPOINT": "https://sp.test",
    "LWA_ENDPOINT": "https://lwa.test/token",
    "LWA_SECRET_ID": "secret",
    "QUOTA_TABLE_NAME": "quota",
    "DOCUMENT_HOSTS": "amazon",
    "SETTLE_SECONDS": "300",
    "OTHER_MESSAGE_SENDERS": "false",
    "GIVE_UP_HOURS": "24",
}


class Deployed:
    """The scene's AWS and Amazon, reached in the way that the functions reach them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene = scene = Scene()
        self.put: list[Mapping[str, Any]] = []
        self.queued: list[Mapping[str, Any]] = []
        self.hidden: list[int] = []
        self.registry = FakeRegistry.of(row(SELLER))
        self.log = StringIO()
        self.bus_fails = False
        clients: dict[str, Any] = {
            "dynamodb": scene.table.client,
            "s3": scene.s3.client,
            "events": SimpleNamespace(put_events=self._put_events),
            "sqs": SimpleNamespace(
                send_message=self._send_message,
                change_message_visibility=lambda **request: self.hidden.append(request["VisibilityTimeout"]),
                get_queue_attributes=lambda **_: {
                    "Attributes": {
                        "RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:0:dead"})
                    }
                },
                get_queue_url=lambda **request: {"QueueUrl": f"https://sqs.test/{request['QueueName']}"},
            ),
        }
        session = requests.Session()
        session.mount("https://sp.test", scene.amazon)
        session.mount("https://lwa.test", scene.lwa)
        session.mount("https://tortuga-prod-na.s3.amazonaws.com", scene.storage)
        monkeypatch.setattr(bootstrap, "aws", lambda service, limits=None: clients[service])
        monkeypatch.setattr(bootstrap, "http", lambda: session)
        clock = SimpleNamespace(time=scene.clock, sleep=scene.clock.sleep)
        monkeypatch.setattr(message_tasks, "time", clock)
        monkeypatch.setattr(selling_partner, "seller_registry", lambda config: self.registry)
        monkeypatch.setattr(selling_partner, "_throttle", lambda *_: scene.throttle)
        tokens = SimpleNamespace(
            application=lambda: "client-1", token=lambda *_, **__: "token", forget=lambda *_: None
        )
        monkeypatch.setattr(selling_partner, "_tokens", lambda *_: tokens)
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        for module in (accept_messages, send_message, operate_message, sweep_messages):
            monkeypatch.setattr(module, "log", Logger(service=f"messages-{next(NUMBERS)}", stream=self.log))

    def _put_events(self, **request: Any) -> Mapping[str, Any]:
        if self.bus_fails:
            raise client_error("PutEvents", "InternalFailure")
        self.put += request["Entries"]
        return {"FailedEntryCount": 0}

    def _send_message(self, **request: Any) -> Mapping[str, Any]:
        self.queued.append(request)
        return {}

    def accept(self, *bodies: Any) -> list[str]:
        """accept_messages; returns the ids of the messages that come again."""
        return failed(accept_messages, *bodies)

    def task_ids(self) -> list[str]:
        """What was put on the queue of what is to be sent."""
        return [
            json.loads(each["MessageBody"])["taskId"] for each in self.queued if each["QueueUrl"] == SENDS
        ]

    def send(self, *task_ids: str) -> list[str]:
        """send_message."""
        return failed(send_message, *({"taskId": each} for each in task_ids))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def failed(module: ModuleType, *bodies: Any) -> list[str]:
    records = [
        {
            "messageId": f"m-{number}",
            "receiptHandle": f"handle-{number}",
            "body": body if isinstance(body, str) else json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        for number, body in enumerate(bodies)
    ]
    answer = module.handler({"Records": records}, CONTEXT)
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def metrics(text: str) -> dict[str, float]:
    """The embedded metrics in what was printed."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        printed = json.loads(line) if line.startswith("{") else {}
        for told in printed.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in told["Metrics"]:
                value = printed[metric["Name"]]
                found[metric["Name"]] = found.get(metric["Name"], 0) + sum(
                    value if isinstance(value, list) else [value]
                )
    return found


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    caches = (message_tasks.message_acceptor, message_tasks.task_queue, message_tasks.send_queue)
    for each in caches:
        each.cache_clear()
    yield Deployed(monkeypatch)
    for each in caches:
        each.cache_clear()


def test_from_the_request_to_the_buyer(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    scene = deployed.scene
    key = scene.attach()
    request = scene.request(messageType="confirmCustomizationDetails", attachments=[{"key": key}])
    assert deployed.accept(request) == []
    (queued,) = deployed.queued
    assert (queued["QueueUrl"], queued["MessageGroupId"]) == (SENDS, SELLER)
    assert json.loads(queued["MessageBody"]).keys() == {"taskId"}
    (task_id,) = deployed.task_ids()
    assert deployed.send(task_id) == []
    assert [name for name, _ in scene.amazon.inbox] == ["confirmCustomizationDetails"]
    (entry,) = deployed.put
    assert (entry["Source"], entry["DetailType"]) == ("sellerbus.messages", "MessageSent")
    assert scene.task(task_id).state == "SENT"
    counted = metrics(capsys.readouterr().out)
    assert {name: value for name, value in counted.items() if name.startswith("Message")} == {
        "MessagesAccepted": 1,
        "MessageAttachmentsUploaded": 1,
        "MessageAttachmentBytes": 11,
        "MessagesSent": 1,
        "MessagesEnded": 1,
    }


def test_nothing_of_the_message_is_logged_or_told(deployed: Deployed) -> None:
    scene = deployed.scene
    key = scene.attach("private-name.txt")
    deployed.accept(
        scene.request(messageType="confirmCustomizationDetails", attachments=[{"key": key}]),
        scene.request(text=f"<b>{TEXT}</b>"),
        scene.request(colour=TEXT),
        f"no JSON: {TEXT}",
    )
    scene.amazon.script["send"] = [lambda _: reply(400, {"errors": [{"message": f"Bad: {TEXT}"}]})]
    deployed.send(*deployed.task_ids())
    told = deployed.log.getvalue() + json.dumps(deployed.put)
    assert TEXT not in told
    assert "private-name" not in told
    assert len(deployed.put) == 3


def test_a_message_that_waits_is_hidden_and_comes_again(deployed: Deployed) -> None:
    scene = deployed.scene
    deployed.accept(scene.request())
    (task_id,) = deployed.task_ids()
    scene.amazon.script["send"] = [lambda _: reply(429, Retry_After="40")]
    assert deployed.send(task_id) == ["m-0"]
    assert deployed.hidden[0] >= 40
    line = deployed.lines()[-1]
    assert (line["state"], line["level"], line["task_id"]) == ("ACCEPTED", "INFO", task_id)


def test_a_bus_that_fails_lets_the_message_come_again_and_tells_then(deployed: Deployed) -> None:
    deployed.accept(deployed.scene.request())
    (task_id,) = deployed.task_ids()
    deployed.bus_fails = True
    assert deployed.send(task_id) == ["m-0"]
    assert deployed.scene.task(task_id).state == "SENT"
    deployed.bus_fails = False
    assert deployed.send(task_id) == []
    assert len(deployed.put) == len(deployed.scene.amazon.inbox) == 1


def test_a_message_without_a_task_is_a_dead_letter(deployed: Deployed) -> None:
    assert failed(send_message, "nonsense", {"taskId": 5}) == []
    assert [each["QueueUrl"] for each in deployed.queued] == ["https://sqs.test/dead"] * 2


def test_the_cells_marketplaces_tell_whose_messages_it_takes(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKETPLACE_IDS", "A1PA6795UKMFR9,A1F83G8C2ARO7P")
    scene = deployed.scene
    asked = [scene.request(taskId="t1", marketplaceId="FR"), scene.request(taskId="t2")]
    assert failed(accept_messages, *asked) == []
    assert deployed.task_ids() == ["t1"]
    refused = scene.task("t2")
    assert (refused.state, refused.findings[0]["limit"]) == ("REFUSED", "marketplaces of region eu (DE, GB)")


@pytest.mark.parametrize("value", ["", "XX", "ATVPDKIKX0DER,A1PA6795UKMFR9"])
def test_a_cell_has_marketplaces_of_one_region(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MARKETPLACE_IDS", value)
    with pytest.raises(ConfigurationError, match="MARKETPLACE_IDS"):
        failed(accept_messages, deployed.scene.request())


def test_a_defect_costs_its_own_message_and_is_logged_without_its_words(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError(TEXT)

    monkeypatch.setattr(message_tasks, "message_sender", broken)
    assert deployed.send("t1") == ["m-0"]
    assert deployed.hidden == [5]
    assert "ZeroDivisionError" in deployed.log.getvalue()
    assert TEXT not in deployed.log.getvalue()


def test_what_there_is_no_time_for_is_left(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.accept(deployed.scene.request())
    (task_id,) = deployed.task_ids()
    monkeypatch.setattr(CONTEXT, "get_remaining_time_in_millis", lambda: 50_000)
    assert deployed.send(task_id, task_id) == ["m-0", "m-1"]
    assert deployed.scene.task(task_id).state == "ACCEPTED"
    assert deployed.scene.amazon.count("send") == 0


@pytest.mark.parametrize(
    ("status", "state"), [(PAUSED, "ACCEPTED"), (REVOKED, "FAILED"), (REMOVING, "FAILED"), (None, "FAILED")]
)
def test_a_seller_that_can_not_be_called_for(deployed: Deployed, status: str | None, state: str) -> None:
    deployed.accept(deployed.scene.request())
    (task_id,) = deployed.task_ids()
    if status is None:
        deployed.registry.rows.clear()
    else:
        deployed.registry.rows[SELLER] = replace(row(SELLER), status=status)
    assert bool(deployed.send(task_id)) == (state == "ACCEPTED")
    assert deployed.scene.task(task_id).state == state
    assert deployed.scene.amazon.sent == []


def test_a_person_settles_what_is_uncertain(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.accept(deployed.scene.request())
    (task_id,) = deployed.task_ids()
    deployed.scene.amazon.script["send"] = [carried_out(raising(requests.ReadTimeout()))]
    assert deployed.send(task_id) == []
    assert metrics(capsys.readouterr().out)["MessagesUncertain"] == 1
    request = {"request": "settle", "taskId": task_id, "decision": "sent"}
    assert operate_message.handler(request, CONTEXT) == {"state": "SENT"}
    assert deployed.lines()[-1]["decision"] == "sent"
    refused = operate_message.handler({**request, "decision": "give-up"}, CONTEXT)
    assert refused["error"]["kind"] == "wrong-state"
    assert [entry["DetailType"] for entry in deployed.put] == ["MessageUncertain", "MessageSent"]


def test_the_sweeper_counts_what_it_puts_back(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.accept(deployed.scene.request())
    capsys.readouterr()
    deployed.scene.clock.now += 3600
    sweep_messages.handler({}, CONTEXT)
    assert len(deployed.task_ids()) == 2
    assert metrics(capsys.readouterr().out) == {"MessagesSentAgain": 1, "MessageContentsErased": 0}
    assert deployed.lines()[-1]["sent_again"] == 1


def test_a_batch_is_reported_and_only_what_failed_comes_again(deployed: Deployed) -> None:
    def fault(operation: str, request: Any) -> None:
        if "902-6786204-8179806" in repr(request):
            raise client_error(operation, "ThrottlingException")

    deployed.scene.table.fault = fault
    scene = deployed.scene
    assert deployed.accept(scene.request(), scene.request(amazonOrderId="902-6786204-8179806"), "x") == [
        "m-1"
    ]
    assert deployed.hidden == [5]
    batch = next(line for line in deployed.lines() if "verdicts" in line)
    assert batch["verdicts"] == {"taken": 1, "failed": 1, "rejected": 1}
    assert [each["QueueUrl"] for each in deployed.queued] == [SENDS, "https://sqs.test/dead"]


def test_a_row_that_can_not_be_read_is_an_error_of_the_sweepers_after_all_else(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.accept(deployed.scene.request(taskId="a"), deployed.scene.request(taskId="b", text="Another?"))
    deployed.scene.table.rows[("message-task/a", "task")]["state"] = {"S": "OF ANOTHER VERSION"}
    deployed.scene.clock.now += 3600
    with pytest.raises(RuntimeError, match="1 message tasks can't be looked after"):
        sweep_messages.handler({}, CONTEXT)
    assert '"failures":{"a":"defect: ValueError at ' in deployed.log.getvalue()
    assert '"MessagesSentAgain":[1]' in capsys.readouterr().out
