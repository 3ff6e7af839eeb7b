"""What a task waits for stands in its row from the wait's beginning to its end, and is written once."""

from __future__ import annotations

import requests

from sellerbus.feeds import turns
from sellerbus.feeds.submission_steps import TryLaterError
from sellerbus.feeds.task import Outcome, TaskState, from_item, to_item
from sellerbus.feeds.waits import SETTLING, another_wait, wait
from tests.unit.api.wire import reply
from tests.unit.feeds.submission_scene import Scene, checked, in_turn
from tests.unit.feeds.tasks import NOW, task

PAUSES = {"seconds_between": {"default": 10}}


def throttled(scene: Scene, operation: str = "createFeed") -> None:
    scene.amazon.script[operation] = [lambda _: reply(429, {"errors": []})]


def lost(scene: Scene) -> None:
    scene.amazon.script["createFeed"] = [lambda _: requests.ReadTimeout("no answer")]


def test_the_row_keeps_it() -> None:
    waits = wait("a reason", NOW + 0.2)
    assert waits == {"reason": "a reason", "until": NOW + 1}
    assert from_item(to_item(task(waits=waits))).waits == waits


def test_a_quota_that_is_used_up() -> None:
    scene = in_turn()
    throttled(scene)
    seconds = scene.submit()["waitSeconds"]
    waits = scene.task().waits or {}
    assert waits["reason"] == "Amazon's quota of createFeed is used up"
    assert abs(waits["until"] - scene.clock.now - seconds) <= 1
    before = scene.task().version
    scene.clock.now += seconds / 2
    assert scene.submit()["next"] == "wait"
    assert (scene.task().version, scene.task().waits) == (before, waits), "no write for a look"
    scene.clock.now += seconds
    assert scene.submit()["next"] == "await"
    assert scene.task().waits is None


def test_a_wait_that_begins_anew_has_its_own_end() -> None:
    scene = in_turn()
    throttled(scene)
    scene.clock.now += scene.submit()["waitSeconds"] + 1
    throttled(scene)
    scene.submit()
    assert (scene.task().waits or {})["until"] > scene.clock.now


def test_a_lost_answer_until_it_is_looked_for() -> None:
    scene = in_turn()
    lost(scene)
    scene.submit()
    assert scene.task().waits == {"reason": SETTLING, "until": NOW + 300}
    scene.clock.now += 301
    throttled(scene, "getFeeds")
    assert scene.submit()["next"] == "wait"
    assert (scene.task().waits or {})["reason"] == "Amazon's quota of getFeeds is used up"
    scene.clock.now += 3600
    assert scene.submit()["next"] == "await"
    assert scene.task().waits is None


def test_what_a_person_has_to_mend_is_said() -> None:
    scene = in_turn()
    api = scene.api

    def paused(*_: object) -> object:
        raise TryLaterError("seller S is paused: resume it", 300, endless=True)

    scene.api = paused  # type: ignore[method-assign, assignment]
    scene.submit()
    assert scene.task().waits == {"reason": "seller S is paused: resume it", "until": NOW + 300}
    scene.api = api  # type: ignore[method-assign]
    scene.submit()
    assert scene.task().waits is None


def test_an_ended_task_waits_for_nothing() -> None:
    scene = in_turn()
    throttled(scene)
    scene.submit()
    assert scene.store.end(scene.task(), Outcome.CANCELLED).waits is None
    assert scene.task().waits is None


def test_what_comes_again_at_once_is_no_wait() -> None:
    scene = in_turn()
    assert scene.submit(seconds=10)["next"] == "wait"
    assert scene.task().waits is None


def test_the_lane_rests_for_the_pause_between_feeds() -> None:
    scene = Scene(checked("t1"), checked("t2", handed_over=NOW + 1), checked("t3", handed_over=NOW + 2))
    scene.take_turn("t1", **PAUSES)
    scene.submit("t1")
    scene.take_turn("t2", **PAUSES)
    assert scene.task("t2").waits is None, "another task has the turn"
    scene.store.end(scene.task("t1"), Outcome.COMPLETED)
    assert scene.turn()["restsFor"] == {"S": turns.PAUSE}
    for _ in range(2):
        scene.take_turn("t2", **PAUSES)
        scene.take_turn("t3", **PAUSES)
    waiting = scene.task("t2")
    assert (waiting.waits, waiting.version) == ({"reason": turns.PAUSE, "until": NOW + 10}, 2)
    assert scene.task("t3").waits is None, "it waits for t2"
    scene.clock.now += 10
    assert scene.take_turn("t2", **PAUSES)["next"] == "submit"
    assert scene.task("t2").waits is None


def test_the_lane_rests_after_a_doubt_for_longer_than_its_pause() -> None:
    scene = Scene(checked("t1"), checked("t2", handed_over=NOW + 1), other_creators=True)
    scene.take_turn("t1", **PAUSES)
    scene.amazon.script["createFeed"] = [
        lambda amazon: (amazon.create(), requests.ReadTimeout("no answer"))[1]
    ]
    scene.submit("t1")
    scene.clock.now += 301
    assert scene.submit("t1") == {"next": "decide"}
    uncertain = scene.task("t1")
    assert (uncertain.state, uncertain.waits) == (TaskState.UNCERTAIN, None)
    scene.take_turn("t2", **PAUSES)
    assert scene.turn()["restsFor"] == {"S": turns.DOUBT}
    assert (scene.task("t2").waits or {})["reason"] == turns.DOUBT


def test_a_pause_that_is_longer_than_the_doubt_is_the_pause() -> None:
    scene = Scene(checked("t1"), other_creators=True)
    scene.take_turn("t1")
    scene.amazon.script["createFeed"] = [
        lambda amazon: (amazon.create(), requests.ReadTimeout("no answer"))[1]
    ]
    scene.submit("t1")
    scene.clock.now += 301
    scene.submit("t1")
    assert scene.turn()["restsFor"] == {"S": turns.PAUSE}


def test_another_reason_is_another_wait() -> None:
    waiting = task(waits=wait("one", NOW + 10))
    assert another_wait(waiting, "one", NOW + 20, NOW) is None
    assert another_wait(waiting, "one", NOW + 20, NOW + 10) == {"waits": wait("one", NOW + 20)}
    assert another_wait(waiting, "other", NOW + 20, NOW) == {"waits": wait("other", NOW + 20)}
