"""Runs a world of submissions through every schedule, breadth first.

Within its budgets all schedules are run; from a state that was seen before nothing new can follow, so it is
not gone through twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.unit.feeds.submission_world import CrashError, Scenario, ViolationError, World


@dataclass
class Search:
    """What a search went through. violation: the first one, with the schedule that leads to it."""

    schedules: int = 0
    states: int = 0
    violation: str | None = None
    ends: set[str] = field(default_factory=set)


def explore(
    scenario: Scenario,
    new_world: Callable[[Scenario], World] = World,
    *,
    most_schedules: int = 60_000,
    most_steps: int = 300,
) -> Search:
    """Run every schedule of a scenario; stops at the first violation, which is a short one."""
    search = Search()
    seen: set[str] = set()
    pending: deque[tuple[int, ...]] = deque([()])
    while pending:
        prefix = pending.popleft()
        search.schedules += 1
        if search.schedules > most_schedules:
            raise AssertionError(f"more than {most_schedules} schedules: make the scenario smaller")
        world = new_world(scenario)
        taken: list[tuple[str, ...]] = []
        choices: list[int] = []
        try:
            while not world.finished:
                options = world.options()
                position = len(choices)
                if position >= len(prefix):
                    signature = world.signature()
                    if signature in seen:
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
                search.ends.add(world.fates)
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
