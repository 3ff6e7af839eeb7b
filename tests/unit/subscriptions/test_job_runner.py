"""What becomes of a job: done, sent on, or given up; and when it comes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sellerbus.api.booking import Booking
from sellerbus.api.errors import RetryableError, ThrottledError
from sellerbus.notifications.deletion_turns import DeletionsWaitError
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.job_runner import LONGEST_WAIT_SECONDS, JobRunner
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.subscription_state import SellerBusyError
from sellerbus.notifications.wanted import KEEP, Destinations, Wanted
from tests.unit.subscriptions.fake_registry import FakeQueue

NOW = 1_000_000.0
BOOKED = Booking("delete", "", 8, NOW + 100.0, 1.0)


@dataclass
class Reconciler:
    error: Exception | None = None
    jobs: list[SellerJob] = field(default_factory=list)

    def run(
        self, job: SellerJob, wanted: Callable[[], Wanted], *, drifted: list[Finding] | None
    ) -> Outcome | None:
        self.jobs.append(job)
        if self.error is not None:
            raise self.error
        return Outcome()


@dataclass
class Dead:
    letters: list[tuple[str, str]] = field(default_factory=list)

    def put(self, text: str, reason: str) -> None:
        self.letters.append((text, reason))


class Setting:
    def __init__(self, error: Exception | None = None, *, now: float = NOW, chance: float = 0.5) -> None:
        self.reconciler, self.queue, self.dead = Reconciler(error), FakeQueue(), Dead()
        self.runner = JobRunner(
            reconciler=self.reconciler,
            wanted=lambda: Wanted(Destinations("d"), KEEP, ()),
            queue=self.queue,
            dead=self.dead,
            clock=lambda: now,
            chance=lambda: chance,
        )

    def do(self, job: SellerJob) -> str:
        return self.runner.do(job.to_text()).kind


JOB = SellerJob("A1", ("OLD",), attempt=2)


def test_turns_that_are_booked_are_carried_so_that_looking_is_done_when_they_are_due() -> None:
    it = Setting(DeletionsWaitError(8, BOOKED, look_seconds=4.6))
    assert it.do(JOB) == "waiting"
    (again,) = it.queue.jobs
    assert (again.booked, again.deletions, again.look_seconds) == (BOOKED, 8, 4.6)
    assert (again.attempt, again.waiting_since) == (2, NOW)
    assert it.queue.delays == [95]
    assert SellerJob.from_text(again.to_text()) == again


def test_turns_that_are_due_before_looking_is_done_are_not_waited_for() -> None:
    it = Setting(DeletionsWaitError(8, Booking("delete", "", 8, NOW + 3, 1.0), look_seconds=4.6))
    it.do(JOB)
    assert it.queue.delays == [0]


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 120), (0.5, 180), (1.0, 240)])
def test_without_turns_it_comes_again_spread_over_two_minutes(chance: float, seconds: int) -> None:
    it = Setting(DeletionsWaitError(8, None, look_seconds=4.6), chance=chance)
    assert it.do(JOB) == "waiting"
    (again,) = it.queue.jobs
    assert (again.booked, again.deletions, again.look_seconds) == (None, 8, 4.6)
    assert it.queue.delays == [seconds]


def test_waiting_is_no_attempt_but_ends_after_four_days_with_its_reason() -> None:
    for error in (ThrottledError("getSubscriptions", 5), DeletionsWaitError(8, None, 0.0)):
        since = NOW - LONGEST_WAIT_SECONDS
        patient = Setting(error)
        assert patient.do(SellerJob("A1", attempt=40, waiting_since=since)) == "waiting"
        assert patient.queue.jobs[0].waiting_since == since
        over = Setting(error, now=NOW + 1)
        assert over.do(SellerJob("A1", ("OLD",), deletions=8, waiting_since=since)) == "given-up"
        ((text, reason),) = over.dead.letters
        assert SellerJob.from_text(text) == SellerJob("A1", ("OLD",))
        assert "more than four days" in reason


@pytest.mark.parametrize("error", [RetryableError("x", "down"), SellerBusyError("A1", 100)])
def test_what_is_tried_anew_looks_anew(error: Exception) -> None:
    it = Setting(error)
    it.do(SellerJob("A1", deletions=8, booked=BOOKED, look_seconds=4.0, waiting_since=NOW - 9))
    assert it.queue.jobs == [SellerJob("A1", attempt=2, waiting_since=NOW - 9)]


def test_a_throttled_job_looks_anew_as_well() -> None:
    it = Setting(ThrottledError("deleteSubscriptionById", 41.2))
    it.do(SellerJob("A1", deletions=8, booked=BOOKED))
    assert it.queue.jobs == [SellerJob("A1", waiting_since=NOW)]
    assert it.queue.delays == [42]


def test_a_message_that_is_no_job_is_given_up() -> None:
    it = Setting()
    assert it.runner.do('{"sellerId": "A1", "booked": {}}').kind == "given-up"
    assert "booked" in it.dead.letters[0][1]
    assert it.reconciler.jobs == []
