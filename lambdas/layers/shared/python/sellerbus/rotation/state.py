"""What is known of an application's rotation, and how it changes. Pure: no clock, no AWS.

    request     BEGUN -> ACCEPTED | UNKNOWN | REFUSED | NOTHING      open while BEGUN, ACCEPTED or UNKNOWN
    successor   ARRIVED -> STORED -> PROMOTED -> SETTLED

A request is written down as BEGUN before Amazon is asked, and is not repeated while it is open: a second call
makes a second secret. It ends when the new secret has come. Of two secrets that come, the later counts,
whichever comes first. Nothing of a secret itself is here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sellerbus.rotation.messages import ExpiryNotice, NewSecret
from sellerbus.rotation.parts import (
    DAY_SECONDS,
    IN_USE,
    LIFE_DAYS,
    OLD_LIFE_DAYS,
    RETRY_SECONDS,
    Answer,
    Because,
    Request,
    Stage,
    Successor,
    Trouble,
)

__all__ = [
    "DAY_SECONDS",
    "IN_USE",
    "Answer",
    "Because",
    "Request",
    "Rotation",
    "Stage",
    "Successor",
    "Trouble",
]

_SKEW_SECONDS: Final = 300.0
_SAME_EXPIRY_SECONDS: Final = DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """All that is known. told_expiry: of the version in use, as Amazon's notice said it."""

    client_id: str
    request: Request | None = None
    successor: Successor | None = None
    told_expiry: tuple[str, float] | None = None
    told_troubles: tuple[str, ...] = ()

    def begun(self, request: Request) -> Rotation:
        """With a request begun; unchanged where one is open: that one must come to its end first."""
        if self.request is not None and self.request.is_open:
            return self
        return replace(self, request=request)

    def answered(self, request_id: str, answer: Answer, reason: str = "") -> Rotation:
        """With the answer to a request noted; unchanged where that is not the last request any more."""
        if self.request is None or self.request.request_id != request_id:
            return self
        return replace(self, request=replace(self.request, answer=answer, reason=reason))

    def told(self) -> Rotation:
        """With the request noted as told of on the bus."""
        return self if self.request is None else replace(self, request=replace(self.request, is_told=True))

    def given_up(self) -> Rotation:
        """With the request over though no secret came: a person has said that none will."""
        return self if self.request is None else replace(self, request=replace(self.request, is_over=True))

    def arrived(self, new: NewSecret, *, replaces: str, now: float) -> Rotation:
        """With a secret that came; unchanged where it is known, or where a later one has come already."""
        known = self.successor
        # One from the future, left as it is, would keep out all that come after it.
        made_at = min(new.event_time, now + _SKEW_SECONDS)
        if known is not None and (
            known.notification_id == new.notification_id or known.rank > (made_at, new.notification_id)
        ):
            return self
        came = Successor(
            notification_id=new.notification_id,
            version_id=new.version_id,
            replaces=replaces,
            event_time=made_at,
            arrived_at=now,
            expires_at=new.expires_at,
            old_expires_at=new.old_expires_at,
            earlier=known.version_id if known is not None and known.stage not in IN_USE else "",
        )
        request = self.request
        # One that was made before the request is not its answer.
        if request is not None and made_at >= request.at - _SKEW_SECONDS:
            request = replace(request, is_over=True)
        return replace(self, successor=came, request=request)

    def stored(self, notification_id: str) -> Rotation:
        """With the secret noted as stored."""
        return self._moved(notification_id, Stage.ARRIVED, Stage.STORED)

    def tried(self, notification_id: str, refusal: str, *, by_hand: bool, now: float) -> Rotation:
        """With the outcome of a try noted that did not put the secret to use."""
        if self.successor is None or self.successor.notification_id != notification_id:
            return self
        tried = replace(
            self.successor, tries=self.successor.tries + 1, tried_at=now, refusal=refusal, by_hand=by_hand
        )
        return replace(self, successor=tried)

    def promoted(self, notification_id: str, now: float) -> Rotation:
        """With the secret noted as in use."""
        moved = self._moved(notification_id, Stage.STORED, Stage.PROMOTED)
        if moved is self or moved.successor is None:
            return self
        in_use = replace(moved.successor, promoted_at=now, refusal="", by_hand=False)
        return replace(moved, successor=in_use)

    def settled(self, notification_id: str) -> Rotation:
        """With the secret before it noted as put away."""
        return self._moved(notification_id, Stage.PROMOTED, Stage.SETTLED)

    def noticed(self, version_id: str, expires_at: float) -> Rotation:
        """With what Amazon said of when the version in use ends."""
        return replace(self, told_expiry=(version_id, expires_at))

    def having_told(self, troubles: tuple[str, ...]) -> Rotation:
        """With the troubles noted that have been told of on the bus."""
        return replace(self, told_troubles=troubles)

    def _moved(self, notification_id: str, before: Stage, after: Stage) -> Rotation:
        known = self.successor
        if known is None or (known.notification_id, known.stage) != (notification_id, before):
            return self
        return replace(self, successor=replace(known, stage=after))

    def expires_at(self, version_id: str, created_at: float) -> float:
        """When a version ends: as Amazon said, but at the latest 180 days after it was written."""
        latest = created_at + LIFE_DAYS * DAY_SECONDS
        if self.successor is not None and self.successor.version_id == version_id:
            told = self.successor.expires_at
            if told is not None:
                return min(told, latest)
        if self.told_expiry is not None and self.told_expiry[0] == version_id:
            return min(self.told_expiry[1], latest)
        return latest

    def concerns_present(self, notice: ExpiryNotice, version_id: str, created_at: float) -> bool:
        """Whether a notice is of the secret in use: after a rotation Amazon tells of the one before as well.

        Only of a secret that came by a rotation it is known when it was made, and so when it ends.
        """
        if self.successor is None or self.successor.version_id != version_id:
            return True
        return notice.expires_at > self.expires_at(version_id, created_at) - _SAME_EXPIRY_SECONDS

    @property
    def waits(self) -> bool:
        """Whether a new secret is on its way or not yet in use: none may be asked for then."""
        return (self.request is not None and self.request.is_open) or (
            self.successor is not None and self.successor.stage not in IN_USE
        )

    def is_due(self, *, expires_at: float, days_before: int, now: float) -> bool:
        """Whether a new secret is to be asked for because the present one ends soon."""
        if self.waits or expires_at - now > days_before * DAY_SECONDS:
            return False
        refused = self.request is not None and self.request.answer is Answer.REFUSED
        return not refused or self.request is None or now - self.request.at >= RETRY_SECONDS

    def troubles(self, *, answer_seconds: float, now: float) -> tuple[Trouble, ...]:
        """What goes wrong now. Empty where all is as it should be, or may yet become so."""
        return (*self._of_request(answer_seconds, now), *self._of_successor(answer_seconds, now))

    def _of_request(self, answer_seconds: float, now: float) -> tuple[Trouble, ...]:
        request = self.request
        if request is None:
            return ()
        age = now - request.at
        if request.is_open and age > answer_seconds:
            text = (
                f"Amazon was asked for a new client secret (answer: {request.answer}) and none has come: the "
                f"present one ends {OLD_LIFE_DAYS} days after the call, if it was carried out"
            )
            return (Trouble("no-new-secret", request.request_id, text),)
        if request.answer is Answer.REFUSED and age < RETRY_SECONDS + answer_seconds:
            return (Trouble("refused", request.request_id, f"no new secret was made: {request.reason}"),)
        return ()

    def _of_successor(self, answer_seconds: float, now: float) -> tuple[Trouble, ...]:
        known = self.successor
        if known is None or known.stage in IN_USE:
            return ()
        if known.by_hand:
            text = "a new secret has come, but other credentials were written since, and those stay in use"
            return (Trouble("written-by-hand", known.notification_id, text),)
        if now - known.arrived_at <= answer_seconds:
            return ()
        if known.stage is Stage.ARRIVED:
            text = (
                "a new secret has come and is not stored yet: its message is in the application queue, or in "
                "that one's dead-letter queue"
            )
            return (Trouble("not-stored", known.notification_id, text),)
        text = f"the new secret does not work yet: {known.refusal or 'it was not tried'}"
        return (Trouble("not-proved", known.notification_id, text),)
