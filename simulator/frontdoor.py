"""What every request to Amazon passes first: faults on the way in and out, and the journal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.damage import damaged
from simulator.faults import Cut, Fault
from simulator.journal import Entry
from simulator.world import World


@dataclass(frozen=True)
class Answer:
    """A finished answer; `caller` goes to the journal only.

    `body` is what shall be JSON, text that is sent as it is, a Response, or None for no body at all.
    """

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)
    caller: str | None = None
    media_type: str = "application/json"


class AnswerLostError(Exception):
    """Raised by work that is done, and whose answer shall not arrive."""


class CutConnection(Response):
    """Closes the connection without an answer.

    Needs the transport in the connection's state, where the simulator's server puts it.
    """

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        scope["state"]["transport"].abort()
        # Until the server has noticed, returning without an answer would make it send one.
        while (await receive())["type"] != "http.disconnect":
            pass


class FrontDoor:
    def __init__(self, world: World, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._world = world
        self._sleep = sleep

    async def serve(
        self,
        request: Request,
        operation: str,
        carry_out: Callable[[], Awaitable[Answer]],
        fail: Callable[[int], Answer],
        *,
        path: str,
        sandbox: bool = False,
        region: str | None = None,
        seller_id: str | None = None,
    ) -> Response:
        """Serves one request; `carry_out` does the work, `fail` words the error of a status.

        `seller_id` is whose request it seems to be, for the faults of one seller and for the journal.
        """
        received_at = self._world.mint.timestamp()
        fault = self._world.faults.take(operation, seller_id)
        answer: Answer | None = None
        cut: Cut | None = None
        # Where the client leaves in the middle there is nobody to answer; the journal keeps that it came.
        with suppress(ClientDisconnect):
            try:
                answer, cut = await self._with_fault(fault, carry_out, fail)
            except AnswerLostError:
                cut = Cut.AFTER
        self._world.journal.record(
            Entry(
                time=received_at,
                operation=operation,
                method=request.method,
                path=path,
                status=None if cut else answer.status if answer else None,
                caller=(answer.caller if answer else None) or seller_id,
                cut=cut.value if cut else None,
                sandbox=sandbox,
                region=region,
            )
        )
        if cut or answer is None:
            return CutConnection()
        return _response(answer)

    async def _with_fault(
        self,
        fault: Fault | None,
        carry_out: Callable[[], Awaitable[Answer]],
        fail: Callable[[int], Answer],
    ) -> tuple[Answer | None, Cut | None]:
        if fault is None:
            return await carry_out(), None
        if fault.delay_seconds:
            await self._sleep(fault.delay_seconds)
        if fault.cut is Cut.BEFORE:
            return None, fault.cut
        if fault.cut is Cut.AFTER:
            return await carry_out(), fault.cut
        if not fault.answers:
            answer = await carry_out()
            if fault.damage and isinstance(answer.body, Response):
                answer = replace(answer, body=damaged(answer.body, fault.damage))
            return answer, None
        real = await carry_out() if fault.carried_out else None
        failed = fail(500 if fault.status is None else fault.status)
        caller = real.caller if real else None
        body = failed.body if fault.body is None else fault.body
        return Answer(failed.status, body, failed.headers, caller, failed.media_type), None


def _response(answer: Answer) -> Response:
    """JSON, but for a body that is text already: a fault may want one that is not JSON."""
    if isinstance(answer.body, Response):
        return answer.body
    if answer.body is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, dict(answer.headers), "text/html")
    content = json.dumps(answer.body, ensure_ascii=False).encode("utf-8")
    return Response(content, answer.status, dict(answer.headers), answer.media_type)
