"""One job of the subscription queue: run it, and send it on where it is to come again.

What is to come again is sent anew with a delay, so that a seller who waits for quota or for another run
doesn't make the queue look stuck. What no repeat mends goes to the dead-letter queue after a few attempts,
with its reason. Nothing is logged here: jobs of one batch are done in threads beside each other.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from sellerbus.api.errors import AuthorizationRevokedError, PermanentError, ThrottledError
from sellerbus.api.redaction import redact
from sellerbus.notifications.deletion_turns import HORIZON_SECONDS, DeletionsWaitError
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.jobs import JobError, SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.reconciliation import SubscriptionsIncompleteError
from sellerbus.notifications.subscription_state import SellerBusyError
from sellerbus.notifications.wanted import Wanted
from sellerbus.sellers.registry import UnknownStatusError, UnreadableTokenError

FIRST_RETRY_SECONDS: Final = 30
LONGEST_RETRY_SECONDS: Final = 240
"""Below what the alarm about the oldest message takes for a queue that is stuck."""

LONGEST_BUSY_SECONDS: Final = 15
"""A run takes seconds as a rule; together the attempts outlast the lease of one that was killed."""

PERMANENT_ATTEMPTS: Final = 3
MOST_ATTEMPTS: Final = 40
"""About two and a half hours: an outage at Amazon may last that long."""

LONGEST_WAIT_SECONDS: Final = 4 * 86_400.0
"""For quota, in sum. It is what 345,600 deletions take: longer waits have another cause."""

Kind = Literal["done", "nothing", "waiting", "busy", "revoked", "failed", "given-up"]


class WaitedTooLongError(Exception):
    """A job waited for Amazon's quota for longer than any backlog explains."""


@dataclass(frozen=True)
class Report:
    """What became of one job.

    kind: `nothing` was to do; `waiting` for quota and `busy` come again, `failed` too. given-up is on the
    dead-letter queue. error: why it is not done; `reason` is its text for logs. drifted: what was told of as
    changed behind our back, whatever became of the job: the run that mends it tells nothing any more.
    """

    kind: Kind
    seller_id: str
    outcome: Outcome | None = None
    error: Exception | None = None
    drifted: tuple[Finding, ...] = ()

    @property
    def reason(self) -> str:
        return reason_of(self.error) if self.error is not None else ""


class Reconciler(Protocol):
    def run(
        self, job: SellerJob, wanted: Callable[[], Wanted], *, drifted: list[Finding] | None
    ) -> Outcome | None: ...


class Queue(Protocol):
    def put_later(self, job: SellerJob, seconds: int) -> None: ...


class DeadLetters(Protocol):
    def put(self, text: str, reason: str) -> None: ...


def delayed(
    job: SellerJob, error: DeletionsWaitError, now: float, chance: Callable[[], float] = random.random
) -> tuple[SellerJob, int]:
    """Return the job as it is to be sent on for its deletions, and after how many seconds."""
    waiting = job.waiting(now, deletions=error.count, booked=error.booking, look_seconds=error.look_seconds)
    if error.booking is None:
        # Spread, so that those who were refused together don't come again together.
        return waiting, math.ceil(HORIZON_SECONDS * (1 + chance()) / 2)
    # So early that looking is done when the first turn is due.
    return waiting, max(0, math.floor(error.booking.wait_seconds(now) - error.look_seconds))


def reason_of(error: Exception) -> str:
    return redact(f"{type(error).__name__}: {error}")


class JobRunner:
    """Does jobs, in as many threads as one likes."""

    def __init__(
        self,
        *,
        reconciler: Reconciler,
        wanted: Callable[[], Wanted],
        queue: Queue,
        dead: DeadLetters,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._reconciler = reconciler
        self._wanted = wanted
        self._queue = queue
        self._dead = dead
        self._clock = clock
        self._chance = chance

    def do(self, body: str) -> Report:
        """Do the job in a message. Raises what the queues raise: then the message itself must come again."""
        try:
            job = SellerJob.from_text(body)
        except JobError as error:
            return self._give_up("", body, error)
        drifted: list[Finding] = []
        return replace(self._done(job, drifted), drifted=tuple(drifted))

    def _done(self, job: SellerJob, drifted: list[Finding]) -> Report:
        try:
            outcome = self._reconciler.run(job, self._wanted, drifted=drifted)
        except DeletionsWaitError as error:
            return self._wait(*delayed(job, error, self._clock(), self._chance), error)
        except ThrottledError as error:
            seconds = _within(error.seconds, LONGEST_RETRY_SECONDS)
            return self._wait(job.waiting(self._clock()), seconds, error)
        except SellerBusyError as error:
            return self._again("busy", job, error, min(LONGEST_BUSY_SECONDS, error.seconds))
        except AuthorizationRevokedError as error:
            # The row is marked by now: a repeat would change nothing until the seller is added anew.
            return Report("revoked", job.seller_id, error=error)
        except Exception as error:  # noqa: BLE001 - one job's failure, whatever it is, is that job's alone
            if _is_permanent(error) and job.attempt >= PERMANENT_ATTEMPTS:
                return self._give_up(job.seller_id, job.afresh.to_text(), error)
            return self._again("failed", job, error, FIRST_RETRY_SECONDS * 2 ** min(job.attempt - 1, 10))
        return Report("nothing" if outcome is None else "done", job.seller_id, outcome)

    def _wait(self, job: SellerJob, seconds: int, error: Exception) -> Report:
        since = job.waiting_since
        if since is not None and self._clock() - since > LONGEST_WAIT_SECONDS:
            text = f"waited for Amazon's quota for more than four days: {error}"
            return self._give_up(job.seller_id, job.afresh.to_text(), WaitedTooLongError(text))
        self._queue.put_later(job, seconds)
        return Report("waiting", job.seller_id, error=error)

    def _again(self, kind: Kind, job: SellerJob, error: Exception, seconds: float) -> Report:
        if job.attempt >= MOST_ATTEMPTS:
            return self._give_up(job.seller_id, job.afresh.to_text(), error)
        self._queue.put_later(job.next_attempt, _within(seconds, LONGEST_RETRY_SECONDS))
        return Report(kind, job.seller_id, error=error)

    def _give_up(self, seller_id: str, body: str, error: Exception) -> Report:
        self._dead.put(body, reason_of(error))
        return Report("given-up", seller_id, error=error)


def _within(seconds: float, most: int) -> int:
    return min(most, max(1, math.ceil(seconds)))


def _is_permanent(error: Exception) -> bool:
    if isinstance(error, SubscriptionsIncompleteError):
        return error.permanent
    return isinstance(error, PermanentError | UnreadableTokenError | UnknownStatusError)
