"""The rules by which createFeed, which has no idempotency key, is called at most once for a task.

    PENDING ──open──> SUBMITTING ──accepted──> SUBMITTED
       ^                  │ refused ──> REFUSED
       ├──── not_done ────┤
       │                  └ unknown ──> SETTLING ──settle──┬─ adopt ──> SUBMITTED
       ├───────────────────────────────────────────────────┼─ none
       │                                                   └─ uncertain ──> UNCERTAIN
       └──────────────── decide: submit again ──────────────────────────────────┤
                         decide: this feed ──> SUBMITTED, or give up ──> REFUSED ┘

SUBMITTING is written durably before the call, and only one task of a seller and feed type may be in it or in
SETTLING: the conditions of the store see to both. The call is made only while the lease has time for it and
its answer. A SUBMITTING whose lease is over was crashed through: its outcome is unknown.

Guaranteed: at most one feed for a task, given that a call is carried out and listed within the settle time,
and that nobody else creates feeds of the type for the seller; else the task ends UNCERTAIN, and a person
decides. A late answer that shows a second feed makes the task UNCERTAIN, or is an error that must be told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from sellerbus.feeds.settlement import Adopt, Verdict, Window


class State(Enum):
    """Where the submission of a task stands; the last three are ends, UNCERTAIN until a person decides."""

    PENDING = "PENDING"
    SUBMITTING = "SUBMITTING"
    SETTLING = "SETTLING"
    SUBMITTED = "SUBMITTED"
    REFUSED = "REFUSED"
    UNCERTAIN = "UNCERTAIN"


class WrongStateError(Exception):
    """The step is none that the submission can take from where it stands; nothing was changed."""

    def __init__(self, step: str, submission: Submission) -> None:
        super().__init__(
            f"a submission that is {submission.state.value} (attempt {submission.attempt}) can't be {step}"
        )


@dataclass(frozen=True)
class Submission:
    """One task's submission. Times are seconds since the epoch.

    attempt: counts the calls that were opened, and tells a late answer from one in time. opened_at: when the
    last was. unknown_since: when the first was opened whose outcome was not known; what it did may still
    show. lease_until: while it lasts, the attempt's caller is at work. settle_until: before it no look at
    getFeeds counts. answered: the feeds that createFeed answered with; more than one is one too many.
    """

    state: State = State.PENDING
    attempt: int = 0
    opened_at: float | None = None
    unknown_since: float | None = None
    lease_until: float | None = None
    settle_until: float | None = None
    feed_id: str | None = None
    answered: tuple[str, ...] = ()
    reason: str | None = None


def opened(submission: Submission, now: float, lease_seconds: float) -> Submission:
    """The intent to call createFeed. Raises WrongStateError where no call may be made."""
    if submission.state is not State.PENDING:
        raise WrongStateError("opened", submission)
    return replace(
        submission,
        state=State.SUBMITTING,
        attempt=submission.attempt + 1,
        opened_at=now,
        lease_until=now + lease_seconds,
        settle_until=None,
        reason=None,
    )


def accepted(submission: Submission, attempt: int, feed_id: str) -> Submission:
    """createFeed answered the attempt with a feed, in time or late.

    Raises WrongStateError where the task has another feed already or was given up: then there is one feed too
    many, and a person must know.
    """
    if submission.state is State.SUBMITTED and submission.feed_id == feed_id:
        return submission
    ended = submission.state in {State.SUBMITTED, State.REFUSED}
    if ended or not 1 <= attempt <= submission.attempt:
        raise WrongStateError(f"accepted as feed {feed_id} by attempt {attempt}", submission)
    answered = tuple(dict.fromkeys((*submission.answered, feed_id)))
    alone = attempt == 1 or submission.state is not State.UNCERTAIN
    if len(answered) == 1 and attempt == submission.attempt and alone:
        return _submitted(replace(submission, answered=answered), feed_id)
    # Another attempt was opened: it may have made a feed as well.
    return replace(
        submission,
        state=State.UNCERTAIN,
        answered=answered,
        reason=f"createFeed was called {submission.attempt} times, and has answered with feed "
        f"{' and '.join(answered)}: look whether there are more",
    )


def not_done(submission: Submission, attempt: int) -> Submission:
    """It is proved that the attempt did nothing: 429, or it failed before a byte was sent."""
    _must_be_open("set back", submission, attempt)
    return replace(submission, state=State.PENDING, lease_until=None)


def refused(submission: Submission, attempt: int, reason: str) -> Submission:
    """Amazon refused the feed for good (a 4xx but 408 and 429)."""
    _must_be_open("refused", submission, attempt)
    return replace(submission, state=State.REFUSED, lease_until=None, reason=reason)


def unknown(submission: Submission, attempt: int, now: float, settle_seconds: float) -> Submission:
    """The attempt may have been carried out: the answer was lost, or was a 5xx, or the caller crashed."""
    _must_be_open("settled", submission, attempt)
    since = submission.opened_at if submission.unknown_since is None else submission.unknown_since
    return replace(
        submission,
        state=State.SETTLING,
        unknown_since=since,
        lease_until=None,
        settle_until=now + settle_seconds,
    )


def crashed(submission: Submission, now: float) -> bool:
    """Whether the attempt's caller is gone: its outcome is then unknown."""
    return (
        submission.state is State.SUBMITTING
        and submission.lease_until is not None
        and now >= submission.lease_until
    )


