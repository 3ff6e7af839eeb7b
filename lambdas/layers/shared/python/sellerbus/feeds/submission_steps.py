"""What the parts of a submission share: what they need of Amazon, and how they say that it can't go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    OutcomeUnknownError,
    OutOfTimeError,
    PermanentError,
    SellingPartnerError,
    ThrottledError,
)
from sellerbus.api.feeds import FeedsApi
from sellerbus.api.operations import CREATE_FEED
from sellerbus.feeds.lanes import growing_wait
from sellerbus.feeds.task import FeedTask, Outcome
from sellerbus.feeds.waits import quota

LWA: Final = "LWA token"
MEND_SECONDS: Final = 300.0
"""How long to wait for what an operator has to mend: the application's credentials, a paused seller."""
LONGEST_MEND_WAIT: Final = 3600.0
"""Such waits grow to this: at 25,000 events, nine for each step and its wait, an execution is over."""
LONGEST_MENDING_SECONDS: Final = 90 * 86_400.0
"""After this nobody mends it any more."""

_LONGEST_FAULT_WAIT: Final = 120.0


class TryLaterError(Exception):
    """It can't go on now; nothing was lost. seconds: None where it is tried the less often the longer it
    lasts. endless: somebody has to do something first, and may take LONGEST_MENDING_SECONDS. reason: why,
    without what is another at each try.
    """

    def __init__(
        self, why: str, seconds: float | None = None, *, endless: bool = False, reason: str | None = None
    ) -> None:
        self.reason = reason or why
        self.seconds = seconds
        self.endless = endless
        super().__init__(why)


class EndsError(Exception):
    """It can't go on at all, and no call of createFeed is open: the task ends with the outcome."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        self.outcome = outcome
        self.reason = reason
        super().__init__(reason)


class WrongTaskStateError(Exception):
    """The step is none that the task can take: it has not had its turn."""

    def __init__(self, task: FeedTask) -> None:
        super().__init__(f"task {task.task_id} is {task.state.value}: it can't be submitted before its turn")


class Amazon(Protocol):
    """Where the Feeds API comes from."""

    def api(self, task: FeedTask, remaining_seconds: Callable[[], float]) -> FeedsApi:
        """Return the Feeds API of the task's seller and version. remaining_seconds: no call begins after it.

        Raises TryLaterError and EndsError where the seller can't be called for.
        """
        ...


def answered_before(error: SellingPartnerError) -> TryLaterError | EndsError:
    """What a failed call means that a repeat does no harm to, or that was proved not to be carried out."""
    if isinstance(error, ThrottledError):
        return TryLaterError(str(error), error.seconds, reason=quota(error.operation))
    if isinstance(error, OutOfTimeError):
        return TryLaterError(str(error), 1.0)
    if isinstance(error, AuthorizationRevokedError):
        return EndsError(Outcome.REFUSED, str(error))
    if isinstance(error, CredentialsError) or (isinstance(error, PermanentError) and error.operation == LWA):
        return TryLaterError(str(error), MEND_SECONDS, endless=True)
    if isinstance(error, PermanentError):
        return EndsError(Outcome.REFUSED, str(error))
    return TryLaterError(str(error))


def may_have_been_done(error: SellingPartnerError) -> bool:
    """Only 429, another 4xx of Amazon's, or a failure before a byte was sent prove that nothing happened."""
    if isinstance(error, OutcomeUnknownError):
        return True
    # An answer that is neither a success nor a refusal, such as a redirect of something in between.
    from_create = isinstance(error, PermanentError) and error.operation == CREATE_FEED.name
    return from_create and not 400 <= (error.status or 0) < 500


def seconds_until_next_try(later: TryLaterError, tried_for: float) -> float:
    """The less often, the longer it has been tried in vain."""
    if later.endless:
        return max(later.seconds or 0.0, growing_wait(tried_for, LONGEST_MEND_WAIT))
    return growing_wait(tried_for, _LONGEST_FAULT_WAIT) if later.seconds is None else later.seconds


def waiting(seconds: float) -> Mapping[str, object]:
    """The answer of a step that is to come again; whole seconds from 1 on."""
    return {"next": "wait", "waitSeconds": max(1, -int(-seconds // 1))}
