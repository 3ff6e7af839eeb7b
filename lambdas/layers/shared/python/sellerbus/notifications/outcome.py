"""What one run for one seller found and did."""

from __future__ import annotations

from dataclasses import dataclass, field

from sellerbus.notifications.drift import Finding


@dataclass
class Outcome:
    """What one run found and did. in_place: wanted subscriptions that are there now.

    foreign and blocked name what was left alone, as "TYPE subscriptionId" and "TYPE payloadVersion".
    drifted: what was changed behind our back. not_configured: types of the seller's own list that the
    configuration lacks. revoked: the seller's authorisation is revoked, so only what was recorded could be
    deleted; marked: this run has found that out.
    """

    in_place: int = 0
    created: int = 0
    deleted: int = 0
    foreign: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    drifted: list[Finding] = field(default_factory=list)
    not_configured: list[str] = field(default_factory=list)
    revoked: bool = False
    marked: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.created or self.deleted)
