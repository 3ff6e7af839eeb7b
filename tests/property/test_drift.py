"""Drift is told where something was changed behind our back, and only there; no crash loses or invents it."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sellerbus.api.errors import RetryableError, ThrottledError
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.wanted import (
    EVENT_BRIDGE,
    KEEP,
    REPLACE,
    SQS,
    Destinations,
    Wanted,
    WantedSubscription,
    canonical,
)
from tests.unit.subscriptions.fake_amazon import FakeAmazon, KilledError, Moment, no_fault
from tests.unit.subscriptions.fake_registry import FakeRegistry, row
from tests.unit.subscriptions.fake_states import FakeEvents, FakeStates, reconciler

OURS, BRIDGE, FOREIGN = "ours", "bridge", "foreign"
TYPES = ("ORDER_CHANGE", "PRICING_HEALTH")
JOB = SellerJob("A1")

versions = st.sampled_from(["1.0", "2.0"])
directives: st.SearchStrategy[dict[str, object] | None] = st.sampled_from(
    [None, {"eventFilter": {"x": 1}}, {"filterExpression": "a"}]
)
New = tuple[str, str, str, dict[str, object] | None]
Action = tuple[str, int, New]

subscriptions: st.SearchStrategy[New] = st.tuples(
    st.sampled_from(TYPES), versions, st.sampled_from([OURS, BRIDGE, FOREIGN]), directives
)
wanted_rows = st.lists(
    st.builds(
        WantedSubscription, st.sampled_from(TYPES), versions, directives, st.sampled_from([SQS, EVENT_BRIDGE])
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda each: (each.notification_type, each.payload_version),
)


@dataclass
class World:
    """One settled seller, and everything of it that a crash leaves behind."""

    wanted: Wanted
    amazon: FakeAmazon
    registry: FakeRegistry = field(default_factory=lambda: FakeRegistry.of(row("A1")))
    states: FakeStates = field(default_factory=FakeStates)
    events: FakeEvents = field(default_factory=FakeEvents)

    def run(self) -> Outcome:
        one = reconciler(self.registry, self.amazon, self.states, events=self.events)
        outcome = one.run(JOB, lambda: self.wanted)
        assert outcome is not None
        return outcome

    @property
    def told(self) -> set[str]:
        return {str(event.detail["eventId"]) for event in self.events.published}

    @property
    def ours(self) -> list[tuple[str, str, str, str]]:
        return sorted(
            (name, item.payload_version, item.destination_id, canonical(item.directive))
            for (_, name), rows in self.amazon.held.items()
            for item in rows
            if item.destination_id != FOREIGN
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    rows = tuple(draw(wanted_rows))
    wanted = Wanted(Destinations(OURS, BRIDGE), draw(st.sampled_from([KEEP, REPLACE])), rows)
    amazon = FakeAmazon(side_by_side=draw(st.booleans()))
    for number, (name, version, destination, directive) in enumerate(
        draw(st.lists(subscriptions, max_size=4))
    ):
        # Types that nobody ever wanted are not looked at.
        if name in wanted.types:
            amazon.put("A1", name, Subscription(f"start-{number}", version, destination, directive))
    world = World(wanted, amazon)
    assert world.run().drifted == []
    world.events.published.clear()
    amazon.calls.clear()
    return world


@st.composite
def meddlings(draw: st.DrawFn) -> list[Action]:
    """What somebody does at Amazon: to the so-and-so-many-th subscription, or with a new one."""
    kinds = st.sampled_from(["delete", "point elsewhere", "alter", "add"])
    return draw(st.lists(st.tuples(kinds, st.integers(0, 5), subscriptions), max_size=3))


def meddle(world: World, actions: list[Action]) -> None:
    for number, (kind, which, new) in enumerate(actions):
        if kind == "add":
            name, version, destination, directive = new
            if name in world.wanted.types:
                added = Subscription(f"added-{number}", version, destination, directive)
                world.amazon.put("A1", name, added)
            continue
        places = [(key, item) for key, rows in sorted(world.amazon.held.items()) for item in rows]
        if not places:
            continue
        key, item = places[which % len(places)]
        world.amazon.held[key].remove(item)
        if kind == "point elsewhere":
            item = replace(item, subscription_id=f"moved-{number}", destination_id=FOREIGN)
            world.amazon.put(*key, item)
        elif kind == "alter":
            item = replace(item, subscription_id=f"altered-{number}", directive={"eventFilter": {"x": 2}})
            world.amazon.put(*key, item)


@settings(max_examples=300)
@given(world=worlds(), actions=meddlings())
def test_drift_is_told_where_something_was_changed_and_nowhere_else(
    world: World, actions: list[Action]
) -> None:
    before = world.ours
    meddle(world, actions)
    changed = world.ours != before
    blocked_before = set(world.states.rows["A1"].record.blocked)
    outcome = world.run()
    assert bool(outcome.drifted) == changed
    told = {
        f"{event.detail['notificationType']} {event.detail['payloadVersion']}"
        for event in world.events.published
    }
    assert told == {finding.row for finding in outcome.drifted} | set(outcome.blocked)
    assert not blocked_before & {finding.row for finding in outcome.drifted if finding.drift == "missing"}
    world.events.published.clear()
    again = world.run()
    assert not again.drifted
    assert not again.changed


@settings(max_examples=500)
@given(
    world=worlds(),
    actions=meddlings(),
    number=st.integers(0, 14),
    moment=st.sampled_from(["before", "after"]),
    place=st.sampled_from(["call", "publish", "begin", "leave"]),
    error=st.sampled_from([KilledError(), ThrottledError("x", 5), RetryableError("x", "down")]),
)
def test_an_interrupted_run_loses_no_finding_and_invents_none(
    world: World,
    actions: list[Action],
    number: int,
    moment: Moment,
    place: str,
    error: BaseException,
) -> None:
    """Broken off at any call of Amazon, after telling, before noting it, before the lease is given back."""
    meddle(world, actions)
    undisturbed = copy.deepcopy(world)
    undisturbed.run()

    def broken() -> None:
        raise error

    if place == "call":
        world.amazon.fault = lambda at, _, when: error if (at, when) == (number, moment) else None
    hooks: dict[str, Callable[[Callable[[], None]], None]] = {
        "publish": lambda hook: setattr(world.events, "on_publish", hook),
        "begin": lambda hook: setattr(world.states, "on_begin", hook),
        "leave": lambda hook: setattr(world.states, "on_leave", hook),
    }
    if place in hooks:
        hooks[place](broken)
    with contextlib.suppress(KilledError, Exception):
        world.run()
    world.amazon.fault = no_fault
    for reset in hooks.values():
        reset(lambda: None)
    world.states.wait_for_leases()
    world.run()
    assert world.told == undisturbed.told
    assert world.ours == undisturbed.ours
    world.events.published.clear()
    last = world.run()
    assert not last.drifted
    assert not last.changed
