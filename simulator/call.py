"""One request as the APIs get it from the gateway, and what they are to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from simulator.regions import DEFAULT_REGION
from simulator.world import Application


@dataclass(frozen=True)
class Call:
    """One authorised request at a region's endpoint. `seller_id` is None for grantless operations.

    `operation` is an operation's key; `served_at` is where the simulator itself listens, as a URL;
    `has_encoded_slash` is of the path as it was sent, where `path` has it decoded.
    """

    operation: str
    application: Application
    seller_id: str | None
    path: Mapping[str, str]
    query: Sequence[tuple[str, str]] = ()
    body: object = None
    region: str = DEFAULT_REGION
    served_at: str = ""
    has_encoded_slash: bool = False

    @property
    def seller(self) -> str:
        if self.seller_id is None:
            raise ValueError(f"{self.operation} is a seller operation and was called without a seller")
        return self.seller_id


class Api(Protocol):
    async def carry_out(self, call: Call) -> dict[str, object] | None:
        """Returns the body of a success, None where that has none, or raises ApiError."""
