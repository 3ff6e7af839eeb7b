"""Waits for message tasks: until they are taken up, and until they have ended or need a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from ops import live
from ops.errors import FAILED, PARTLY
from ops.message_tasks import MessageTasks, settled, words
from sellerbus.messaging.task import MessageState, MessageTask

TAKEN_UP_SECONDS: Final = 120.0
"""The queue and the function take a second or two as a rule."""

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 15.0
_GROWTH: Final = 1.2

Sleep = Callable[[float], object]
Found = TypeVar("Found")


def follow(tasks: MessageTasks, task: MessageTask, *, sleep: Sleep, seconds: float) -> MessageTask:
    """Follow a task, showing its states, until it has ended, needs a person, or the time is over."""
    with live.states(task.task_id) as shown:

        def look() -> MessageTask:
            now = tasks.find(task.task_id) or task
            # How it ends is told with the reason by whoever follows it.
            if not settled(now):
                shown.reached(_told(now))
            return now

        return until(look, settled, sleep, seconds)


def follow_all(
    places: Sequence[tuple[MessageTasks, Iterable[str]]],
    *,
    sleep: Sleep,
    seconds: float,
    looked: Callable[[Sequence[MessageTask]], object] = len,
) -> Iterator[tuple[MessageTasks, MessageTask]]:
    """Follow many tasks, of several cells, and yield each once, when it has ended or needs a person.

    looked: is told after each look of those that are not settled yet.
    When the time is over those that are not settled are yielded as they were seen last; those that were not
    taken up by then are not.
    """
    waiting = [(tasks, set(task_ids)) for tasks, task_ids in places]
    for _ in _looks(sleep, seconds):
        unsettled = []
        for tasks, task_ids in waiting:
            for task_id, task in tasks.find_all(sorted(task_ids)).items():
                if settled(task):
                    task_ids.discard(task_id)
                    yield tasks, task
                else:
                    unsettled.append((tasks, task))
        if not any(task_ids for _, task_ids in waiting):
            return
        looked([task for _, task in unsettled])
    yield from unsettled


def exit_code(task: MessageTask) -> int:
    """Return the code with which a command ends that has waited for the task."""
    if not task.is_ended:
        return PARTLY
    return 0 if task.state is MessageState.SENT else FAILED


def until(look: Callable[[], Found], enough: Callable[[Found], bool], sleep: Sleep, seconds: float) -> Found:
    """Look, ever less often, until it is enough or the time is over; return what was seen last."""
    for _ in _looks(sleep, seconds):
        found = look()
        if enough(found):
            break
    return found


def _looks(sleep: Sleep, seconds: float) -> Iterator[None]:
    """Yield whenever it is time for a look, at least once, ever less often until the time is over."""
    left, pause = seconds, _FIRST_PAUSE_SECONDS
    while True:
        began = time.monotonic()
        yield
        if left <= 0:
            return
        waited = min(pause, left)
        sleep(waited)
        # What is waited counts even where the clock says less: a test's sleep takes no time.
        left -= max(waited, time.monotonic() - began)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)


def _told(task: MessageTask) -> str:
    """The state, and what keeps the task from its next step where it says so."""
    if task.waits and not task.is_ended:
        return f"{task.state}: {task.waits.get('reason')}"
    return words(task)
