"""The functions killed before and after every call that changes something, and then begun again.

What is sent is counted on the wire. SQS delivers again after the visibility time-out what was not
acknowledged; the sweeper comes by where nothing is queued any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sellerbus.messaging.accept_results import Verdict
from sellerbus.messaging.task import MessageTask
from tests.unit.api.wire import reply
from tests.unit.messaging.message_scene import KilledError, Scene
from tests.unit.messaging.test_sending import NOT_ALLOWED, carried_out, raising

LOST = raising(requests.ReadTimeout())
VISIBILITY_SECONDS = 720.0


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


def plain(scene: Scene) -> dict[str, Any]:
    return scene.request()


def with_attachments(scene: Scene) -> dict[str, Any]:
    keys = [scene.attach("one.txt", b"one"), scene.attach("two.txt", b"two")]
    attachments = [{"key": key} for key in keys]
    return scene.request(messageType="confirmCustomizationDetails", attachments=attachments)


def lost(scene: Scene) -> dict[str, Any]:
    scene.amazon.script["send"] = [carried_out(LOST)]
    return scene.request()


def lost_and_settled(scene: Scene) -> dict[str, Any]:
    scene.amazon.offer("confirmOrderDetails", once=True)
    scene.amazon.script["send"] = [carried_out(LOST)]
    return scene.request()


def not_carried_out_and_settled(scene: Scene) -> dict[str, Any]:
    scene.amazon.offer("confirmOrderDetails", once=True)
    scene.amazon.script["send"] = [lambda _: reply(503)]
    return scene.request()


def throttled(scene: Scene) -> dict[str, Any]:
    scene.amazon.script["send"] = [lambda _: reply(429)]
    return scene.request()


def refused(scene: Scene) -> dict[str, Any]:
    scene.amazon.script["send"] = [lambda _: reply(400)] * 5
    return scene.request()


def not_allowed(scene: Scene) -> dict[str, Any]:
    scene.amazon.script["send"] = [lambda _: reply(403, NOT_ALLOWED)] * 5
    return scene.request()


def not_checked(scene: Scene) -> dict[str, Any]:
    return scene.request(text="<b>No HTML, please</b>")


def without_its_attachment(scene: Scene) -> dict[str, Any]:
    return scene.request(attachments=[{"key": "attachments/A2EW6EXAMPLE11/none.txt"}])


STORIES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    each.__name__: each
    for each in (
        plain,
        with_attachments,
        lost,
        lost_and_settled,
        not_carried_out_and_settled,
        throttled,
        refused,
        not_allowed,
        not_checked,
        without_its_attachment,
    )
}
# What each ends as; where a crash can come before its answer is kept, also UNCERTAIN.
ENDS = {
    "plain": {"SENT", "UNCERTAIN"},
    "with_attachments": {"SENT", "UNCERTAIN"},
    "lost": {"UNCERTAIN"},
    "lost_and_settled": {"SENT"},
    "not_carried_out_and_settled": {"SENT"},
    "throttled": {"SENT", "UNCERTAIN"},
    "refused": {"REFUSED", "UNCERTAIN"},
    "not_allowed": {"NOT_ALLOWED", "UNCERTAIN"},
    "not_checked": {"REFUSED"},
    "without_its_attachment": {"REFUSED"},
}


def run(name: str, killer: Killer) -> tuple[Scene, MessageTask]:
    """Hand a message over, and do as SQS and the sweeper do until nothing happens any more."""
    scene = Scene()
    message = scene.message(STORIES[name](scene))
    scene.around = killer
    while True:
        try:
            (result,) = scene.accept(message)
        except KilledError:
            scene.clock.now += VISIBILITY_SECONDS
            continue
        break
    assert result.verdict is not Verdict.FAILED, result
    assert result.task_id is not None
    for _ in range(100):
        if scene.queued:
            try:
                step = scene.send(scene.queued[0][0])
            except KilledError:
                scene.clock.now += VISIBILITY_SECONDS
                continue
            if step.wait_seconds is None:
                scene.queued.pop(0)
            else:
                scene.clock.now += step.wait_seconds
            continue
        task = scene.task(result.task_id)
        if task.untold is None and (task.is_ended or task.state == "UNCERTAIN"):
            return scene, task
        scene.clock.now += 3700
        scene.sweep()
    raise AssertionError(f"it never ends: {scene.task(result.task_id)}")


def points() -> list[tuple[str, int, str]]:
    """Every call of every story, before and after it."""
    found = []
    for name in STORIES:
        killer = Killer()
        run(name, killer)
        found += [(name, at, when) for at in range(len(killer.calls)) for when in ("before", "after")]
    return found


POINTS = points()


def test_the_stories_have_every_call() -> None:
    called = set()
    for name in STORIES:
        killer = Killer()
        run(name, killer)
        called |= set(killer.calls)
    assert called == {
        "write",
        "put",
        "attributes",
        "actions",
        "destination",
        "upload",
        "send",
        "PutEvents",
    }
    assert len(POINTS) > 100


@pytest.mark.parametrize("name", STORIES)
def test_unkilled_each_story_ends_as_it_should(name: str) -> None:
    scene, task = run(name, Killer())
    ends = ENDS[name] - {"UNCERTAIN"} or ENDS[name]
    assert task.state in ends
    assert len(scene.told) == 1


@pytest.mark.parametrize(("name", "at", "when"), POINTS)
def test_killed_anywhere_the_message_is_sent_at_most_once_and_its_end_is_told(
    name: str, at: int, when: str
) -> None:
    scene, task = run(name, Killer(at, when))
    assert len(scene.amazon.inbox) <= 1
    assert task.state in ENDS[name]
    if task.state == "SENT":
        assert len(scene.amazon.inbox) == 1
    if task.is_ended:
        assert (task.content, task.sweep) == (None, None)
    types = {detail_type for detail_type, _ in scene.told}
    assert types == {f"Message{str(task.state).title().replace('_A', 'A')}"}
    # Told twice at the most, and then with the same id.
    assert len(scene.told) <= 2
    assert len({detail["eventId"] for _, detail in scene.told}) == 1
    assert len([key for key in scene.table.rows if key[0].startswith("message-task/")]) == 1


def test_killed_between_the_answer_and_its_row_it_is_uncertain_and_not_sent_again() -> None:
    scene = Scene()
    task = scene.accepted()

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "write" and scene.amazon.count("send"):
            raise KilledError
        return call()

    scene.around = around
    with pytest.raises(KilledError):
        scene.send(task)
    scene.around = lambda name, call: call()
    for _ in range(4):
        step = scene.send(task)
        scene.clock.now += step.wait_seconds or 0
    assert scene.task(task).state == "UNCERTAIN"
    assert scene.amazon.count("send") == 1
