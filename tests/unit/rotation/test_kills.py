"""A function that is killed at any call, or loses any answer, loses no secret and asks for no second one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.rotation.keeping import WaitError
from sellerbus.rotation.state import Because, Stage, Trouble
from tests.unit.rotation.world import AFTER, BEFORE, DAY, FIRST, LOST, START, Killed, World, notice

MOST_ROUNDS = 12


class Story:
    """A rotation from its beginning to its end. `queue`: what SQS holds; `late`: second deliveries."""

    def __init__(self, kill: tuple[int, str] | None, begins: str) -> None:
        self.world = World(kill)
        self.begins = begins
        self.queue = [notice(START + 40 * DAY)] * 2 if begins == "notice" else []
        self.late: list[str] = []
        if begins == "age":
            self.world.pass_days(151)

    def run(self) -> World:
        world = self.world
        for _ in range(MOST_ROUNDS):
            if self.begins == "operator" and world.rotation.request is None:
                self.attempt(world.ask)
            self.deliver()
            self.attempt(world.look)
            world.now += 300
            request = world.rotation.request
            if request is not None and request.is_open and not self.queue and not world.amazon.messages:
                # An hour later a person has read the runbook: nothing comes of the request.
                world.now += 3700
                assert [each.problem for each in self.troubles()] == ["no-new-secret"]
                self.attempt(lambda: world.ask(again=True))
        self.queue += self.late
        for _ in range(2):
            self.deliver()
        world.pass_days(7)
        # Both: a lost answer of Login with Amazon leaves the old secret for the look after.
        assert any([self.attempt(world.look), self.attempt(world.look)])
        assert self.queue == []
        return world

    def deliver(self) -> None:
        self.queue += self.world.amazon.messages
        self.late += self.world.amazon.messages
        self.world.amazon.messages.clear()
        for body in list(self.queue):
            if self.attempt(lambda body=body: self.world.take(body)):  # type: ignore[misc]
                self.queue.remove(body)

    def attempt(self, work: Callable[[], object]) -> bool:
        """One invocation; False where it was killed or failed, and its message comes again."""
        try:
            work()
        except (Killed, StoreUnavailableError, WaitError):
            return False
        finally:
            self.check()
        return True

    def check(self) -> None:
        """What must hold at every moment: whoever works gets tokens, and every secret has its place."""
        self.world.check()
        lying = [*self.queue, *self.world.amazon.messages]
        kept = self.world.secrets.secrets()
        for issued in self.world.amazon.issued[1:]:
            in_queue = any(issued.value in body for body in lying)
            assert in_queue or issued.value in kept
            assert in_queue or any(issued.value in body for body in self.world.other.received)

    def troubles(self) -> tuple[Trouble, ...]:
        return self.world.rotation.troubles(answer_seconds=3600.0, now=self.world.now)


def story(kill: tuple[int, str] | None, *, begins: str = "notice") -> World:
    return Story(kill, begins).run()


def check_end(world: World) -> None:
    assert world.secrets.value("AWSCURRENT") == world.amazon.issued[-1].value
    assert "AWSPENDING" not in world.secrets.labels
    assert "AWSPREVIOUS" not in world.secrets.labels
    successor = world.rotation.successor
    assert successor is not None
    assert successor.stage is Stage.SETTLED
    assert not world.rotation.waits
    assert world.rotation.troubles(answer_seconds=3600.0, now=world.now) == ()


BEGINNINGS = ("notice", "age", "operator")


@pytest.mark.parametrize("begins", BEGINNINGS)
def test_nothing_goes_wrong(begins: str) -> None:
    world = story(None, begins=begins)
    check_end(world)
    assert len(world.amazon.issued) == 2
    assert world.wire.calls.count("rotate_client_secret") == 1
    assert world.bus.kinds() == ["ClientSecretRotationRequested", "ClientSecretRotated"]
    assert world.counted == [
        "SecretRotationsRequested",
        "SecretRotationsStored",
        "SecretRotationsPromoted",
    ]
    request = world.rotation.request
    assert request is not None
    assert request.because is Because(begins)


CALLS = {begins: len(story(None, begins=begins).wire.calls) for begins in BEGINNINGS}
KILLS = [
    (begins, number, mode)
    for begins in BEGINNINGS
    for number in range(1, CALLS[begins] + 1)
    for mode in (BEFORE, AFTER, LOST)
]


@pytest.mark.parametrize(("begins", "number", "mode"), KILLS)
def test_killed_at_any_call(begins: str, number: int, mode: str) -> None:
    world = story((number, mode), begins=begins)
    check_end(world)
    killed_at = world.wire.calls[number - 1]
    # Written down and not called: that is asked again, by a person. Called: never a second time.
    calls = world.wire.calls.count("rotate_client_secret")
    assert len(world.amazon.issued) == 2, (killed_at, calls)
    assert set(world.bus.kinds()) >= {"ClientSecretRotationRequested", "ClientSecretRotated"}


def test_the_kills_reach_every_kind_of_call() -> None:
    calls = set(story(None).wire.calls)
    assert calls == {
        "forward",
        "get_item",
        "get_secret_value",
        "list_secret_version_ids",
        "lwa",
        "put_events",
        "put_secret_value",
        "rotate_client_secret",
        "transact_write_items",
        "update_secret_version_stage",
    }
    assert min(CALLS.values()) > 30


def test_the_message_stays_until_its_secret_is_stored_and_handed_on() -> None:
    """Counted call by call: whatever fails before the last of them, the message is not done with."""
    whole = World()
    whole.ask()
    before = len(whole.wire.calls)
    (body,) = whole.amazon.messages
    whole.take(body)
    number = len(whole.wire.calls) - before
    for place in range(1, number + 1):
        world = World()
        world.ask()
        world.wire.kill = (len(world.wire.calls) + place, LOST)
        with pytest.raises(StoreUnavailableError):
            world.take(world.amazon.messages[0])
    assert number >= 7


def test_the_first_secret_is_kept_until_amazon_takes_it_no_more() -> None:
    world = World()
    world.ask()
    world.take(world.amazon.messages[0])
    world.look()
    assert world.secrets.value("AWSPREVIOUS") == FIRST
    world.pass_days(6.9)
    world.look()
    assert world.secrets.value("AWSPREVIOUS") == FIRST
    world.pass_days(0.2)
    world.look()
    assert world.secrets.value("AWSPREVIOUS") is None
