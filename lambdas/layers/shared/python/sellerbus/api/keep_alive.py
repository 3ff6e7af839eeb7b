"""Connections that are kept between calls, but not for longer than they can be relied upon.

While a function is frozen, the other side or a NAT gateway drops its connections without this side's knowing.
The next request is then written into nothing and ends without an answer: for a call that must not be repeated
that is an unknown outcome, which costs a person's time. So a connection that was idle for long is not used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MOST_IDLE_SECONDS: Final = 20.0
"""Below what servers and balancers wait by default before they close an idle connection."""


class _ShortlyIdle:
    """Mixed into a pool. clock: the wall clock, since a monotonic one may stand still during a freeze."""

    def __init__(self, *arguments: Any, clock: Callable[[], float], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._clock = clock

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        idle_since = getattr(connection, "idle_since", None)
        if idle_since is not None and not 0 <= self._clock() - idle_since < MOST_IDLE_SECONDS:
            # As urllib3 does with a connection that it sees to be dropped: it connects anew when used.
            connection.close()
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            connection.idle_since = self._clock()
        super()._put_conn(connection)  # type: ignore[misc]


class _HttpPool(_ShortlyIdle, HTTPConnectionPool):
    pass


class _HttpsPool(_ShortlyIdle, HTTPSConnectionPool):
    pass


class KeepAliveAdapter(HTTPAdapter):
    """Repeats nothing: what may be repeated is decided per operation, and counted, by the client."""

    def __init__(
        self, *, pool_connections: int, pool_maxsize: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        super().__init__(max_retries=0, pool_connections=pool_connections, pool_maxsize=pool_maxsize)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_HttpPool, clock=self._clock),
            "https": partial(_HttpsPool, clock=self._clock),
        }
