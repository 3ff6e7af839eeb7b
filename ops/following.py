"""Follows runs that were asked for, by what they leave in the table SubscriptionState, to their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.notifications.seller_record import StateView
from sellerbus.sellers.rows import REVOKED

_SHORT_PAUSE_SECONDS: Final = 2.0
_SELLERS_PER_SECOND_OF_PAUSE: Final = 100
"""A look at many sellers costs as many reads: it is taken more seldom."""

Place = tuple[str, str]
"""Region and seller id."""


class States(Protocol):
    """The part of a cell's seller states that is used."""

    def of(self, seller_ids: Sequence[str]) -> dict[str, StateView]: ...


class Statuses(Protocol):
    """Tells the status of each of these sellers that the cell's registry has."""

    def __call__(self, seller_ids: Sequence[str], /) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Region:
    """Where one region's sellers are looked up."""

    states: States
    statuses: Statuses


@dataclass
class Followed:
    """What became of the sellers.

    ended: the state that the run left. failed: those whose run failed, and why. gone: those of whom nothing
    is left. revoked: those whose run found the authorisation revoked. open: those of whom no run that was
    asked for has ended yet.
    """

    ended: dict[Place, StateView] = field(default_factory=dict)
    failed: dict[Place, str] = field(default_factory=dict)
    gone: list[Place] = field(default_factory=list)
    revoked: list[Place] = field(default_factory=list)
    open: list[Place] = field(default_factory=list)

    @property
    def blocked(self) -> dict[Place, tuple[str, ...]]:
        """What others' subscriptions keep out, as "TYPE payloadVersion"."""
        return {place: state.blocked for place, state in self.ended.items() if state.blocked}

    @property
    def count(self) -> int:
        return len(self.ended) + len(self.gone) + len(self.revoked)


def follow(
    regions: Mapping[str, Region],
    request_id: str,
    places: Sequence[Place],
    *,
    limit_seconds: float,
    reached: Callable[[int], None],
    sleep: Callable[[float], object],
    clock: Callable[[], float] = time.monotonic,
) -> Followed:
    """Wait until each seller's job of the request is done, or the time is over.

    A run that began before the request, or was asked for by somebody else, doesn't count: the runs note
    whose job they have done.
    """
    followed = Followed(open=list(places))
    ends_at = clock() + limit_seconds
    while True:
        states = _look(regions, followed.open)
        statuses = _statuses(regions, followed.open)
        still: list[Place] = []
        for place in followed.open:
            state, status = states.get(place), statuses.get(place)
            ended = state.ended(request_id) if state is not None else None
            if state is None and status is None:
                # Somebody else's run has removed it: the job will find nothing to do.
                followed.gone.append(place)
            elif status == REVOKED:
                followed.revoked.append(place)
            elif state is not None and ended is not None:
                followed.ended[place] = state
                if ended.error:
                    followed.failed[place] = ended.error
            else:
                still.append(place)
        followed.open = still
        reached(followed.count)
        left = ends_at - clock()
        if not still or left <= 0:
            return followed
        sleep(min(left, max(_SHORT_PAUSE_SECONDS, len(still) / _SELLERS_PER_SECOND_OF_PAUSE)))


def _look(regions: Mapping[str, Region], places: Sequence[Place]) -> dict[Place, StateView]:
    return {
        (name, seller_id): state
        for name, region in regions.items()
        for seller_id, state in region.states.of([known for place, known in places if place == name]).items()
    }


def _statuses(regions: Mapping[str, Region], places: Sequence[Place]) -> dict[Place, str]:
    return {
        (name, seller_id): status
        for name, region in regions.items()
        for seller_id, status in region.statuses([known for place, known in places if place == name]).items()
    }
