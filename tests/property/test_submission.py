"""createFeed is carried out at most once for a task, whatever is lost, late or killed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from sellerbus.feeds.settlement import ListedFeed, judge
from sellerbus.feeds.submission import (
    State,
    Submission,
    WrongStateError,
    accepted,
    crashed,
    not_done,
    opened,
    refused,
    settled,
    unknown,
    window,
)

LEASE, SETTLE = 60.0, 300.0
TYPE, MARKETPLACES = "JSON_LISTINGS_FEED", ("A",)


@dataclass(frozen=True)
class Fate:
    """What becomes of one call: done or not; how the caller learns of it; when its feed is listed."""

    done: bool
    answer: str
    lag: float
    late: float


fates = st.builds(
    Fate,
    st.booleans(),
    st.sampled_from(["in time", "lost", "late", "killed", "throttled", "refused"]),
    st.floats(0, SETTLE - LEASE),
    st.floats(0, 2000),
)


@dataclass
class World:
    """One task, its caller, and Amazon; time goes on in steps."""

    fates: list[Fate]
    settle: float = SETTLE
    foreign_possible: bool = False
    now: float = 1_700_000_000.0
    submission: Submission = field(default_factory=Submission)
    feeds: list[tuple[str, float, float]] = field(default_factory=list)
    late_answers: list[tuple[float, int, str]] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    alarms: int = 0

    def run(self) -> None:
        for fate in self.fates:
            if self.submission.state is not State.PENDING:
                break
            self._attempt(fate)
            self._settle()
        self.now += 5000
        self._deliver()

    def _attempt(self, fate: Fate) -> None:
        self.submission = opened(self.submission, self.now, LEASE)
        attempt = self.submission.attempt
        self.now += 1
        if fate.answer == "throttled":
            self.submission = not_done(self.submission, attempt)
            return
        if fate.answer == "refused":
            self.submission = refused(self.submission, attempt, "400")
            return
        feed_id = f"f{len(self.feeds) + 1}"
        if fate.done:
            self.feeds.append((feed_id, self.now, self.now + fate.lag))
        if fate.done and fate.answer == "in time":
            self.told.add(feed_id)
            self.submission = accepted(self.submission, attempt, feed_id)
            return
        if fate.done and fate.answer == "late":
            self.late_answers.append((self.now + fate.late, attempt, feed_id))
        self.now += LEASE
        assert crashed(self.submission, self.now)
        self.submission = unknown(self.submission, attempt, self.now, self.settle)

    def _settle(self) -> None:
        if self.submission.state is not State.SETTLING:
            return
        self.now += self.settle
        self._deliver()
        if self.submission.state is not State.SETTLING:
            return
        listed = [
            ListedFeed(feed_id, TYPE, datetime.fromtimestamp(created, UTC).isoformat(), MARKETPLACES)
            for feed_id, created, seen in self.feeds
            if seen <= self.now
        ]
        verdict = judge(
            [listed],
            (),
            window(self.submission, TYPE, MARKETPLACES, self.now),
            complete=True,
            foreign_possible=self.foreign_possible,
        )
        self.submission = settled(self.submission, verdict)

    def _deliver(self) -> None:
        due = [each for each in self.late_answers if each[0] <= self.now]
        self.late_answers = [each for each in self.late_answers if each[0] > self.now]
        for _, attempt, feed_id in due:
            self.told.add(feed_id)
            try:
                self.submission = accepted(self.submission, attempt, feed_id)
            except WrongStateError:
                self.alarms += 1


def consistent(world: World) -> bool:
    """At most one feed, and a SUBMITTED task has it."""
    made = [feed_id for feed_id, _, _ in world.feeds]
    if world.submission.state is State.SUBMITTED:
        return made == [world.submission.feed_id] and world.alarms == 0
    return len(made) <= 1


@settings(deadline=None, max_examples=1000)
@given(st.lists(fates, min_size=1, max_size=6), st.booleans())
def test_at_most_one_feed_where_listings_keep_to_the_settle_time(each: list[Fate], foreign: bool) -> None:
    world = World(each, foreign_possible=foreign)
    world.run()
    assert consistent(world)
    assert world.submission.state not in {State.SUBMITTING, State.SETTLING}


@settings(deadline=None, max_examples=1000)
@given(st.lists(fates, min_size=1, max_size=6), st.floats(0, 200))
def test_two_feeds_are_never_taken_for_one_in_silence(each: list[Fate], settle: float) -> None:
    """With a settle time that is too short two feeds come about; where answers show it, a person is told."""
    world = World(each, settle=settle)
    world.run()
    if len(world.told) > 1:
        assert world.submission.state is State.UNCERTAIN or world.alarms


def test_a_settle_time_that_is_too_short_is_what_breaks_it() -> None:
    """The search finds the fault that the settle time keeps away, so it would find others."""

    def breaks(each: list[Fate]) -> bool:
        world = World(each, settle=1.0)
        world.run()
        return not consistent(world)

    try:
        example = find(st.lists(fates, min_size=1, max_size=3), breaks)
    except NoSuchExample:
        raise AssertionError("no fault was found") from None
    assert len(example) >= 2