def window(
    submission: Submission,
    feed_type: str,
    marketplace_ids: tuple[str, ...],
    looked_at: float,
    skew_seconds: float = 60.0,
) -> Window:
    """The window of a submission that is SETTLING: from its first unknown attempt on.

    skew_seconds: how far Amazon's clock may be from ours. Raises WrongStateError in another state, or where
    the settle time isn't over.
    """
    if (
        submission.state is not State.SETTLING
        or submission.unknown_since is None
        or submission.settle_until is None
        or looked_at < submission.settle_until
    ):
        raise WrongStateError("judged now", submission)
    start = submission.unknown_since - skew_seconds
    return Window(feed_type, marketplace_ids, start, looked_at + skew_seconds)


def settled(submission: Submission, verdict: Verdict) -> Submission:
    """Take the verdict in: submit again, adopt, or leave it to a person."""
    if submission.state is not State.SETTLING:
        raise WrongStateError("settled", submission)
    if verdict is None:
        return replace(submission, state=State.PENDING, settle_until=None)
    if isinstance(verdict, Adopt):
        return _submitted(submission, verdict.feed_id)
    named = f": {', '.join(verdict.feed_ids)}" if verdict.feed_ids else ""
    return replace(submission, state=State.UNCERTAIN, settle_until=None, reason=f"{verdict.reason}{named}")


def decided(submission: Submission, feed_id: str | None, *, submit_again: bool = False) -> Submission:
    """A person's decision on an UNCERTAIN one: it is this feed, or submit again, or (neither) give up."""
    if submission.state is not State.UNCERTAIN or (feed_id is not None and submit_again):
        raise WrongStateError("decided", submission)
    if feed_id is not None:
        return _submitted(submission, feed_id)
    if submit_again:
        return replace(submission, state=State.PENDING, unknown_since=None, answered=(), reason=None)
    return replace(submission, state=State.REFUSED, reason=f"given up by a person; {submission.reason}")


def _submitted(submission: Submission, feed_id: str) -> Submission:
    return replace(
        submission,
        state=State.SUBMITTED,
        lease_until=None,
        settle_until=None,
        feed_id=feed_id,
        reason=None,
    )


def _must_be_open(step: str, submission: Submission, attempt: int) -> None:
    if submission.state is not State.SUBMITTING or submission.attempt != attempt:
        raise WrongStateError(f"{step} by attempt {attempt}", submission)
