"""Sends one request of the Selling Partner API and measures it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from sellerbus.api.answers import lost, seconds_to_wait
from sellerbus.api.errors import first_error
from sellerbus.api.observing import ApiCall, Observer
from sellerbus.api.operation import Operation
from sellerbus.api.redaction import redact, shorten
from sellerbus.api.throttle import Key

# The Messaging API's answers are of the second type.
ACCEPT = "application/json, application/hal+json"
USER_AGENT = f"Sellerbus/0.1.0 (Language=Python/{platform.python_version()}; Platform={platform.system()})"
LONGEST_CODE = 100


@dataclass(frozen=True)
class Request:
    """One call as it was asked for, however often it is sent."""

    operation: Operation
    key: Key
    url: str
    query: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True)
class Reply:
    """A whole answer, of any status. retry_after: the seconds that Amazon asked to wait, 0 where none."""

    status: int
    content: bytes
    request_id: str | None
    retry_after: float
    rate_limit: str | None


class Sender:
    """Sends over one session; tells the observer of each attempt. clock: wall clock, seconds."""

    def __init__(self, session: requests.Session, observer: Observer, clock: Callable[[], float]) -> None:
        self._session = session
        self._observer = observer
        self._clock = clock

    def send(
        self, request: Request, token: str, timeouts: tuple[float, float], quota_used: float | None
    ) -> Reply:
        """Raises what `lost` makes of a request to which no whole answer came."""
        headers = {"accept": ACCEPT, "user-agent": USER_AGENT, "x-amz-access-token": token}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        started = self._clock()
        try:
            response = self._session.request(
                request.operation.method,
                request.url,
                params=dict(request.query) or None,
                data=request.body,
                headers=headers,
                timeout=timeouts,
                allow_redirects=False,
            )
            content = response.content
        except requests.RequestException as error:
            self._tell(request, None, started, quota_used)
            raise lost(request.operation, error) from None
        reply = Reply(
            response.status_code,
            content,
            response.headers.get("x-amzn-RequestId"),
            seconds_to_wait(response.headers.get("Retry-After")),
            response.headers.get("x-amzn-RateLimit-Limit"),
        )
        self._tell(request, reply, started, quota_used)
        return reply

    def _tell(self, request: Request, reply: Reply | None, started: float, quota_used: float | None) -> None:
        # A clock that was set back meanwhile must not make a time of less than nothing.
        seconds = max(0.0, self._clock() - started)
        operation, seller_id = request.operation.name, request.key[1]
        if reply is None:
            self._observer.called(ApiCall(operation, seller_id, None, seconds, quota_used=quota_used))
            return
        code = first_error(reply.content)[0] if reply.status >= 400 else None
        self._observer.called(
            ApiCall(
                operation,
                seller_id,
                reply.status,
                seconds,
                reply.request_id,
                shorten(redact(code), LONGEST_CODE) if code else None,
                quota_used,
            )
        )
