"""One look for what Amazon should have notified: one seller, one subject, as far as spare quota goes.

Each page's missed changes are sent before the mark is moved on. A crash at any point repeats a page at most,
and what is sent again has the same notificationId, so that the ledger publishes it once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from sellerbus.api.errors import OutOfTimeError, PermanentError, ThrottledError, UnauthorizedError
from sellerbus.missed.change import Change
from sellerbus.missed.marks import Look, Mark
from sellerbus.missed.subjects import TYPES, Subject

LONGEST_BACK: Final = timedelta(days=7)
"""What is older is not looked for any more. The ordering guard remembers for longer than this."""

SHORTEST: Final = timedelta(minutes=10)
"""A look's time is not halved below this."""


class Told(Protocol):
    """See sellerbus.missed.told.ToldThings."""

    def missed(self, changes: Sequence[Change]) -> list[Change]: ...


class Sender(Protocol):
    """See sellerbus.missed.sending.NotificationSender."""

    def send(self, notifications: Sequence[Mapping[str, Any]]) -> None: ...


class Marks(Protocol):
    """See sellerbus.missed.marks.Marks."""

    def write(self, mark: Mark) -> Mark | None: ...


@dataclass
class Found:
    """What one look came to. checked: changes that were compared. missed: those that were sent.

    cut_off: why it didn't come to its end, "" where it did. left_out: what no notification can be made of.
    given_up: how much of the time was not looked at, since nobody had looked for LONGEST_BACK.
    """

    seller_id: str
    notification_type: str
    checked: int = 0
    missed: list[Change] = field(default_factory=list)
    cut_off: str = ""
    left_out: int = 0
    given_up: timedelta = timedelta()


class Looker:
    """Looks. settle: how old a change must be before its notification counts as missed.

    now: seconds since 1970.
    """

    def __init__(
        self,
        *,
        told: Told,
        sender: Sender,
        marks: Marks,
        settle: timedelta,
        now: Callable[[], float],
    ) -> None:
        self._told = told
        self._sender = sender
        self._marks = marks
        self._settle = settle
        self._now = now

    def look(
        self, seller_id: str, subject: Subject, payload_version: str, mark: Mark | None, first_since: datetime
    ) -> Found:
        """Look from the mark on; where there is none, from `first_since`.

        Raises StoreUnavailableError, RetryableError and PermanentError with its kinds: nothing is lost, the
        next look goes on from the mark.
        """
        notification_type = TYPES[subject.name]
        found = Found(seller_id, notification_type)
        now = self._time()
        mark = mark or Mark(seller_id, subject.name, first_since, looked_at=now)
        look = mark.cut_off or Look(mark.since, now - max(self._settle, subject.settle))
        if look.since < now - LONGEST_BACK:
            found.given_up = now - LONGEST_BACK - look.since
            look = Look(now - LONGEST_BACK, now - max(self._settle, subject.settle))
        if look.until <= look.since:
            # A first look, or one right after another. The mark is kept: it says since when.
            self._marks.write(replace(mark, looked_at=now))
            return found
        begun_anew = False
        while True:
            try:
                page = subject.page(look)
            except (ThrottledError, OutOfTimeError) as error:
                found.cut_off = str(error)
                # Also where nothing was asked: who was looked at is not first in the next run again.
                self._marks.write(replace(mark, cut_off=look, looked_at=now))
                return found
            except UnauthorizedError:
                raise
            except PermanentError:
                if not look.token or begun_anew:
                    raise
                # The token may be an earlier run's: Amazon takes one for a day at most.
                look, begun_anew = _halved(look), True
                continue
            self._send(page.changes, payload_version, found)
            found.left_out += page.left_out
            look, done = (page.look, False) if page.look else (look, True)
            written = self._marks.write(
                replace(mark, since=page.next_since, cut_off=None, looked_at=now)
                if done
                else replace(mark, cut_off=look, looked_at=now)
            )
            if written is None:
                found.cut_off = "another run looks for the same seller"
                return found
            if done:
                return found
            mark = written

    def _send(self, changes: Sequence[Change], payload_version: str, found: Found) -> None:
        missed = self._told.missed(changes)
        found.checked += len(changes)
        self._sender.send([change.notification(payload_version, self._time()) for change in missed])
        found.missed += missed

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)


def _halved(look: Look) -> Look:
    """The look from its question's first page on, for half of its time: what comes after is for the next one.

    Over the whole time it would need as many pages again as there was no quota for within a token's life, and
    so never come to its end.
    """
    half = max((look.until - look.since) / 2, min(look.until - look.since, SHORTEST))
    return replace(look, token="", until=look.since + half)
