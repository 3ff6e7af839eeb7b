"""A world in which following a feed runs through every interleaving.

The state machine, and each delivery of a notification, are invocations of the real code that hand over before
every call to AWS or Amazon. A schedule says at each of these points who goes on, who dies, and when a wait
times out. `explore` runs all schedules within the budgets; from a state that was seen before nothing new can
follow, so it is not gone through twice.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from greenlet import getcurrent, greenlet

from sellerbus.aws.task_table import TaskTable
from sellerbus.aws.task_tokens import TaskTokens
from sellerbus.feeds.following import FeedFollower
from sellerbus.feeds.processed import ProcessedFeeds
from sellerbus.feeds.task import TaskState, iso
from sellerbus.feeds.task_store import TaskStore, feed_key
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.unit.feeds.following_scene import FEED, FakeEvents, FakeFeeds, notice, processing
from tests.unit.feeds.tasks import NOW, SELLER, Clock


class CrashError(BaseException):
    """The function's process is gone."""


class ViolationError(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True)
class Scenario:
    """The budgets of a search. statuses: of the notifications that come. seen: what getFeed shows.

    submitted: the world begins where the execution is to wait, and not where the feed is to be bound.
    slow: a function may be so slow that its wait is over before it is.
    """

    statuses: tuple[str, ...] = ("DONE",)
    seen: str = "IN_PROGRESS"
    submitted: bool = True
    slow: bool = False
    timeouts: int = 1
    crashes: int = 0
    follower: type[FeedFollower] = FeedFollower
    processed: type[ProcessedFeeds] = ProcessedFeeds


@dataclass
class Invocation:
    """One run of a function. again: called where it died."""

    name: str
    thread: Any
    again: Callable[[], None]
    history: list[str] = field(default_factory=list)
    waiting_at: str = "begin"


class _Door:
    """Stands for a client: every call hands over before it is carried out."""

    def __init__(self, world: World, inner: Any) -> None:
        self._world = world
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._inner, name)

        def call(*args: Any, **request: Any) -> Any:
            self._world.hand_over(name)
            try:
                answer = inner(*args, **request)
            except Exception as error:
                self._world.remember(f"{name} raised {error}")
                raise
            self._world.remember(f"{name} {answer}")
            return answer

        return call


