"""Follows a feed to its end at Amazon: waits for the notification, and asks getFeed where none comes.

A wait keeps its task token in the task's row and then looks whether the end is written down already; a
notification is written down and then looks who waits (processed.py). Silence ends a wait, and getFeed is
asked; each silence is twice as long as the one before, up to six hours. The first end that is written down
counts, whoever told it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from sellerbus.api.errors import NotFoundError, SellingPartnerError, ThrottledError
from sellerbus.api.feed_status import ENDS
from sellerbus.api.feeds import Feed
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.feeds import feed_events
from sellerbus.feeds.processed import COLLECT, Tokens
from sellerbus.feeds.task import AWAIT, DECIDE, FeedTask, Outcome, TaskState, iso
from sellerbus.feeds.task_store import TaskStore
from sellerbus.sellers.rows import SellerError

LONGEST_SILENCE_SECONDS: Final = 6 * 3600
STUCK_SECONDS: Final = 8 * 3600
"""Amazon: processing takes up to 8 hours under load (Feeds API best practices)."""
UNKNOWN_STUCK_SECONDS: Final = 3600
"""How long getFeed may answer 404 for a new feed before it is worth telling; it is never proof of an end."""
UNSEEN_SECONDS: Final = 90 * 86_400
"""Amazon keeps feeds for 90 days."""
LONGEST_WAIT_SECONDS: Final = 900

_MOST_DOUBLINGS: Final = 30


class WrongTaskStateError(Exception):
    """The step is none that the task can be in; the state machine and the row don't fit."""

    def __init__(self, step: str, task: FeedTask) -> None:
        super().__init__(f"task {task.task_id} is {task.state.value} and can't take the step {step}")


class SellersFeeds(Protocol):
    """The part of api.feeds.FeedsApi used here: one seller's, in the task's version of the API."""

    def feed(self, feed_id: str) -> Feed: ...


