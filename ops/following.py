"""Follows runs that were asked for, by what they leave in the table SubscriptionState, to their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from ops.seller_states import moment
from sellerbus.notifications.seller_record import StateView
from sellerbus.sellers.rows import ACTIVE, PAUSED, REVOKED

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

    ended: the state that the run left. gone: those of whom nothing is left. revoked: those whose run found
    the authorisation revoked. open: those of whom no run has ended yet.
    """

    ended: dict[Place, StateView] = field(default_factory=dict)
    gone: list[Place] = field(default_factory=list)
    revoked: list[Place] = field(default_factory=list)
    open: list[Place] = field(default_factory=list)

    @property
    def failed(self) -> dict[Place, str]:
        return {place: state.last_error for place, state in self.ended.items() if state.last_error}

    @property
    def blocked(self) -> dict[Place, tuple[str, ...]]:
        """What others' subscriptions keep out, as "TYPE payloadVersion"."""
        return {place: state.blocked for place, state in self.ended.items() if state.blocked}

    @property
    def count(self) -> int:
        return len(self.ended) + len(self.gone) + len(self.revoked)


def before(regions: Mapping[str, Region], places: Sequence[Place]) -> dict[Place, StateView]:
    """Return the states as they are; to be taken before the runs are asked for."""
    return _look(regions, places)


def follow(
    regions: Mapping[str, Region],
    earlier: Mapping[Place, StateView],
    places: Sequence[Place],
    *,
    limit_seconds: float,
    reached: Callable[[int], None],
    sleep: Callable[[float], object],
    clock: Callable[[], float] = time.monotonic,
) -> Followed:
    """Wait until a run of each seller has ended that ended after `earlier` was taken, or the time is over.

    The functions' clock tells the ends of runs, and only their own is compared: this machine's may be wrong.
    """
    followed = Followed(open=list(places))
    ends_at = clock() + limit_seconds
    while True:
        states = _look(regions, followed.open)
        statuses = _statuses(regions, followed.open)
        still: list[Place] = []
        for place in followed.open:
            state, status = states.get(place), statuses.get(place)
            if state is None and status in (None, PAUSED):
                # Nothing is remembered of a seller that has nothing any more and shall have nothing.
                followed.gone.append(place)
            elif status == REVOKED:
                followed.revoked.append(place)
            elif state is not None and _later(state, earlier.get(place)) and _ended(state, status):
                followed.ended[place] = state
            else:
                still.append(place)
        followed.open = still
        reached(followed.count)
        left = ends_at - clock()
        if not still or left <= 0:
            return followed
        sleep(min(left, max(_SHORT_PAUSE_SECONDS, len(still) / _SELLERS_PER_SECOND_OF_PAUSE)))


def _later(state: StateView, earlier: StateView | None) -> bool:
    if state.finished_at is None:
        return False
    if earlier is None or earlier.finished_at is None:
        return True
    return moment(state.finished_at) > moment(earlier.finished_at)


def _ended(state: StateView, status: str | None) -> bool:
    """Whether the last run left nothing to a next one: it may have put the seller back to wait for quota."""
    if state.last_error:
        return True
    return state.settled if status == ACTIVE else status == PAUSED and not state.subscriptions


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
