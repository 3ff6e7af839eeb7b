"""What a rotation consists of: the request to Amazon, the secret that follows, and what goes wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY_SECONDS: Final = 86_400.0
LIFE_DAYS: Final = 180
"""How long a client secret lasts. Source: SP-API, "Rotate your application's LWA credentials"."""
OLD_LIFE_DAYS: Final = 7
"""How long the secret goes on that was in use when a new one was asked for."""
RETRY_SECONDS: Final = DAY_SECONDS
"""How long after a refusal a request that is due is made again."""


class Answer(StrEnum):
    """What became of a call. UNKNOWN: it may have made a secret. NOTHING: it certainly made none."""

    BEGUN = "begun"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOTHING = "nothing"


class Because(StrEnum):
    """Why Amazon was asked."""

    NOTICE = "notice"
    AGE = "age"
    OPERATOR = "operator"


class Stage(StrEnum):
    """How far the new secret is."""

    ARRIVED = "arrived"
    STORED = "stored"
    PROMOTED = "promoted"
    SETTLED = "settled"


IN_USE: Final = frozenset({Stage.PROMOTED, Stage.SETTLED})


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of rotateApplicationClientSecret. at: when it was begun; reason: of a refusal, redacted."""

    request_id: str
    at: float
    because: Because
    answer: Answer = Answer.BEGUN
    reason: str = ""
    is_over: bool = False
    is_told: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a new secret may still come of it."""
        return not self.is_over and self.answer in (Answer.BEGUN, Answer.ACCEPTED, Answer.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Successor:
    """The newest secret that came. replaces: the version that was in use when it came. earlier: the version
    of a secret that had come before it and was not in use; a look that was begun may put it to use still.

    refusal: why it could not be proved at the last try. by_hand: somebody wrote other credentials since, and
    they work: those are left in use.
    """

    notification_id: str
    version_id: str
    replaces: str
    event_time: float
    arrived_at: float
    expires_at: float | None = None
    old_expires_at: float | None = None
    stage: Stage = Stage.ARRIVED
    tries: int = 0
    tried_at: float | None = None
    refusal: str = ""
    by_hand: bool = False
    promoted_at: float | None = None
    earlier: str = ""

    @property
    def rank(self) -> tuple[float, str]:
        """Of two secrets the one with the higher rank counts; the id decides between those of one instant."""
        return (self.event_time, self.notification_id)

    @property
    def old_ends_at(self) -> float:
        """When the secret before it is of no more use."""
        return self.old_expires_at or (self.promoted_at or self.arrived_at) + OLD_LIFE_DAYS * DAY_SECONDS


@dataclass(frozen=True)
class Trouble:
    """Something that a person must look at. problem: a code; of: the request or notification."""

    problem: str
    of: str
    text: str

    @property
    def code(self) -> str:
        """The same as long as it is the same trouble."""
        return f"{self.problem} {self.of}"
