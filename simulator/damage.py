"""Downloads that don't arrive as they were sent: broken off, shortened, or with a bit that is another."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from simulator.faults import Damage

SHORTENED_BYTES = 16


class BrokenOff(Response):
    """Sends the head of an answer and the first bytes of its body, then closes the connection.

    Needs the transport in the connection's state, where the simulator's server puts it.
    """

    def __init__(self, real: StreamingResponse, kept_bytes: int) -> None:
        super().__init__(status_code=real.status_code)
        self.raw_headers = real.raw_headers
        self._chunks = _first(_bytes(real.body_iterator), kept_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        # Unlike abort, close sends what was written before.
        scope["state"]["transport"].close()
        while (await receive())["type"] != "http.disconnect":
            pass


def damaged(answer: Response, damage: Damage) -> Response:
    """The answer with its body damaged; one that streams no content stays as it is."""
    if not isinstance(answer, StreamingResponse):
        return answer
    size = int(answer.headers["content-length"])
    if damage is Damage.BREAK_OFF:
        return BrokenOff(answer, size // 2)
    if damage is Damage.SHORTEN:
        kept = max(size - SHORTENED_BYTES, 0)
        answer.headers["content-length"] = str(kept)
        answer.body_iterator = _first(_bytes(answer.body_iterator), kept)
    else:
        answer.body_iterator = _tampered(_bytes(answer.body_iterator), size // 2)
    return answer


async def _bytes(chunks: AsyncIterable[str | bytes | memoryview]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk.encode() if isinstance(chunk, str) else bytes(chunk)


async def _first(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return


async def _tampered(chunks: AsyncIterator[bytes], place: int) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if 0 <= place < len(chunk):
            yield chunk[:place] + bytes([chunk[place] ^ 1]) + chunk[place + 1 :]
        else:
            yield chunk
        place -= len(chunk)
