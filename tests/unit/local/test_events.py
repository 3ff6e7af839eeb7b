"""A look into the queues of `make up` shows everything and takes nothing."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from local import events
from local.look import look
from local.screen import Screen


class FakeQueue:
    """One SQS queue that hides what was received, gives two at a time and counts the receives."""

    def __init__(self, *bodies: str, receives: int = 0, redrive: int | None = 5) -> None:
        self.bodies = {f"m{number}": body for number, body in enumerate(bodies)}
        self.receives = Counter(dict.fromkeys(self.bodies, receives))
        self.sent = 0
        self.hidden: set[str] = set()
        self._redrive = redrive

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        if self._redrive is None:
            return {}
        return {"Attributes": {"RedrivePolicy": json.dumps({"maxReceiveCount": self._redrive})}}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        given = [key for key in self.bodies if key not in self.hidden][:2]
        self.hidden |= set(given)
        self.receives.update(given)
        return {
            "Messages": [
                {
                    "MessageId": key,
                    "ReceiptHandle": key,
                    "Body": self.bodies[key],
                    "Attributes": {"ApproximateReceiveCount": str(self.receives[key])},
                }
                for key in given
            ]
        }

    def change_message_visibility(self, **arguments: Any) -> None:
        assert arguments["VisibilityTimeout"] == 0
        self.hidden.remove(arguments["ReceiptHandle"])

    def send_message(self, **arguments: Any) -> None:
        self.sent += 1
        self.bodies[f"copy {self.sent}"] = arguments["MessageBody"]

    def delete_message(self, **arguments: Any) -> None:
        del self.bodies[arguments["ReceiptHandle"]]
        self.hidden.remove(arguments["ReceiptHandle"])


@pytest.mark.parametrize("redrive", [1, 5, None])
def test_looking_however_often_takes_nothing(redrive: int | None) -> None:
    queue = FakeQueue("a", "b", "c", redrive=redrive)

    for _ in range(12):
        assert sorted(message["Body"] for message in look(queue, "url")) == ["a", "b", "c"]
        assert queue.hidden == set()
        assert redrive is None or all(queue.receives[key] < redrive for key in queue.bodies)

    assert sorted(queue.bodies.values()) == ["a", "b", "c"]


EVENT = {
    "detail": {
        "notificationType": "ORDER_CHANGE",
        "sellerId": "A2EXAMPLE",
        "eventTime": "2024-01-01T00:00:00Z",
        "stale": True,
        "notificationId": "n1",
    }
}


DRIFTED = {
    "source": "sellerbus.subscriptions",
    "detail-type": "SubscriptionDrifted",
    "detail": {
        "eventId": "e1",
        "sellerId": "A3EXAMPLE",
        "notificationType": "ORDER_CHANGE",
        "detectedAt": "2024-01-02T00:00:00Z",
        "drift": "missing",
        "action": "restoring",
    },
}
REVOKED = {
    "source": "sellerbus.sellers",
    "detail-type": "SellerAuthorizationRevoked",
    "detail": {
        "eventId": "e2",
        "sellerId": "A4EXAMPLE",
        "reason": "LWA token: 400 invalid_grant: seller A4EXAMPLE: the token is revoked, or expired, or so",
        "detectedAt": "2024-01-03T00:00:00Z",
    },
}


class FakeDeployment:
    def __init__(self) -> None:
        self.outputs = {
            "ExampleConsumerQueueUrl": "consumer",
            "NotificationDeadLetterQueueUrl": "dead",
            "FeedRequestDeadLetterQueueUrl": "dead requests",
            "ListingChangeDeadLetterQueueUrl": "dead changes",
            "FeedProcessedDeadLetterQueueUrl": "dead ends",
            "ExampleConsumerDeadLetterQueueUrl": "worn",
        }
        self.queues = {
            "consumer": FakeQueue(json.dumps(EVENT), json.dumps(DRIFTED), "nonsense"),
            "dead": FakeQueue("{broken"),
            "dead requests": FakeQueue('{"no": "seller"}'),
            "dead changes": FakeQueue("one", "two"),
            "dead ends": FakeQueue(),
            "worn": FakeQueue(json.dumps(REVOKED), redrive=None),
        }

    def client(self, _: str) -> Any:
        def to_queue(name: str) -> Any:
            return lambda **arguments: getattr(self.queues[arguments["QueueUrl"]], name)(**arguments)

        names = ("get_queue_attributes", "receive_message", "change_message_visibility")
        return SimpleNamespace(**{name: to_queue(name) for name in names})


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "running", lambda _: FakeDeployment())


@pytest.mark.usefixtures("deployed")
def test_events_and_dead_letters_are_lines_for_a_person() -> None:
    said = io.StringIO()

    assert events.show_events(Screen(console=Console(file=said)), dead=True, as_json=False) == 0

    lines = [line.split() for line in said.getvalue().splitlines()]
    assert ["ORDER_CHANGE", "A2EXAMPLE", "2024-01-01T00:00:00Z", "stale", "n1"] in lines
    drift = ["ORDER_CHANGE:", "missing,", "restoring"]
    assert ["SubscriptionDrifted", "A3EXAMPLE", "2024-01-02T00:00:00Z", *drift, "e1"] in lines
    (told,) = (line for line in said.getvalue().splitlines() if "SellerAuthorizationRevoked" in line)
    assert "LWA token: 400 invalid_grant" in told
    assert "or so" not in told
    assert told.split()[-2:] == ["...", "e2"]
    assert ["-", "-", "{broken"] in lines
    assert "Dead letters of feed requests: 1" in said.getvalue()
    assert "Dead letters of listing changes: 2" in said.getvalue()
    assert "Dead letters of processed feeds: none" in said.getvalue()
    assert "nonsense" in said.getvalue()


@pytest.mark.usefixtures("deployed")
def test_as_json_they_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert events.show_events(Screen(), dead=True, as_json=True) == 0

    assert json.loads(capsys.readouterr().out) == {
        "events": [EVENT, DRIFTED, {"body": "nonsense"}],
        "deadLetters": [{"reason": "", "detail": "", "body": "{broken"}],
        "feedRequestDeadLetters": [{"reason": "", "detail": "", "body": '{"no": "seller"}'}],
        "listingChangeDeadLetters": [
            {"reason": "", "detail": "", "body": "one"},
            {"reason": "", "detail": "", "body": "two"},
        ],
        "feedProcessedDeadLetters": [],
        "consumerDeadLetters": [REVOKED],
    }


@pytest.mark.usefixtures("deployed")
def test_lines_fit_the_terminal_and_lose_nothing() -> None:
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, width=80, color_system=None)

    assert events.show_events(Screen(console=console), dead=True, as_json=False) == 0

    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    place = next(number for number, line in enumerate(lines) if line.startswith("SubscriptionDrifted"))
    assert [line.strip() for line in lines[place + 1 : place + 3]] == [
        "ORDER_CHANGE: missing, restoring",
        "e1",
    ]


def test_an_older_deployment_has_no_consumers_dead_letters_to_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deployment = FakeDeployment()
    del deployment.outputs["ExampleConsumerDeadLetterQueueUrl"]
    monkeypatch.setattr(events, "running", lambda _: deployment)
    said = io.StringIO()

    assert events.show_events(Screen(console=Console(file=said)), dead=True, as_json=False) == 0

    assert "own dead letters" not in said.getvalue()


def test_without_a_deployment_the_command_that_makes_one_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert events.show_events(Screen(), dead=False, as_json=False, folder=tmp_path) == 1

    assert "make up" in capsys.readouterr().err
