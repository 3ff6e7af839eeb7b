"""The id that follows one thing through functions, calls to Amazon, log lines and events.

A notification's is its eventId, a feed's or message's its taskId. Log lines carry it as `correlation_id`,
events as `correlationId`.

A new thread begins without it, as every context variable does: what is done there says `correlated` anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("sellerbus_correlation_id", default=None)


@contextmanager
def correlated(correlation_id: str | None) -> Iterator[None]:
    """Inside, everything belongs to the thing of this id; None: to none."""
    token = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str | None:
    """The id of what is worked on; None outside of `correlated`."""
    return _current.get()
