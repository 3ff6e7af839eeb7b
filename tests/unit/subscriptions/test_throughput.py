"""A large stage's sellers keep Amazon's quotas and use them up: the measurement, at a small scale."""

from __future__ import annotations

import pytest

from bench.reconciliation import MOST_RATIO, TYPES, destination_replaced, onboarding


def test_sellers_who_have_nothing_take_what_their_own_quotas_take() -> None:
    it = onboarding(100)
    assert it.seconds / it.bound_seconds <= MOST_RATIO
    assert it.calls == it.least_calls == 100 * 2 * len(TYPES)
    assert it.refused == 0
    assert it.waits == 0
    assert it.table_calls / it.sellers <= 16


@pytest.mark.parametrize("sellers", [3, 80])
def test_deletions_follow_each_other_at_the_rate_that_all_sellers_share(sellers: int) -> None:
    """80 sellers have more deletions than are booked ahead, so that some must wait without a booking."""
    it = destination_replaced(sellers)
    assert it.seconds <= it.bound_seconds * MOST_RATIO + 15
    assert it.refused == 0
    # Who waits looks once before and once when its turns are due.
    assert it.calls <= sellers * 4 * len(TYPES) * 1.05
    assert (it.waits > sellers) == (sellers == 80)
