"""The client secrets of applications, each with the time in which it works. No clock of its own.

Source: "Rotate your application's client secret" and "Rotate your Application's LWA Credentials". A new
secret lasts 180 days, and the one before it seven days more. How long a new one takes to work Amazon does not
say.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

DAY_SECONDS = 86_400.0
LIFE_SECONDS = 180 * DAY_SECONDS
OLD_LIFE_SECONDS = 7 * DAY_SECONDS


@dataclass(frozen=True)
class ClientSecret:
    """Times are seconds since 1970."""

    value: str = field(repr=False)
    issued_at: float
    works_from: float
    ends_at: float

    def works(self, now: float) -> bool:
        return self.works_from <= now < self.ends_at


@dataclass(frozen=True)
class Pace:
    """Seconds until a new secret works, until its message is sent, and that the old one lasts."""

    works_after: float = 0.0
    message_after: float = 0.0
    old_lasts: float = OLD_LIFE_SECONDS


class ApplicationSecrets:
    """Of one application: its secrets, the newest last, and the queues that its owner has registered.

    The queues are registered by hand in the Developer Console, each type by itself; "" is none.
    """

    def __init__(self, first: str, now: float) -> None:
        self.secrets = [ClientSecret(first, now, now, now + LIFE_SECONDS)]
        self.new_secret_queue = ""
        self.expiry_queue = ""
        self.pace = Pace()

    @property
    def newest(self) -> ClientSecret:
        return self.secrets[-1]

    def accepts(self, value: str, now: float) -> bool:
        return any(secret.value == value and secret.works(now) for secret in self.secrets)

    def rotate(self, randomness: random.Random, now: float) -> tuple[ClientSecret, float]:
        """Makes a new secret; returns it and when the one before it ends."""
        old_ends_at = now + self.pace.old_lasts
        self.secrets = [
            replace(secret, ends_at=min(secret.ends_at, old_ends_at))
            for secret in self.secrets
            if secret.ends_at > now
        ]
        value = f"amzn1.oa2-cs.v1.{randomness.randbytes(32).hex()}"
        made = ClientSecret(value, now, now + self.pace.works_after, now + LIFE_SECONDS)
        self.secrets.append(made)
        return made, old_ends_at
