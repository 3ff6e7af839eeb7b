"""Lets one stage of a stream work while the next one is busy with what came before.

Reading from the network, AES and inflating all let go of the interpreter's lock, so stages on two cores
overlap although they are threads.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue
from threading import Event
from typing import Final

DEPTH: Final = 8


def _nothing() -> None:
    return


@contextmanager
def prefetched(
    chunks: Generator[bytes], *, interrupt: Callable[[], None] = _nothing, depth: int = DEPTH
) -> Iterator[Iterator[bytes]]:
    """Give `chunks`, of which up to `depth` are made ahead by a thread; what they raise is raised here.

    interrupt: called where the block is left before the last chunk came; it ends a wait inside `chunks`.
    When the block is left the thread has ended and `chunks` are closed.
    """
    queue: Queue[bytes | None] = Queue(depth)
    left = Event()

    def make() -> None:
        try:
            for chunk in chunks:
                queue.put(chunk)
                if left.is_set():
                    return
        finally:
            chunks.close()
            queue.put(None)

    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as threads:
        making = threads.submit(make)
        ended = False

        def given() -> Iterator[bytes]:
            nonlocal ended
            while (chunk := queue.get()) is not None:
                yield chunk
            ended = True
            making.result()

        try:
            yield given()
        finally:
            left.set()
            if not ended:
                interrupt()
                # The thread may wait for room. What it raises once it is interrupted follows from that.
                while queue.get() is not None:
                    pass
