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

    def feed_document_id(self, region: str) -> str:
        """Amazon's form: `amzn1.tortuga.4.na.`, an identifier, and a `T` with 13 letters and digits."""
        ending = "".join(self.randomness.choices(string.ascii_uppercase + string.digits, k=13))
        return f"amzn1.tortuga.4.{region}.{self.identifier()}.T{ending}"

    def order_id(self) -> str:
        """Amazon's 3-7-7 format."""
        digits = "".join(self.randomness.choices(string.digits, k=14))
        return f"9{self.randomness.randrange(100):02d}-{digits[:7]}-{digits[7:]}"

    def secret(self, size: int) -> bytes:
        return self.randomness.randbytes(size)

    def timestamp(self, seconds: float | None = None) -> str:
        """The present, or another time, as Amazon's notifications write it: UTC, milliseconds, `Z`."""
        time = datetime.fromtimestamp(self.clock() if seconds is None else seconds, UTC)
        return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
