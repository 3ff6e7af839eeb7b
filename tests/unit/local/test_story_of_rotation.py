"""The rotation's part of the demo's story: what goes on beside it, and what makes it fall short."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from local import rotating, story_of_rotation
from local.deployment import Deployment
from local.outcome import FeedCounts, Outcome, StoryError
from local.screen import Screen
from local.story_of_rotation import during_rotation
from tests.unit.local.operating_story import FakeAws, FakeDeployment, message, notification, screen

ROTATED = {"source": "sellerbus.secrets", "detail-type": "ClientSecretRotated", "detail": {"eventId": "e"}}
OLD, NEW = "old", "new"


@dataclass
class World:
    """Amazon, the functions of both regions and `sellerbus` in one.

    looks: how many looks until the new secret works. loses: the notification of that number never comes.
    """

    looks: int = 2
    loses: int = 0
    stored: bool = True
    keeps_old: bool = True
    works: bool = True
    calls: int = 1
    tells: bool = True
    refused: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    announced: bool = False
    lifetimes: list[int] = field(default_factory=list)
    published: int = 0
    looked: dict[str, int] = field(default_factory=lambda: {"na": 0, "eu": 0})
    log: list[dict[str, Any]] = field(default_factory=lambda: [{"operation": "lwa", "status": 200}])

    def __post_init__(self) -> None:
        self.deployment = FakeDeployment(FakeAws(self.answer), simulator=self, commands=self)
        self.deployment.outputs["DestinationId"] = "d1"

    def set_token_lifetime(self, seconds: int) -> None:
        self.lifetimes.append(seconds)

    def register_application_queue(self, queue_arn: str) -> None:
        assert queue_arn == "ApplicationQueueArn"

    def pace_secrets(self, **seconds: float) -> None:
        assert seconds["worksAfterSeconds"] > 0

    def announce_secret_expiry(self) -> None:
        self.announced = self.stored

    def publish(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.published += len(items)
        if self.published != self.loses:
            self.deployment.aws.queue.append(notification(f"n{self.published}"))
        return [{"notificationId": f"n{self.published}"}]

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        if operation:
            return [{"status": 204}] * self.calls
        return [*self.log, *([{"operation": "lwa", "status": 200}, *self.refused] if self.announced else [])]

    def client_secrets(self) -> list[dict[str, Any]]:
        return [{}] * (1 + self.calls)

    def in_use(self, region: str) -> bool:
        return self.looked[region] >= self.looks

    def answer(self, region: str, request: dict[str, Any]) -> Any:
        if request == {"request": "status"}:
            return self.status(region)
        assert request == {"request": "look"}
        self.looked[region] += 1
        if self.tells and self.in_use(region):
            self.deployment.aws.queue.append(message(ROTATED, "rotated"))
        return {"stage": "promoted" if self.in_use(region) else "stored"}

    def status(self, region: str) -> dict[str, Any]:
        if not self.announced:
            held, state = {"AWSCURRENT": OLD}, "none"
        elif self.in_use(region):
            held, state = {"AWSCURRENT": NEW, "AWSPREVIOUS": OLD}, "promoted"
        else:
            held, state = {"AWSCURRENT": OLD if self.keeps_old else NEW, "AWSPENDING": NEW}, "stored"
        return {
            "region": region,
            "versions": [{"stage": stage, "versionId": version} for stage, version in held.items()],
            "rotation": {"state": state, "troubles": self.troubles},
        }

    def sellerbus_json(self, *arguments: str) -> Any:
        _, command, *_ = arguments
        if command == "status":
            return [self.status(region) for region in self.looked]
        works = [{"stage": stage, "works": self.works} for stage in ("AWSCURRENT", "AWSPREVIOUS")]
        return [{"region": region, "versions": works} for region in self.looked]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORED_SECONDS", "DELIVERY_SECONDS", "BETWEEN_SECONDS"):
        monkeypatch.setattr(story_of_rotation, name, 0.05)
    monkeypatch.setattr(rotating, "BETWEEN_SECONDS", 0.05)
    monkeypatch.setattr(story_of_rotation, "PROMOTED_SECONDS", 0.6)


def feeds(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    del deployment, screen
    outcome.feeds["2021-06-30"] = FeedCounts(submitted=7)


def told(world: World, tell: Callable[[Deployment, Screen, Outcome], None] = feeds) -> Outcome:
    outcome = Outcome()
    during_rotation(tell)(world.deployment.for_story(), screen(), outcome)
    return outcome


def test_a_rotation_while_notifications_and_feeds_go_on() -> None:
    world = World()
    counts = (outcome := told(world)).operations

    assert (counts.rotated_regions, counts.rotation_feeds, counts.rotation_failures) == (2, 7, 0)
    assert counts.rotation_tokens == 1, "those from before don't count"
    assert counts.rotation_notifications == world.published > 1
    assert outcome.expected == {f"n{number}" for number in range(1, world.published + 1)}
    assert world.lifetimes == [5, 3600], "tokens are short-lived for the time of the rotation alone"


@pytest.mark.parametrize(
    ("world", "complaint"),
    [
        (World(stored=False), "no new secret was stored"),
        (World(keeps_old=False), "the old secret should serve in na"),
        (World(looks=1_000), "the new secret should be in use"),
        (World(troubles=["unproved"]), "without trouble"),
        (World(works=False), "new and old secret should work"),
        (World(calls=2), "one new secret should be asked for: 2 calls"),
        (World(tells=False), "no event ClientSecretRotated"),
        (World(loses=1), "never delivered: \\['n1'\\]"),
        (World(refused=[{"operation": "feeds", "status": 403}]), "calls to Amazon were refused"),
    ],
)
def test_what_falls_short(world: World, complaint: str) -> None:
    with pytest.raises(StoryError, match=complaint):
        told(world)


def test_a_feed_that_falls_short_ends_what_goes_on_beside() -> None:
    def fall_short(*_: object) -> None:
        raise StoryError("a feed is lost")

    world = World()
    with pytest.raises(StoryError, match="a feed is lost"):
        told(world, fall_short)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


def test_a_function_that_fails_is_told() -> None:
    world = World()
    usual = world.deployment.aws.answers
    world.deployment.aws.answers = lambda region, request: (
        1 / 0 if request == {"request": "look"} else usual(region, request)
    )
    with pytest.raises(StoryError, match="division by zero") as caught:
        told(world)
    assert caught.value.function == "RotateSecret"
