"""What became of all sellers at deploy time, in figures and in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from sellerbus.notifications.outcome import Outcome


@dataclass
class Summary:
    """What became of the sellers. marked: those who were found to be revoked just now.

    failures: seller id and reason, for the log. not_configured: seller id and the types of its own list that
    the configuration lacks.
    """

    sellers: int = 0
    in_place: int = 0
    created: int = 0
    deleted: int = 0
    queued: int = 0
    revoked: int = 0
    foreign: int = 0
    blocked: int = 0
    drifted: int = 0
    marked: int = 0
    refused_credentials: bool = False
    failures: dict[str, str] = field(default_factory=dict)
    not_configured: dict[str, list[str]] = field(default_factory=dict)

    def add(self, seller_id: str, outcome: Outcome) -> None:
        self.sellers += 1
        self.marked += outcome.marked
        if outcome.not_configured:
            self.not_configured[seller_id] = outcome.not_configured
        self.revoked += outcome.revoked
        self.in_place += outcome.in_place
        self.created += outcome.created
        self.deleted += outcome.deleted
        self.foreign += len(outcome.foreign)
        self.blocked += len(outcome.blocked)

    def text(self) -> str:
        parts = [f"{self.sellers} sellers, {self.in_place} subscriptions in place"]
        for count, words in (
            (self.queued, "sellers queued for later"),
            (self.revoked, "sellers with a revoked authorisation left out"),
            (self.foreign, "subscriptions to other destinations left alone"),
            (self.blocked, "wanted subscriptions kept out by others"),
            (self.drifted, "subscriptions were changed by others"),
        ):
            if count:
                parts.append(f"{count} {words}")
        if self.refused_credentials:
            parts.append(
                "THE APPLICATION'S CREDENTIALS ARE REFUSED: see `bin/sellerbus secrets set --stage <stage>`"
            )
        return "; ".join(parts)
