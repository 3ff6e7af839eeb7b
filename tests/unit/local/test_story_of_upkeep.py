"""The canary's and the dead letter's steps fall short where one does not come, or is seen by others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local import story_of_upkeep
from local.outcome import Outcome, StoryError
from local.queues import Delivery, parse_event
from local.story_of_upkeep import redrive, run_canary
from tests.unit.local.operating_story import FakeAws, FakeDeployment, notification, screen

ARRIVED = json.dumps({"message": "canary arrived", "milliseconds": 41})
SENT = json.dumps({"message": "canary sent"})


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CANARY_SECONDS", "DELIVERY_SECONDS"):
        monkeypatch.setattr(story_of_upkeep, name, 0.05)


def canary(*lines: str) -> FakeDeployment:
    return FakeDeployment(FakeAws(lambda *_: {"notificationId": "canary-1"}, logged=list(lines)))


def test_the_canarys_way_is_measured() -> None:
    outcome = Outcome()
    run_canary(canary(SENT, "no JSON", ARRIVED).for_story(), screen(), outcome)
    assert outcome.operations.canary_milliseconds == 41


def test_a_canary_that_does_not_come_back_falls_short() -> None:
    with pytest.raises(StoryError, match="no canary came back") as caught:
        run_canary(canary(SENT).for_story(), screen(), Outcome())
    assert caught.value.function == "RunCanary"


def test_a_canary_that_a_consumer_sees_falls_short() -> None:
    seen = parse_event(notification("canary-1", origin="canary"))
    assert isinstance(seen, Delivery)
    outcome = Outcome()
    outcome.received.deliveries.append(seen)
    with pytest.raises(StoryError, match="seen by no consumer"):
        run_canary(canary(ARRIVED).for_story(), screen(), outcome)


class Redriving:
    """`sellerbus dead-letters redrive`, which moves so many, and whether what it moved comes."""

    def __init__(self, *, moved: int = 1, comes: bool = True) -> None:
        self.moved, self.comes = moved, comes
        self.deployment = FakeDeployment(FakeAws(lambda *_: {}), commands=self)

    def sellerbus_json(self, *arguments: str) -> Any:
        assert arguments[:4] == ("dead-letters", "redrive", "--id", "m1")
        (sent,) = self.deployment.aws.sent
        assert sent["QueueUrl"] == "NotificationDeadLetterQueueUrl"
        metadata = json.loads(sent["MessageBody"])["NotificationMetadata"]
        if self.comes:
            self.deployment.aws.queue.append(notification(metadata["NotificationId"]))
        return [{"moved": self.moved}]


def test_a_dead_letter_that_is_put_back_comes() -> None:
    outcome = Outcome()
    redrive(Redriving().deployment.for_story(), screen(), outcome)
    assert outcome.operations.dead_letters_redriven == 1
    assert len(outcome.expected) == 1


@pytest.mark.parametrize("redriving", [Redriving(moved=0), Redriving(comes=False)], ids=["not moved", "lost"])
def test_a_dead_letter_that_does_not_come_falls_short(redriving: Redriving) -> None:
    with pytest.raises(StoryError, match="should be put back and come"):
        redrive(redriving.deployment.for_story(), screen(), Outcome())
