"""Runs a world through every schedule, breadth first.

Within a budget of faults and of free time steps all schedules are run; from a state that was seen before
nothing new can follow, so it is not gone through twice.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.unit.notifications.protocol_world import CrashError, Scenario, ViolationError, World


@dataclass
class Search:
    """What a search went through. `violation` is the first one, with the schedule that leads to
    it; `ends` what the world can have come to."""

    schedules: int = 0
    states: int = 0
    violation: str | None = None
    ends: set[str] = field(default_factory=set)


def explore(
    scenario: Scenario,
    new_world: Callable[[Scenario], World] = World,
    *,
    most_schedules: int = 200_000,
    prune: bool = True,
) -> Search:
    """Run every schedule of a scenario, breadth first; stops at the first violation, a short one."""
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
            for options in _steps(world):
                position = len(choices)
                if position >= len(prefix):
                    signature = world.signature()
                    if prune and signature in seen:
                        break
                    seen.add(signature)
                    pending += [(*choices, alternative) for alternative in range(1, len(options))]
                choice = prefix[position] if position < len(prefix) else 0
                choices.append(choice)
                taken.append(options[choice])
                world.take(options[choice])
            else:
                world.check_end()
                search.ends.add(repr((world.published, world.rejected, world.fates)))
        except ViolationError as violation:
            search.violation = f"{violation}\n" + "\n".join(" ".join(step) for step in taken)
            break
        finally:
            for actor in world.actors:
                if not actor.thread.dead:
                    actor.thread.throw(CrashError())
    search.states = len(seen)
    return search


def _steps(world: World) -> Iterator[list[tuple[str, ...]]]:
    while not world.finished:
        yield world.options()
