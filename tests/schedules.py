"""Runs a world through every schedule, breadth first.

Within its budgets (of faults, of steps of time) all schedules are run; from a state that was seen before
nothing new can follow, so it is not gone through twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class CrashError(BaseException):
    """The function's process is gone."""


class ViolationError(AssertionError):
    """What is guaranteed does not hold."""


class World(Protocol):
    """What is run. It does the same where it is given the same steps.

    outcome: what it has come to, once it is finished. actors: each runs real code in a greenlet, `thread`.
    """

    @property
    def finished(self) -> bool: ...

    @property
    def outcome(self) -> str: ...

    @property
    def actors(self) -> Sequence[Any]: ...

    def options(self) -> list[tuple[str, ...]]: ...

    def take(self, option: tuple[str, ...]) -> None: ...

    def signature(self) -> str: ...

    def check_end(self) -> None: ...


@dataclass
class Search:
    """What a search went through. violation: the first one, with the schedule that leads to it; ends: what
    the world can have come to.
    """

    schedules: int = 0
    states: int = 0
    violation: str | None = None
    ends: set[str] = field(default_factory=set)


def explore(
    new_world: Callable[[], World],
    *,
    most_schedules: int = 200_000,
    most_steps: int = 300,
    prune: bool = True,
) -> Search:
    """Run every schedule; stops at the first violation, which is a short one."""
    search = Search()
    seen: set[str] = set()
    pending: deque[tuple[int, ...]] = deque([()])
    while pending:
        prefix = pending.popleft()
        search.schedules += 1
        if search.schedules > most_schedules:
            raise AssertionError(f"more than {most_schedules} schedules: make the scenario smaller")
        world = new_world()
        taken: list[tuple[str, ...]] = []
        choices: list[int] = []
        try:
            while not world.finished:
                options = world.options()
                position = len(choices)
                if position >= len(prefix):
                    signature = world.signature()
                    if prune and signature in seen:
                        break
                    seen.add(signature)
                    pending += [(*choices, other) for other in range(1, len(options))]
                choice = prefix[position] if position < len(prefix) else 0
                choices.append(choice)
                _check_progress(options, position, most_steps)
                taken.append(options[choice])
                world.take(options[choice])
            else:
                world.check_end()
                search.ends.add(world.outcome)
        except ViolationError as violation:
            search.violation = f"{violation}\n" + "\n".join(" ".join(step) for step in taken)
            break
        finally:
            for actor in world.actors:
                if not actor.thread.dead:
                    actor.thread.throw(CrashError())
    search.states = len(seen)
    return search


def _check_progress(options: list[tuple[str, ...]], position: int, most_steps: int) -> None:
    if not options:
        raise ViolationError("nothing can happen any more")
    if position > most_steps:
        raise ViolationError("it never ends")