class World:
    """The state machine's execution from the submission on, the notifications, and what they work on."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.timeouts_left = scenario.timeouts
        self.crashes_left = scenario.crashes
        self._hub = getcurrent()
        self._clock = Clock()
        self.table = FakeTable()
        self.amazon = FakeFeeds()
        self.amazon.feeds = [scenario.seen]
        self.live: list[Invocation] = []
        self.step = ""
        self.token: str | None = None
        self.tokens = 0
        self.end: str | None = None
        store = TaskStore(TaskTable(self.table.client, "tasks", sleep=self._clock.sleep), now=self._clock)
        submitting = {"state": TaskState.SUBMITTING, "feed_id": None}
        store.create(processing(**({} if scenario.submitted else submitting)))
        if scenario.submitted:
            store.bind(SELLER, FEED, "t1")
        self._store = TaskStore(
            TaskTable(_Door(self, self.table), "tasks", sleep=self._clock.sleep), now=self._clock
        )
        self._tokens = TaskTokens(_Door(self, self))
        self._enter("await" if scenario.submitted else "submit")
        for number, status in enumerate(scenario.statuses):
            self._deliver(number, status)

    # What the invocations do.

    def _invoke(self, name: str, work: Callable[[], None], again: Callable[[], None]) -> None:
        thread = greenlet(work, self._hub)
        self.live.append(Invocation(name, thread, again))

    def _deliver(self, number: int, status: str) -> None:
        def work() -> None:
            feeds = self.scenario.processed(store=self._store, tokens=self._tokens)
            feeds.take(notice(status))
            self.hand_over("answer")

        self._invoke(f"notification {number}", work, lambda: self._deliver(number, status))

    def _enter(self, step: str) -> None:
        self.step = step
        self.token = None
        if step == "collect":
            self.end = step
        elif step == "await":
            self.tokens += 1
            self.token = token = f"token-{self.tokens}"
            self._run(step, lambda: self._follower().await_end("t1", token), lambda answer: None)
        elif step == "look":
            self._run(step, lambda: self._follower().look("t1"), lambda answer: self._enter(answer["next"]))
        else:
            self._run(step, self._submitted, lambda answer: self._enter("await"))

    def _run(self, step: str, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        token = self.token

        def run() -> None:
            result = work()
            self.hand_over("answer")
            if self._still_at(step, token):
                then(result.answer if result is not None else None)

        def again() -> None:
            # Step Functions repeats a step whose function died, with a new token.
            if self._still_at(step, token):
                self._enter(step)

        self._invoke(f"{step} {token or ''}", run, again)

    def _still_at(self, step: str, token: str | None) -> bool:
        return self.end is None and self.step == step and self.token == token

    def _submitted(self) -> None:
        """What submit_feed does at its end, in the least favourable order."""
        self._store.bind(SELLER, FEED, "t1")
        self._store.update(
            "t1",
            lambda task: {"state": TaskState.PROCESSING, "feed_id": FEED, "submitted_at": iso(NOW)},
        )

    def _follower(self) -> FeedFollower:
        return self.scenario.follower(
            store=self._store,
            tokens=self._tokens,
            events=FakeEvents(),
            feeds=lambda task: _Door(self, self.amazon),
            silence_seconds=60,
            now=self._clock,
        )

    def send_task_success(self, *, taskToken: str, output: str) -> Mapping[str, Any]:
        """Step Functions' side of a token."""
        if self.token is None or taskToken != self.token:
            raise client_error("SendTaskSuccess", "TaskTimedOut")
        self._enter(json.loads(output)["next"])
        return {}

    # The schedule.

    def hand_over(self, operation: str) -> None:
        """Called by an invocation: let the schedule say who goes on."""
        me = self._me()
        me.waiting_at = operation
        self._hub.switch()

    def remember(self, what: str) -> None:
        self._me().history.append(what)

    def _me(self) -> Invocation:
        return next(each for each in self.live if each.thread is getcurrent())

    def options(self) -> list[tuple[str, str]]:
        """What may happen next; none at the end."""
        found = [("go on", each.name) for each in self.live]
        # A silence is longer than a function takes to begin.
        waiting = [each for each in self.live if each.name == f"await {self.token}"]
        slow = self.scenario.slow and all(each.history for each in waiting)
        if self.token is not None and self.timeouts_left and (slow or not waiting):
            found.append(("time out", self.token))
        if self.crashes_left:
            found += [("crash", each.name) for each in self.live]
        return found

    def take(self, option: tuple[str, str]) -> None:
        """Let it happen, and check what must hold at all times."""
        kind, name = option
        ended = self._ended()
        if kind == "time out":
            self.timeouts_left -= 1
            self._enter("look")
        else:
            each = next(each for each in self.live if each.name == name)
            if kind == "crash":
                self.crashes_left -= 1
                self._kill(each)
                self.live.remove(each)
                each.again()
            else:
                each.thread.switch()
                if each.thread.dead:
                    self.live.remove(each)
        if ended is not None and self._ended() != ended:
            raise ViolationError(f"the feed's end was {ended} and is {self._ended()}")

    def _kill(self, each: Invocation) -> None:
        with suppress(CrashError):
            each.thread.throw(CrashError())

    def _ended(self) -> Any:
        return self.table.rows.get(feed_key(SELLER, FEED), {}).get("processingStatus")

    def check_end(self) -> None:
        """Nothing can happen any more but a silence: the execution must have gone on."""
        if self.end != "collect":
            raise ViolationError(f"the execution waits in {self.step} although the end was told")
        if self._ended() is None:
            raise ViolationError("the execution went on without an end")

    def close(self) -> None:
        for each in self.live:
            if not each.thread.dead:
                self._kill(each)

    def signature(self) -> str:
        """What all that follows depends on."""
        return repr(
            (
                sorted(self.table.rows.items()),
                sorted((each.name, each.waiting_at, each.history) for each in self.live),
                (self.step, self.token, self.tokens, self.end, self.timeouts_left, self.crashes_left),
            )
        )


@dataclass
class Search:
    """What a search went through. violation: the first one, with the schedule that leads to it."""

    schedules: int = 0
    states: int = 0
    violation: str | None = None


def explore(scenario: Scenario, *, most_schedules: int = 50_000) -> Search:
    """Run every schedule, breadth first; stop at the first violation."""
    search = Search()
    seen: set[str] = set()
    pending: deque[tuple[int, ...]] = deque([()])
    while pending and search.violation is None:
        search.schedules += 1
        if search.schedules > most_schedules:
            raise AssertionError(f"more than {most_schedules} schedules: make the scenario smaller")
        _run(scenario, pending, seen, search)
    search.states = len(seen)
    return search


def _run(scenario: Scenario, pending: deque[tuple[int, ...]], seen: set[str], search: Search) -> None:
    prefix = pending.popleft()
    world = World(scenario)
    choices: list[int] = []
    taken: list[tuple[str, str]] = []
    try:
        while options := world.options():
            position = len(choices)
            if position >= len(prefix):
                signature = world.signature()
                if signature in seen:
                    return
                seen.add(signature)
                pending += [(*choices, other) for other in range(1, len(options))]
            choice = prefix[position] if position < len(prefix) else 0
            choices.append(choice)
            taken.append(options[choice])
            world.take(options[choice])
        world.check_end()
    except ViolationError as violation:
        search.violation = f"{violation}\n" + "\n".join(f"{kind} {name}" for kind, name in taken)
    finally:
        world.close()
