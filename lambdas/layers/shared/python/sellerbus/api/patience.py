"""Riding out a used-up quota, for work that nobody can take back: CloudFormation waits for its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sellerbus.api.errors import ThrottledError
from sellerbus.api.pacing import LEAST_SECONDS, LONGEST_SECONDS

T = TypeVar("T")


def patiently(
    work: Callable[[], T],
    *,
    remaining_seconds: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Do `work`, and again after each ThrottledError, in naps of at most LONGEST_SECONDS.

    `work` must be such that its repetition goes on where it was. Raises the ThrottledError whose wait does
    not fit into the time that remains, and whatever else `work` raises.
    """
    while True:
        try:
            return work()
        except ThrottledError as error:
            # A wait of no length would ask Amazon in a tight loop.
            left = max(error.seconds, LEAST_SECONDS)
            if remaining_seconds() - left < LEAST_SECONDS:
                raise
        while left > 0:
            nap = min(left, LONGEST_SECONDS)
            sleep(nap)
            left -= nap
