"""The functions that follow a feed die before and after each of their calls; the next run ends the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from sellerbus.aws.task_tokens import TaskTokens
from sellerbus.feeds.following import STUCK_SECONDS, UNSEEN_SECONDS
from sellerbus.feeds.task import Outcome, TaskState
from tests.unit.documents.wire import Answer
from tests.unit.feeds.collecting_scene import CLEAN, JSON, REPORT, RESULTS, WITH_ERRORS, CollectingScene
from tests.unit.feeds.following_scene import DOCUMENT, Scene, notice, shown
from tests.unit.feeds.tasks import store_on


class CrashError(BaseException):
    """The function's process is gone."""


class Calls:
    """Counts the calls that all its doors let through, and lets the process die at one of them."""

    def __init__(self, crash_at: int | None, *, after: bool) -> None:
        self.count = 0
        self._crash_at = crash_at
        self._after = after

    def door(self, inner: Any) -> Any:
        return _Door(inner, self)

    def through(self, call: Callable[[], Any]) -> Any:
        self.count += 1
        dies = self.count == self._crash_at
        if dies and not self._after:
            raise CrashError
        answer = call()
        if dies:
            raise CrashError
        return answer


class _Door:
    def __init__(self, inner: Any, calls: Calls) -> None:
        self._inner = inner
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        if name == "client":
            return self
        found = getattr(self._inner, name)
        return lambda *args, **request: self._calls.through(lambda: found(*args, **request))


def guarded(scene: Scene, calls: Calls) -> None:
    """Let all that the scene's functions call go through the doors."""
    scene.store = store_on(calls.door(scene.table), scene.clock)
    scene.tokens = TaskTokens(calls.door(scene.functions))
    scene.events = calls.door(scene.events)
    amazon = scene.amazon
    amazon.of = lambda task: calls.door(amazon)  # type: ignore[method-assign]
    if isinstance(scene, CollectingScene):
        scene.s3 = calls.door(scene.s3)


def crash_points(make: Callable[[], Scene], run: Callable[[Any], None]) -> Iterator[tuple[Scene, str]]:
    """The scene after a run that died and one that did not, for each call and both sides of it."""
    whole = Calls(None, after=False)
    scene = make()
    guarded(scene, whole)
    run(scene)
    assert whole.count > 3
    for at in range(1, whole.count + 1):
        for after in (False, True):
            scene = make()
            kept = (scene.store, scene.tokens, scene.events, scene.amazon.of)
            s3 = scene.s3 if isinstance(scene, CollectingScene) else None
            guarded(scene, Calls(at, after=after))
            with suppress(CrashError):
                run(scene)
                raise AssertionError(f"call {at} was not made")
            scene.store, scene.tokens, scene.events, of = kept
            scene.amazon.of = of  # type: ignore[method-assign]
            if isinstance(scene, CollectingScene) and s3 is not None:
                scene.s3 = s3
            ended = scene.task.state is TaskState.ENDED
            assert not ended or scene.events.published, "what is ended was told before"
            run(scene)
            yield scene, f"died {'after' if after else 'before'} call {at}"


@pytest.mark.parametrize("document", [True, False])
def test_collecting_ends_once_and_is_told_at_least_once_with_one_id(document: bool) -> None:
    def make() -> CollectingScene:
        scene = CollectingScene(
            Answer(body=WITH_ERRORS, headers=JSON), document=DOCUMENT if document else None
        )
        scene.amazon.feeds = [shown("DONE")]
        return scene

    for scene, where in crash_points(make, lambda scene: scene.collect_to_the_end()):
        assert isinstance(scene, CollectingScene)
        task = scene.task
        wanted = Outcome.COMPLETED_WITH_ERRORS if document else Outcome.COMPLETED
        assert (task.state, task.outcome, task.notes) == (TaskState.ENDED, wanted, ()), where
        assert 1 <= len(scene.events.published) <= 2, where
        assert len({repr(event.detail) for event in scene.events.published}) == 1, where
        assert not scene.holds_its_lane, where
        if document:
            assert scene.s3.objects[REPORT] == WITH_ERRORS, where
            assert len(scene.lines) == 2, where
            assert RESULTS in scene.s3.objects, where
            assert task.collect_attempts <= 2, where
            assert len(scene.storage.sent) <= 2, where


def test_what_is_kept_is_not_fetched_again_where_only_the_telling_failed() -> None:
    scene = CollectingScene(Answer(body=CLEAN, headers=JSON))

    def dead(events: object) -> None:
        raise CrashError

    scene.events.before = dead
    with suppress(CrashError):
        scene.collect()
    assert (scene.task.state, scene.task.outcome) == (TaskState.COLLECTING, Outcome.COMPLETED)
    scene.events.before = lambda events: None
    assert scene.collect().answer == {"next": "ended"}
    assert (len(scene.storage.sent), scene.amazon.calls) == (1, ["getFeedDocument"])


def test_a_stuck_feed_is_told_and_gives_its_lane_free() -> None:
    def make() -> Scene:
        scene = Scene()
        scene.clock.now += STUCK_SECONDS
        return scene

    def run(scene: Scene) -> None:
        assert scene.follower().look("t1").answer["next"] == "await"

    for scene, where in crash_points(make, run):
        assert 1 <= len(scene.events.published) <= 2, where
        assert len({event.detail["eventId"] for event in scene.events.published}) == 1, where
        assert (scene.holds_its_lane, scene.task.state) == (False, TaskState.PROCESSING), where
        assert scene.task.stuck_since is not None, where


def test_an_unseen_feed_ends_once() -> None:
    def make() -> Scene:
        scene = Scene(stuck_since="2027-01-15T16:00:00.000+00:00")
        scene.clock.now += UNSEEN_SECONDS
        return scene

    def run(scene: Scene) -> None:
        assert scene.follower().look("t1").answer == {"next": "ended"}

    for scene, where in crash_points(make, run):
        assert {event.detail["eventId"] for event in scene.events.published} == {
            scene.events.published[0].detail["eventId"]
        }, where
        assert (scene.task.outcome, scene.holds_its_lane) == (Outcome.UNSEEN, False), where


def test_an_end_that_getfeed_showed_is_not_lost() -> None:
    def make() -> Scene:
        scene = Scene()
        scene.amazon.feeds = [shown("DONE"), shown("DONE")]
        return scene

    def run(scene: Scene) -> None:
        assert scene.follower().look("t1").answer == {"next": "collect"}

    for scene, where in crash_points(make, run):
        assert scene.known_end == "DONE", where


def test_a_notification_is_delivered_again_until_it_is_taken_in() -> None:
    def make() -> Scene:
        scene = Scene()
        scene.follower().await_end("t1", "token-1")
        return scene

    def run(scene: Scene) -> None:
        scene.processed().take(notice())

    for scene, where in crash_points(make, run):
        assert scene.functions.answered == [("token-1", '{"next": "collect"}')], where
        assert scene.known_end == "DONE", where
