"""Turns for deleting subscriptions, of which Amazon grants the application one a second for all its sellers.

A run books the turns of all its deletions together before the first of them. Where they come later, the job
waits in the queue and carries the booking, so that a seller who waits costs neither a call nor quota. Nothing
is booked beyond a horizon: a job that a booking holds can't come late by more than that, and a turn that
comes late is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from sellerbus.api.booking import Booking
from sellerbus.api.errors import ThrottledError

HORIZON_SECONDS: Final = 240.0
"""How far off the first turn of a booking may be."""

NEAR_SECONDS: Final = 2.0
"""What is slept through for a turn, at once."""

EARLY_SECONDS: Final = 10.0
"""How much too early the run of a carried booking may be: it naps rather than looks at everything again."""

LATE_SECONDS: Final = 3.0
"""Turns that are used so late still fit into Amazon's burst of five; later ones may meet 429."""

MOST_TURNS: Final = 60
"""In one booking: a run takes four minutes at most."""


class DeletionsWaitError(Exception):
    """The seller's deletions must wait. Nothing is wrong, and nothing more was changed.

    booking: the turns that are reserved for them; None where they are too far off, and nothing is reserved.
    count: how many are wanted. look_seconds: what looking at everything before them takes.
    """

    def __init__(self, count: int, booking: Booking | None, look_seconds: float) -> None:
        self.count = count
        self.booking = booking
        self.look_seconds = look_seconds
        super().__init__(f"{count} deletions wait for their turns, which all sellers share")


class DeletionsApi(Protocol):
    def book_deletions(self, count: int, most_seconds: float) -> Booking: ...

    def use(self, booking: Booking) -> None: ...


class DeletionTurns:
    """The turns of one run. booked: those that the job carries.

    patient_seconds: given where nobody can take the work back: how long turns may be waited for, in naps.
    """

    def __init__(
        self,
        api: DeletionsApi,
        *,
        booked: Booking | None = None,
        look_seconds: float = 0.0,
        patient_seconds: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._patient = patient_seconds
        self._clock = clock
        self._sleep = sleep
        self._held = booked if booked is not None and booked.count else None
        self._booked_at = 0.0
        self._carried = self._held is not None
        self._wanted = 0
        self.look_seconds = look_seconds
        if self._held is not None:
            api.use(self._held)

    def book_ahead(self, count: int) -> None:
        """Book for a job that has not got turns yet, before anything is done for it.

        Raises DeletionsWaitError where there are none yet, or where it is too early to begin.
        """
        self._held = self._book(count)
        self._carried = True
        if self._held.wait_seconds(self._clock()) > self.look_seconds + NEAR_SECONDS:
            raise DeletionsWaitError(count, self._held, self.look_seconds)

    def want(self, count: int) -> None:
        """See that `count` deletions can follow now, one after the other. Raises DeletionsWaitError."""
        self._wanted = count
        if count:
            self._secure()

    @property
    def left(self) -> int:
        """How many turns are held."""
        held = self._forfeited()
        return held.count if held is not None else 0

    def take(self) -> None:
        """Be sure of a turn for the one deletion that follows. Raises DeletionsWaitError."""
        self._secure()
        self._wanted = max(0, self._wanted - 1)

    def _secure(self) -> None:
        held = self._forfeited()
        if held is None:
            held = self._held = self._book(max(1, self._wanted))
            self._carried = False
        self._await(held)

    def _forfeited(self) -> Booking | None:
        """Return the turns that are held, without those that it is too late for."""
        held = self._held
        if held is None:
            return None
        now = self._clock()
        while held.count and now - max(held.first_due, self._booked_at) > LATE_SECONDS:
            held.spend()
        return held if held.count else None

    def _book(self, count: int) -> Booking:
        count = min(count, MOST_TURNS)
        horizon = HORIZON_SECONDS if self._patient is None else self._patient()
        # The horizon is that of the first turn: who wants many must not wait for those who want few.
        most = horizon + (count - 1 if self._patient is None else 0)
        try:
            booking = self._api.book_deletions(count, most)
        except ThrottledError:
            if self._patient is not None:
                raise
            raise DeletionsWaitError(count, None, self.look_seconds) from None
        self._booked_at = self._clock()
        return booking

    def _await(self, booking: Booking) -> None:
        seconds = booking.wait_seconds(self._clock())
        if self._patient is None and seconds > (EARLY_SECONDS if self._carried else NEAR_SECONDS):
            raise DeletionsWaitError(max(1, self._wanted), booking, self.look_seconds)
        # The last nap is the client's.
        while seconds > NEAR_SECONDS:
            self._sleep(min(seconds - NEAR_SECONDS, NEAR_SECONDS))
            seconds = booking.wait_seconds(self._clock())
