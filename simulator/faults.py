"""Faults on request: what goes wrong, at which operation, how many times."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LWA = "lwa"


class Cut(Enum):
    BEFORE = "before"
    AFTER = "after"


class Damage(Enum):
    """What happens to the body of a download on its way.

    The connection closes after half of it (`breakOff`); its last sixteen bytes are missing, and the
    Content-Length agrees (`shorten`); one bit in the middle is another (`tamper`).
    """

    BREAK_OFF = "breakOff"
    SHORTEN = "shorten"
    TAMPER = "tamper"


@dataclass(frozen=True)
class Fault:
    """One thing that happens to one request.

    `cut` closes the connection without an answer: `before` the request is carried out, or `after`.
    `status` and `body` are answered in place of the real answer, and the request is not carried out unless
    `carried_out` says so. `damage` spoils the body of a document that is downloaded. `delay_seconds` is
    waited first; with nothing else the request is then served as usual. With a `seller_id` it befalls that
    seller's requests only.
    """

    operation: str
    seller_id: str | None = None
    damage: Damage | None = None
    status: int | None = None
    body: str | None = None
    delay_seconds: float = 0.0
    cut: Cut | None = None
    carried_out: bool = False

    def __post_init__(self) -> None:
        if self.cut and (self.status is not None or self.body is not None):
            raise ValueError("a fault either cuts the connection or answers: give cut, or status and body")
        if self.damage and (self.cut or self.answers):
            raise ValueError("a damage is done to a real answer: give damage, or cut, or status and body")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status {self.status} is not an HTTP status from 200 to 599")
        if self.delay_seconds < 0:
            raise ValueError("delaySeconds must not be negative")
        if self.carried_out and not self.answers:
            raise ValueError("carriedOut goes with status or body; for a lost answer use cut: after")
        if not (self.cut or self.answers or self.damage or self.delay_seconds):
            raise ValueError("a fault needs at least one of status, body, delaySeconds, cut, damage")

    @property
    def answers(self) -> bool:
        return self.status is not None or self.body is not None


class Faults:
    """Faults in waiting; those of one operation happen in the order they were added."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[Fault, int]]] = {}

    def add(self, fault: Fault, count: int = 1) -> None:
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        self._waiting.setdefault(fault.operation, []).append((fault, count))

    def take(self, operation: str, seller_id: str | None = None) -> Fault | None:
        """The fault that befalls the next request of this operation, if any; it is used up by one."""
        waiting = self._waiting.get(operation, [])
        for place, (fault, count) in enumerate(waiting):
            if fault.seller_id in (None, seller_id):
                if count > 1:
                    waiting[place] = (fault, count - 1)
                else:
                    del waiting[place]
                return fault
        return None

    def left(self) -> dict[str, int]:
        """How many faults each operation still has before it."""
        return {
            name: sum(count for _, count in waiting) for name, waiting in self._waiting.items() if waiting
        }

    def clear(self) -> None:
        self._waiting.clear()
