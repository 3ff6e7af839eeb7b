"""Each listing change is in exactly one feed exactly once, and those of a SKU in their order.

The real code runs in several invocations at once, each a greenlet that hands over at every call to AWS. Who
goes on, what is delivered, what breaks and when time passes is drawn; then all faults end, and everything
must come to its end.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from greenlet import getcurrent, greenlet
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.feeds.changes_world import FATES, WINDOW, World, change, number_of, sent_numbers

SKUS = ("A", "B", "C")
MOST_RUNNING = 4


@dataclass
class Schedule:
    """Draws what happens. faults: how many calls are broken at most."""

    chance: random.Random
    faults: int
    world: World = field(default_factory=lambda: World(most_changes=4))
    running: list[greenlet] = field(default_factory=list)
    number: int = 0
    sent: dict[int, str] = field(default_factory=dict)
    kept: dict[int, int] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    looking: dict[Any, int] = field(default_factory=dict)
    step: int = 0

    def run(self, steps: int) -> None:
        hub = getcurrent()

        def hand_over(name: str) -> None:
            if getcurrent() is not hub:
                if name == "query" and "open/" in str(self.world.asked):
                    # The batch's choice begins here: what is kept by now, it must see.
                    self.looking[getcurrent()] = self.step
                hub.switch()

        def fate(name: str, number: int) -> str:
            if self.faults and getcurrent() is not hub and self.chance.random() < 0.08:
                self.faults -= 1
                return self.chance.choice(FATES)
            return "go on"

        self.world.before_call, self.world.fate = hand_over, fate
        for self.step in range(steps):
            self._one_step()
            self._note()
        self.faults = 0
        while self.running:
            self._go_on(self.running[0])
            self._note()
        self.world.before_call = lambda name: None
        self.world.settle()
        self._note()

    def _one_step(self) -> None:
        action = self.chance.random()
        if self.running and action < 0.6:
            self._go_on(self.chance.choice(self.running))
        elif action < 0.75:
            self._send()
        elif action < 0.9 and self.world.due() and len(self.running) < MOST_RUNNING:
            self._invoke()
        elif action < 0.95:
            self.world.later(self.chance.choice((0.001, 1, 20, 35, WINDOW)))
        else:
            self.world.end_feeds()

    def _send(self) -> None:
        self.number += 1
        self.sent[self.number] = self.chance.choice(SKUS)
        self.world.later(0.001)
        self.world.send(change(self.number, self.sent[self.number]))
        if self.chance.random() < 0.2:
            again = self.chance.choice(list(self.sent))
            self.world.send(change(again, self.sent[again]))

    def _invoke(self) -> None:
        due = self.world.due()
        self.chance.shuffle(due)
        self.world.queue = {each.message_id: each for each in (*due, *self.world.queue.values())}
        deliveries = self.world.receive(self.chance.randint(1, 4))
        if self.chance.random() < 0.2:
            # A standard queue may deliver a message twice.
            for delivery in deliveries:
                self.world.queue[delivery.message.message_id].visible_at = self.world.clock.now
        self.running.append(greenlet(lambda: self.world.invoke(deliveries)))

    def _go_on(self, invocation: greenlet) -> None:
        invocation.switch()
        self._note_choices(self.looking.get(invocation, 0))
        if invocation.dead:
            self.running.remove(invocation)

    def _note_choices(self, step: int) -> None:
        for _, key in list(self.world.objects):
            if key.endswith("/feed.json"):
                self.chosen.setdefault(key.split("/")[1], step)

    def _note(self) -> None:
        for number in self.sent:
            if number not in self.kept and self.world.change_row(f"c{number:03d}"):
                self.kept[number] = self.step

    def order(self, number: int) -> str:
        """The place of a change by its row: a copy may come before the message it is a copy of."""
        row = self.world.change_row(f"c{number:03d}")
        assert row is not None
        return str(row["order"]["S"])

    def assert_in_order(self) -> None:
        """Whatever was kept when a batch was chosen goes before later changes of its SKU."""
        feeds = list(self.world.feeds)
        feed_of = {number_of(each): task for task in feeds for each in self.world.feeds[task]}
        for later, sku in self.sent.items():
            chosen = self.chosen.get(feed_of[later], 0)
            for earlier in self.sent:
                goes_before = self.sent[earlier] == sku and self.order(earlier) < self.order(later)
                if goes_before and self.kept[earlier] < chosen:
                    assert feeds.index(feed_of[earlier]) < feeds.index(feed_of[later])


# The seed is drawn, and not each choice: a schedule can't be made simpler bit by bit.
@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), faults=st.integers(0, 6), steps=st.integers(20, 250))
def test_each_change_is_in_one_feed_once(seed: int, faults: int, steps: int) -> None:
    schedule = Schedule(random.Random(seed), faults)  # noqa: S311 - drawn by hypothesis, to be repeated
    schedule.run(steps)
    world = schedule.world
    assert sent_numbers(world) == dict.fromkeys(schedule.sent, 1)
    assert world.open_rows() == []
    assert world.events == []
    contents: dict[str, set[bytes]] = {}
    for task_id, content, _ in world.handed_over:
        contents.setdefault(task_id, set()).add(content)
    assert all(len(each) == 1 for each in contents.values())
    for messages in world.feeds.values():
        assert len(messages) <= 4
        assert len({each["sku"] for each in messages}) == len(messages)
        places = [schedule.order(number_of(each)) for each in messages]
        assert places == sorted(places)
    schedule.assert_in_order()
