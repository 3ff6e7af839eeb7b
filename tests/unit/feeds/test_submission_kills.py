"""submit_feed killed before and after every call that changes something, and then begun again.

createFeed is counted on the wire. The state machine repeats a step that failed after some seconds; a redrive
is the same, later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sellerbus.feeds.submission import State
from sellerbus.feeds.task import TaskState
from tests.unit.api.wire import reply
from tests.unit.feeds.submission_scene import KilledError, Scene, checked, in_turn
from tests.unit.feeds.test_submitting import TIMED_OUT, carried_out, raising

CHANGING = ("write", "createFeedDocument", "upload", "createFeed", "PutEvents", "getFeeds")


class Killer:
    """Around every call: counts them, and kills the function before or after one of them."""

    def __init__(self, at: int = -1, when: str = "") -> None:
        self.at = at
        self.when = when
        self.calls: list[str] = []

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if number == self.at and self.when == "before":
            raise KilledError
        answer = call()
        if number == self.at and self.when == "after":
            raise KilledError
        return answer


def plain() -> Scene:
    return in_turn()


def lost() -> Scene:
    """createFeed is carried out, and its answer lost."""
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    return scene


def not_carried_out() -> Scene:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [lambda _: reply(503)]
    return scene


def doubtful() -> Scene:
    """Two feeds can be the task's: a person decides."""
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(carried_out(raising(TIMED_OUT)))]
    return scene


def refused() -> Scene:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [lambda _: reply(400, {"errors": []})] * 3
    return scene


def encrypted() -> Scene:
    return in_turn(version="2020-09-04")


STORIES = {each.__name__: each for each in (plain, lost, not_carried_out, doubtful, refused, encrypted)}
ENDS = {
    "plain": "await",
    "lost": "await",
    "not_carried_out": "await",
    "doubtful": "decide",
    "refused": "ended",
}


def run(scene: Scene, killer: Killer, *, pause: float) -> str:
    """Do as the state machine does until the step is over; return where it goes on."""
    scene.around = killer
    for _ in range(30):
        try:
            answer = scene.submit()
        except KilledError:
            scene.clock.now += pause
            continue
        if answer["next"] != "wait":
            return str(answer["next"])
        scene.clock.now += answer["waitSeconds"]
    raise AssertionError(f"it never ends: {scene.task()}")


def points() -> list[tuple[str, int, str]]:
    """Every call of every story, before and after it."""
    found = []
    for name, story in STORIES.items():
        killer = Killer()
        run(story(), killer, pause=2)
        assert set(killer.calls) <= set(CHANGING)
        found += [(name, at, when) for at in range(len(killer.calls)) for when in ("before", "after")]
    return found


POINTS = points()


def test_the_stories_have_every_call() -> None:
    called = set()
    for story in STORIES.values():
        killer = Killer()
        run(story(), killer, pause=2)
        called |= set(killer.calls)
    assert called == set(CHANGING)
    assert len(POINTS) > 60


@pytest.mark.parametrize("pause", [2, 90_000], ids=["retry", "redrive"])
@pytest.mark.parametrize(("name", "at", "when"), POINTS)
def test_killed_anywhere_there_is_one_feed_and_nothing_is_lost(
    name: str, at: int, when: str, pause: int
) -> None:
    scene, killer = STORIES[name](), Killer(at, when)
    end = run(scene, killer, pause=pause)
    row = scene.task()
    wanted = ENDS.get(name, "await")
    if name == "doubtful":
        # Killed before the call the two feeds of this story don't come about.
        assert end in (wanted, "await")
    else:
        assert end == wanted
    assert scene.amazon.count("createFeed") <= 2
    if end == "await":
        assert row.state is TaskState.PROCESSING
        assert [feed["feedId"] for feed in scene.amazon.feeds] == [row.feed_id]
        assert row.submission.state is State.SUBMITTED
    elif end == "decide":
        assert row.state is TaskState.UNCERTAIN
        assert row.candidates == ("feed-1", "feed-2")
        assert {event for event, _ in scene.told} == {"FeedUncertain"}
        assert len({detail["eventId"] for _, detail in scene.told}) == 1
    else:
        assert row.state is TaskState.ENDED
        assert scene.amazon.feeds == []
        assert {event for event, _ in scene.told} == {"FeedRefused"}
        assert len({detail["eventId"] for _, detail in scene.told}) == 1
    assert "openAttempt" not in scene.turn()
    assert ("holder" in scene.turn()) is (end == "await")


def test_a_kill_between_the_call_and_its_answer_is_found_by_getfeeds() -> None:
    scene = plain()
    at = _index(plain(), "createFeed")
    assert run(scene, Killer(at, "after"), pause=2) == "await"
    assert scene.amazon.count("createFeed") == 1
    assert scene.amazon.count("getFeeds") == 1
    assert scene.counted["FeedsAdopted"] == 1


def test_a_kill_before_the_call_costs_the_settle_time_and_no_feed() -> None:
    scene = plain()
    began = scene.clock.now
    assert run(scene, Killer(_index(plain(), "createFeed"), "before"), pause=2) == "await"
    assert (scene.amazon.count("createFeed"), len(scene.amazon.feeds)) == (1, 1)
    # The lease, then the settle time.
    assert 300 < scene.clock.now - began < 400


def test_another_copy_waits_while_an_attempt_is_open() -> None:
    scene = plain()
    answers: list[Any] = []

    def watching(name: str, call: Callable[[], Any]) -> Any:
        if name == "createFeed":
            scene.around = lambda name, call: call()
            answers.append(scene.submit())
        return call()

    scene.around = watching
    assert scene.submit() == {"next": "await", "silenceSeconds": 900}
    assert answers == [{"next": "wait", "waitSeconds": 75}]
    assert scene.amazon.count("createFeed") == 1


def test_two_tasks_of_a_lane_with_a_kill_in_the_first() -> None:
    scene = in_turn(checked(), checked("t2", handed_over=1_800_000_000.5))
    run(scene, Killer(_index(plain(), "createFeed"), "after"), pause=2)
    assert scene.take_turn("t2")["next"] == "wait"
    scene.store.leave_lane(scene.task())
    scene.clock.now += 1300
    assert scene.take_turn("t2") == {"next": "submit"}
    assert scene.submit("t2")["next"] == "await"
    assert [scene.task(name).feed_id for name in ("t1", "t2")] == ["feed-1", "feed-2"]


def _index(scene: Scene, name: str) -> int:
    killer = Killer()
    run(scene, killer, pause=2)
    return killer.calls.index(name)
