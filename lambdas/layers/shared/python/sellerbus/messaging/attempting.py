"""One try of an ACCEPTED task: look, check, upload, the gate, and the one call."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sellerbus.api.errors import SellingPartnerError, ThrottledError
from sellerbus.api.messaging import SENDING
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.messaging.actions import OfferedAction, offered
from sellerbus.messaging.answers import AnswerKeeper
from sellerbus.messaging.catalogue import WithdrawnType, known_type
from sellerbus.messaging.content import content_document, content_of
from sellerbus.messaging.looking_at_order import Look, allowed, offers
from sellerbus.messaging.preparing import Checked, Preparer
from sellerbus.messaging.steps import (
    Amazon,
    Count,
    EndsError,
    Messages,
    SellersAmazon,
    TryLaterError,
    may_have_been_sent,
    meaning,
    not_allowed_now,
    without_content,
)
from sellerbus.messaging.task import Attempt, MessageState, MessageTask
from sellerbus.messaging.task_rows import TaskChangedError
from sellerbus.messaging.task_store import SKEW_SECONDS, MessageStore
from sellerbus.sellers.rows import SellerError

CALL_SECONDS: Final = 30.0
"""For the call and its answer: an access token, connecting and reading."""
ANSWER_SECONDS: Final = 14.0
"""For connecting and the answer alone: with less left, the call is not made any more."""
WRITE_SECONDS: Final = 20.0
"""For keeping the answer."""
LATE_KILL_SECONDS: Final = 30.0
_BOOKING_SECONDS: Final = 2.0
_LOOK_AGAIN_SECONDS: Final = 5.0

NOT_ALLOWED: Final = (
    "Amazon doesn't allow this message for the order now: which ones it does depends on the order's state, "
    "and on what was sent before"
)


class Attempts:
    """Made for one invocation. remaining_seconds: of the function. now: seconds since 1970."""

    def __init__(
        self,
        *,
        store: MessageStore,
        amazon: Amazon,
        preparer: Preparer,
        answers: AnswerKeeper,
        count: Count,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        remaining_seconds: Callable[[], float],
    ) -> None:
        self._store = store
        self._amazon = amazon
        self._preparer = preparer
        self._answers = answers
        self._count = count
        self._now = now
        self._sleep = sleep
        self._remaining = remaining_seconds

    def attempt(self, task: MessageTask) -> None:
        """Try it. Raises TryLaterError, EndsError, TaskChangedError, TypeInUseError, StoreUnavailableError
        and SellerError; where none is raised, the row says what came of it.
        """
        kind = known_type(task.message_type)
        if isinstance(kind, WithdrawnType):
            # Whatever the order lists, and whether or not Amazon can be asked for it.
            raise EndsError(MessageState.NOT_ALLOWED, kind.reason)
        content = content_of(task.content or {})
        amazon = self._amazon.of_seller(task.seller_id)
        messages = amazon.messages(self._remaining)
        look = Look(task, messages, count=self._count, now=self._now)
        looked_at = self._now()
        # First, so that the look is as fresh as can be.
        locale = look.locale() if content.text is not None or content.template is not None else None
        actions = look.actions()
        action = _possible(task, actions)
        checked = self._preparer.checked(task, content, action, locale)
        task = self._preparer.uploaded(task, checked, amazon.uploads(self._remaining))
        self._call(task, checked, actions, looked_at, amazon)

    def _call(
        self,
        task: MessageTask,
        checked: Checked,
        actions: tuple[OfferedAction, ...],
        looked_at: float,
        amazon: SellersAmazon,
    ) -> None:
        if self._remaining() < CALL_SECONDS + WRITE_SECONDS:
            raise TryLaterError("too little time was left for the call", 1.0)
        deadline = self._now() + CALL_SECONDS

        def left_for_the_call() -> float:
            left = deadline - self._now()
            return left if left >= ANSWER_SECONDS else 0.0

        sending = amazon.sending(left_for_the_call)
        self._take_turn(task, sending)
        body = self._preparer.body(task, checked)
        attempt = Attempt(
            str(uuid.uuid4()),
            task.attempts + 1,
            looked_at,
            self._now(),
            self._now() + self._remaining() + LATE_KILL_SECONDS + SKEW_SECONDS,
        )
        task = self._gate(task, attempt, checked, actions)
        try:
            sending.send(task.message_type, task.amazon_order_id, task.marketplace_id, body)
        except SellingPartnerError as error:
            # As it was sent: what a template became is in no row.
            reason = without_content(str(error), content_document(checked.content))
            self._failed(task, attempt, error, reason, amazon)
            return
        except SellerError:
            # The refresh token can't be read, without which nothing is called.
            self._answers.not_sent(task, attempt)
            raise
        self._answers.sent(task, attempt)

    def _take_turn(self, task: MessageTask, sending: Messages) -> None:
        """Before the gate, so that an empty quota costs nothing but a wait."""
        try:
            booking = sending.book_sending(task.message_type, _BOOKING_SECONDS)
        except SellingPartnerError as error:
            self._note_throttle(error)
            raise meaning(error) from None
        self._sleep(booking.wait_seconds(self._now()))

    def _gate(
        self,
        task: MessageTask,
        attempt: Attempt,
        checked: Checked,
        actions: tuple[OfferedAction, ...],
    ) -> MessageTask:
        try:
            return self._store.change(
                task,
                state=MessageState.SENDING,
                attempt=attempt,
                offered=offers(actions),
                findings=tuple(each.document() for each in checked.warnings),
                settle_at=None,
                booking=None,
                waits=None,
                reason=None,
            )
        except StoreUnavailableError:
            # It may have been written unseen. Nobody has called: what is there is taken back where it can be.
            with suppress(StoreUnavailableError, TaskChangedError):
                there = self._store.get(task.task_id)
                if there.is_attempt(attempt.token):
                    self._answers.not_sent(there, attempt)
            raise

    def _failed(
        self,
        task: MessageTask,
        attempt: Attempt,
        error: SellingPartnerError,
        reason: str,
        amazon: SellersAmazon,
    ) -> None:
        """Keep what a call's failure says. Raises TryLaterError where it is to be tried again."""
        if may_have_been_sent(error, SENDING[task.message_type].name):
            self._answers.lost(task, attempt, reason)
            return
        if not_allowed_now(error):
            self._not_allowed(task, attempt, amazon)
            return
        meant = meaning(error)
        if isinstance(meant, EndsError):
            self._answers.refused(task, attempt, meant.state, reason)
            return
        self._note_throttle(error)
        self._answers.not_sent(task, attempt)
        raise meant

    def _not_allowed(self, task: MessageTask, attempt: Attempt, amazon: SellersAmazon) -> None:
        """Keep it before anything else is done; then look once more what the order does allow."""
        before = tuple(
            each.name for each in task.offered if not each.disabled and each.name != task.message_type
        )
        task = self._answers.refused(task, attempt, MessageState.NOT_ALLOWED, NOT_ALLOWED, allowed=before)
        with suppress(TryLaterError, EndsError, TaskChangedError, StoreUnavailableError):
            messages = amazon.messages(lambda: min(self._remaining(), _LOOK_AGAIN_SECONDS))
            look = Look(task, messages, count=self._count, now=self._now, most_seconds=_BOOKING_SECONDS)
            now = tuple(name for name in allowed(look.actions()) if name != task.message_type)
            if task.untold is not None and now != before:
                self._store.change(task, allowed=now)

    def _note_throttle(self, error: SellingPartnerError) -> None:
        if isinstance(error, ThrottledError):
            self._count("MessagesThrottled", 1)


def _possible(task: MessageTask, actions: tuple[OfferedAction, ...]) -> OfferedAction:
    """The action that the order offers for the task's type. Raises EndsError where it offers none."""
    action = offered(actions, task.message_type)
    possible = allowed(actions)
    if action is None:
        raise EndsError(MessageState.NOT_ALLOWED, NOT_ALLOWED, allowed=possible)
    if action.disabled:
        why = (
            f"{NOT_ALLOWED}. Amazon says: {action.disabled_reason}" if action.disabled_reason else NOT_ALLOWED
        )
        raise EndsError(MessageState.NOT_ALLOWED, why, allowed=possible)
    return action