class Events(Protocol):
    """aws.event_publisher.OperationalEvents."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


@dataclass(frozen=True)
class Step:
    """What a step came to. answer: for the state machine. told: what the bus was told, to be counted.

    remark: for the log.
    """

    task: FeedTask
    answer: Mapping[str, Any]
    told: tuple[OperationalEvent, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class _Look:
    status: str | None
    fault: str | None = None
    unknown: bool = False

    @property
    def words(self) -> str:
        return self.fault or f"getFeed shows {self.status}"


class FeedFollower:
    """feeds: the task's seller's; raises SellerError. silence_seconds: of tasks that have none of their own.
    now: seconds since 1970.
    """

    def __init__(
        self,
        *,
        store: TaskStore,
        tokens: Tokens,
        events: Events,
        feeds: Callable[[FeedTask], SellersFeeds],
        silence_seconds: int,
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._events = events
        self._feeds = feeds
        self._silence_seconds = silence_seconds
        self._now = now

    def await_end(self, task_id: str, token: str) -> Step:
        """Keep the token of the step that waits for the feed's end; answer it where the end is known.

        Raises WrongTaskStateError, StoreUnavailableError.
        """
        began_at_look: int | None = None

        def kept(task: FeedTask) -> Mapping[str, Any] | None:
            nonlocal began_at_look
            if began_at_look is None:
                began_at_look = task.looks
            # A run so slow that its wait is over must not put its token in the place of the next wait's.
            waits = task.state is TaskState.PROCESSING and task.looks == began_at_look
            return {"token": token, "token_step": AWAIT} if waits and task.token != token else None

        task = self._store.update(task_id, kept)
        if task.state is TaskState.PROCESSING:
            # After the token: a notification that came before it finds nobody who waits.
            output = COLLECT if self._has_ended(task) else None
        elif task.is_ended or task.state is TaskState.COLLECTING:
            output = {"next": _after(task)}
        else:
            raise WrongTaskStateError("await", task)
        if output is not None:
            self._tokens.succeed(token, output)
        return Step(task, output or {})

    def await_decision(self, task_id: str, token: str) -> Step:
        """Keep the token of the step that waits for a person; answer it where it is decided already.

        Raises WrongTaskStateError, StoreUnavailableError.
        """

        def kept(task: FeedTask) -> Mapping[str, Any] | None:
            waits = task.state is TaskState.UNCERTAIN and task.decision is None and task.token != token
            return {"token": token, "token_step": DECIDE} if waits else None

        # The decision is a write of the same row: it comes before this one, and is seen, or sees the token.
        task = self._store.update(task_id, kept)
        output = self._decided(task)
        if output is not None:
            self._tokens.succeed(token, output)
        return Step(task, output or {})

    def look(self, task_id: str) -> Step:
        """Ask getFeed, after a silence. Raises WrongTaskStateError, StoreUnavailableError."""
        task = self._store.get(task_id)
        if task.is_ended or task.state is TaskState.COLLECTING:
            return Step(task, {"next": _after(task)})
        if task.state is not TaskState.PROCESSING:
            raise WrongTaskStateError("look", task)
        if self._has_ended(task):
            return Step(task, COLLECT)
        try:
            look = self._asked(task)
        except ThrottledError as error:
            return Step(task, {"next": "wait", "waitSeconds": wait_seconds(error.seconds)})
        if look.status in ENDS:
            return Step(task, COLLECT)
        age = self._now() - _began(task)
        if age >= UNSEEN_SECONDS:
            return self._unseen(task, look)
        return self._silent_on(task, look, age)

    def _has_ended(self, task: FeedTask) -> bool:
        row = self._store.feed_row(task.seller_id, _feed_id(task))
        return row is not None and row.processing_status in ENDS

    def _asked(self, task: FeedTask) -> _Look:
        """Raises ThrottledError. Any other fault is like a look that saw nothing: the next one comes."""
        try:
            seen = self._feeds(task).feed(_feed_id(task))
        except ThrottledError:
            raise
        except NotFoundError as error:
            return _Look(None, str(error), unknown=True)
        except (SellingPartnerError, SellerError) as error:
            return _Look(None, str(error))
        if seen.has_ended:
            self._store.note_processed(
                task.seller_id, _feed_id(task), seen.processing_status, seen.result_feed_document_id
            )
        return _Look(seen.processing_status)

    def _silent_on(self, task: FeedTask, look: _Look, age: float) -> Step:
        told: tuple[OperationalEvent, ...] = ()
        changes: dict[str, Any] = {"looked_at": self._now()}
        if look.status is not None:
            changes["processing_status"] = look.status
        stuck_after = UNKNOWN_STUCK_SECONDS if look.unknown else STUCK_SECONDS
        if task.stuck_since is None and age >= stuck_after:
            reason = f"the feed has not ended {age / 3600:.1f} hours after its submission: {look.words}"
            told = (feed_events.stuck(replace(task, reason=reason)),)
            self._events.publish(told)
            self._store.leave_lane(task)
            changes["stuck_since"] = iso(self._now())

        def looked(task: FeedTask) -> Mapping[str, Any] | None:
            return {**changes, "looks": task.looks + 1} if task.state is TaskState.PROCESSING else None

        # The wait before may still be writing its token.
        task = self._store.update(task.task_id, looked)
        if task.state is not TaskState.PROCESSING:
            return Step(task, {"next": _after(task)}, told, look.words)
        return Step(task, {"next": "await", "silenceSeconds": self._silence(task, age)}, told, look.words)

    def _silence(self, task: FeedTask, age: float) -> int:
        """Seconds until the next look: twice as many as before, but what is late is told in time."""
        first = task.silence_seconds or self._silence_seconds
        seconds = min(first << min(task.looks, _MOST_DOUBLINGS), LONGEST_SILENCE_SECONDS)
        late = UNSEEN_SECONDS if task.stuck_since else STUCK_SECONDS
        return max(1, math.ceil(min(seconds, late - age)))

    def _unseen(self, task: FeedTask, look: _Look) -> Step:
        reason = f"the feed did not end within 90 days, and Amazon keeps it no longer: {look.words}"
        event = feed_events.ended(replace(task, outcome=Outcome.UNSEEN, reason=reason))
        self._events.publish([event])
        task = self._store.end(task, Outcome.UNSEEN, reason=feed_events.told(reason))
        return Step(task, {"next": task.next_after_end}, (event,), look.words)

    def _decided(self, task: FeedTask) -> Mapping[str, Any] | None:
        if task.state is TaskState.UNCERTAIN:
            return task.decision
        if task.is_ended:
            return {"next": task.next_after_end}
        if task.state in {TaskState.PROCESSING, TaskState.COLLECTING}:
            return {"next": "await", "silenceSeconds": task.silence_seconds or self._silence_seconds}
        return {"next": "take-turn"}


def wait_seconds(seconds: float) -> int:
    """Whole seconds for a Wait state."""
    return max(1, min(math.ceil(seconds), LONGEST_WAIT_SECONDS))


def _after(task: FeedTask) -> str:
    return task.next_after_end if task.is_ended else "collect"


def _feed_id(task: FeedTask) -> str:
    if task.feed_id is None:
        raise WrongTaskStateError("follow", task)
    return task.feed_id


def _began(task: FeedTask) -> float:
    return datetime.fromisoformat(task.submitted_at or task.created_at).timestamp()
