"""Calls operations of the Selling Partner API: the right grant, the quota kept, refusals explained.

What is repeated here: a throttled call whose wait is short, and for a repeatable operation temporary faults.
A call that is not repeatable is never sent again once a byte of it may have left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import requests

from sellerbus.api.answers import Answer, read
from sellerbus.api.booking import Booking
from sellerbus.api.errors import (
    OutOfTimeError,
    RetryableError,
    ThrottledError,
    UnauthorizedError,
    first_error,
)
from sellerbus.api.lwa import Grant, SellerGrant, TokenCache
from sellerbus.api.observing import Observer, Unobserved
from sellerbus.api.operation import SELLER, Operation, Query
from sellerbus.api.pacing import LEAST_SECONDS, Pace, attempt_timeouts
from sellerbus.api.sender import Request, Sender
from sellerbus.api.throttle import Key, Throttle

ATTEMPTS = 4
MOST_WAIT_SECONDS = 2.0
LONGEST_NAP_SECONDS = 2.0


class SellingPartnerClient:
    """Cheap to make: one per invocation, around a session, tokens and throttle that are kept.

    remaining_seconds: the time that is left for everything together; no call is begun after it.
    most_wait_seconds: the longest wait for quota that is slept through. Beyond it ThrottledError is raised,
        so that the caller gives its work back in place of sleeping.

    Turns may be booked ahead, several together (`book`), also for a later invocation (`use`): a call spends
    booked turns of its operation and seller before it asks the throttle for one.

    All calls are one application's: where the secret becomes another's meanwhile, they end.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        session: requests.Session,
        tokens: TokenCache,
        throttle: Throttle,
        pace: Pace,
        remaining_seconds: Callable[[], float],
        most_wait_seconds: float = MOST_WAIT_SECONDS,
        observer: Observer | None = None,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._observer = observer or Unobserved()
        self._sender = Sender(session, self._observer, pace.clock)
        self._tokens = tokens
        self._throttle = throttle
        self._pace = pace
        self._remaining = remaining_seconds
        self._most_wait = most_wait_seconds
        self._bookings: dict[Key, list[Booking]] = {}
        self._quota_used: dict[Key, float] = {}
        self._application = ""

    def book(
        self, operation: Operation, *, seller: SellerGrant | None = None, count: int, most_seconds: float
    ) -> Booking:
        """Reserve `count` turns, the last of them due within `most_seconds`, and spend them in `call`.

        The booking's count is less than asked for only where not even an untouched quota would yield so many
        in time. It keeps what is left: its document may be carried to another invocation.
        Raises ThrottledError with the seconds after which asking again is worthwhile; nothing is reserved
        then. Raises RetryableError where the throttle can't be asked.
        """
        self._grant(operation, seller)
        key = _key(operation, seller)
        reservation = self._throttle.reserve(
            key, rate=operation.rate, burst=operation.burst, count=count, most_seconds=most_seconds
        )
        if not reservation.granted:
            raise self._withheld(operation, key, reservation.wait_seconds)
        self._quota_used[key] = reservation.used
        booking = Booking(*key, reservation.count, reservation.first_due, reservation.interval_seconds)
        self.use(booking)
        return booking

    def use(self, booking: Booking) -> None:
        """Spend the turns of a booking that an earlier invocation made."""
        self._bookings.setdefault((booking.operation, booking.seller_id), []).append(booking)

    def call(
        self,
        operation: Operation,
        *,
        seller: SellerGrant | None = None,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        """Call `operation` and return its success.

        Raises ThrottledError, RetryableError, OutcomeUnknownError (not repeatable operations only) and
        PermanentError with its kinds; ValueError for a call that the operation's row does not allow, and, as
        TypeError, for a body that is no JSON.
        """
        grant = self._grant(operation, seller)
        key = _key(operation, seller)
        url = self._endpoint + operation.filled(path or {})
        # Here and not by requests, whose error would look like a lost answer.
        content = json.dumps(dict(body), allow_nan=False).encode() if body is not None else None
        request = Request(operation, key, url, operation.asked(query or {}), content)
        self._application = self._application or self._tokens.application()
        failures = 0
        renewed = False
        while True:
            token = self._tokens.token(grant, self._remaining, application=self._application)
            booking = self._take_turn(operation, key)
            try:
                return self._attempt(request, token, booking)
            except UnauthorizedError as error:
                if renewed or not error.token_is_stale:
                    raise
                renewed = True
                self._tokens.forget(grant, token)
            except ThrottledError as error:
                failures += 1
                if failures >= ATTEMPTS or not self._wait(error.seconds):
                    raise
            except OutOfTimeError:
                raise
            except RetryableError as error:
                failures += 1
                if failures >= ATTEMPTS or not self._pace.back_off(
                    failures, self._remaining, least_seconds=error.retry_after
                ):
                    raise

    def _grant(self, operation: Operation, seller: SellerGrant | None) -> Grant:
        if (operation.grant == SELLER) != (seller is not None):
            wanted = "a seller" if operation.grant == SELLER else "no seller"
            raise ValueError(f"{operation.name} is called with {wanted}")
        return seller if seller is not None else operation.grant

    def _take_turn(self, operation: Operation, key: Key) -> Booking | None:
        """Wait for the next turn; return the booking that it was taken from, None where there is none."""
        # Before a turn is taken: one that is not used is lost.
        attempt_timeouts(operation.name, self._remaining)
        most = min(self._most_wait, max(0.0, self._remaining() - LEAST_SECONDS))
        left = [booking for booking in self._bookings.get(key, ()) if booking.count]
        if left:
            booking = min(left, key=lambda each: each.first_due)
            seconds = booking.wait_seconds(self._throttle.now())
            if seconds > most:
                raise self._withheld(operation, key, seconds)
            booking.spend()
            self._nap(seconds)
            return booking
        turn = self._throttle.reserve(key, rate=operation.rate, burst=operation.burst, most_seconds=most)
        if not turn.granted:
            # When it would be granted, plus what would then be slept through: nobody comes back to sleep.
            raise self._withheld(operation, key, turn.wait_seconds + most)
        self._quota_used[key] = turn.used
        self._nap(turn.first_due - self._throttle.now())
        return None

    def _withheld(self, operation: Operation, key: Key, seconds: float) -> ThrottledError:
        self._observer.withheld(operation.name, key[1], seconds)
        return ThrottledError(operation.name, seconds)

    def _nap(self, seconds: float) -> None:
        while seconds > 0:
            self._pace.sleep(min(seconds, LONGEST_NAP_SECONDS))
            seconds -= LONGEST_NAP_SECONDS

    def _wait(self, seconds: float) -> bool:
        if seconds > self._most_wait or self._remaining() - seconds < LEAST_SECONDS:
            return False
        # The turn itself is awaited by the bucket, which knows that it is empty; this only spreads rivals.
        self._pace.sleep(self._pace.chance() * min(seconds, 0.25))
        return True

    def _attempt(self, request: Request, token: str, booking: Booking | None) -> Answer:
        operation = request.operation
        timeouts = attempt_timeouts(operation.name, self._remaining)
        reply = self._sender.send(request, token, timeouts, self._quota_used.pop(request.key, None))
        if reply.status == 429:
            seconds = self._refused(request, booking, reply.retry_after)
            code, _ = first_error(reply.content)
            raise ThrottledError(
                operation.name, seconds, status=reply.status, code=code, request_id=reply.request_id
            )
        if reply.status in operation.success:
            self._learn(request, reply.rate_limit)
        return read(operation, reply.status, reply.content, reply.request_id, retry_after=reply.retry_after)

    def _refused(self, request: Request, booking: Booking | None, retry_after: float) -> float:
        """Note a 429; return the seconds to the next turn."""
        operation = request.operation
        seconds = self._throttle.refused(
            request.key, rate=operation.rate, burst=operation.burst, retry_after=retry_after
        )
        if booking is None:
            return seconds
        # The turn was not drawn at Amazon's: it is still ours, as are those after it.
        now = self._throttle.now()
        booking.give_back(now + max(booking.interval_seconds, retry_after))
        return booking.wait_seconds(now)

    def _learn(self, request: Request, limit: str | None) -> None:
        try:
            told = float(limit) if limit else 0.0
        except ValueError:
            return
        self._throttle.learn(request.key, told, rate=request.operation.rate)


def _key(operation: Operation, seller: SellerGrant | None) -> Key:
    return (operation.key, seller.seller_id if seller is not None else "")
