"""Identifiers, tokens and timestamps, from an injected source of randomness and an injected clock."""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Seconds since the epoch."""

_TOKEN_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Mint:
    randomness: random.Random
    clock: Clock

    def identifier(self) -> str:
        return str(uuid.UUID(int=self.randomness.getrandbits(128), version=4))

    def access_token(self) -> str:
        """Amazon's form: `Atza|` and 350 characters or more in all."""
        return self._token("Atza|")

    def refresh_token(self) -> str:
        return self._token("Atzr|")

    def _token(self, prefix: str) -> str:
        return prefix + "".join(self.randomness.choices(_TOKEN_LETTERS, k=352))

    def timestamp(self) -> str:
        """The present as Amazon's notifications write it: UTC, milliseconds, `Z`."""
        now = datetime.fromtimestamp(self.clock(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
