"""Looks with getMessagingActionsForOrder what an order offers now, when it is the task's turn.

The turn is booked ahead, and what is left of the booking is kept in the task's row: a thousand messages of a
seller come back when it is their turn, and not all of them each second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sellerbus.api.booking import Booking
from sellerbus.api.errors import SellingPartnerError, ThrottledError
from sellerbus.api.operations import GET_MESSAGING_ACTIONS_FOR_ORDER
from sellerbus.messaging.actions import OfferedAction, read_actions
from sellerbus.messaging.steps import Count, Messages, TryLaterError, meaning, not_allowed_now, quota
from sellerbus.messaging.task import MessageTask, Offered

LONGEST_AHEAD_SECONDS: Final = 11 * 3600.0
"""How far ahead a turn is booked: SQS hides a message for twelve hours at the most."""
_WAITED_THROUGH_SECONDS: Final = 2.0
"""What the client sleeps through by itself."""

Told = TypeVar("Told")


class _NothingOfferedError(Exception):
    """So Amazon answers where an order allows nothing, in place of an empty list."""


class Look:
    """One look: first the turn, due within most_seconds, then what it is for. now: seconds since 1970.

    Raises TryLaterError where the turn is not now, and EndsError.
    """

    def __init__(
        self,
        task: MessageTask,
        messages: Messages,
        *,
        count: Count,
        now: Callable[[], float],
        most_seconds: float = LONGEST_AHEAD_SECONDS,
    ) -> None:
        self._task = task
        self._messages = messages
        self._count = count
        self._booking = self._booked(task.booking, most_seconds)
        wait = self._booking.wait_seconds(now())
        if wait > _WAITED_THROUGH_SECONDS:
            why = f"{quota(GET_MESSAGING_ACTIONS_FOR_ORDER.name)}; its turn is booked"
            raise TryLaterError(why, wait, booking=self._booking)

    def locale(self) -> str | None:
        """The buyer's language, as a tag like "en-US". Raises TryLaterError and EndsError."""
        try:
            return self._called(lambda: self._messages.locale(*self._order()))
        except _NothingOfferedError:
            # What the order offers tells so, or not.
            return None

    def actions(self) -> tuple[OfferedAction, ...]:
        """What the order offers now. Raises TryLaterError and EndsError."""
        try:
            return read_actions(self._called(lambda: self._messages.actions(*self._order())))
        except _NothingOfferedError:
            return ()
        except ValueError as error:
            name = GET_MESSAGING_ACTIONS_FOR_ORDER.name
            raise TryLaterError(f"{name}: the answer is not as Amazon's model says: {error}") from None

    def _order(self) -> tuple[str, str]:
        return self._task.amazon_order_id, self._task.marketplace_id

    def _booked(self, kept: Mapping[str, Any] | None, most_seconds: float) -> Booking:
        if kept is not None:
            booking = Booking.from_document(kept)
            self._messages.use(booking)
            return booking
        try:
            return self._messages.book_actions(most_seconds)
        except SellingPartnerError as error:
            raise self._meaning(error) from None

    def _called(self, call: Callable[[], Told]) -> Told:
        try:
            return call()
        except SellingPartnerError as error:
            if not_allowed_now(error):
                raise _NothingOfferedError from None
            raise self._meaning(error, self._booking) from None

    def _meaning(self, error: SellingPartnerError, booking: Booking | None = None) -> Exception:
        if isinstance(error, ThrottledError):
            self._count("MessagesThrottled", 1)
        meant = meaning(error)
        if isinstance(meant, TryLaterError) and booking is not None and booking.count:
            meant.booking = booking
        return meant


def offers(actions: Sequence[OfferedAction]) -> tuple[Offered, ...]:
    """What a row keeps of an order's actions."""
    return tuple(
        Offered(each.type.name if each.type else each.name, each.disabled, each.once_per_order)
        for each in actions
    )


def allowed(actions: Sequence[OfferedAction]) -> tuple[str, ...]:
    """The message types that an order allows now."""
    names = [each.type.name for each in actions if each.type is not None and not each.disabled]
    return tuple(dict.fromkeys(names))
