"""Chunks made ahead by a thread: in order, bounded, their faults raised, and the thread always ends."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest

from sellerbus.documents.prefetch import prefetched


@pytest.fixture(autouse=True)
def _no_thread_remains() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


class Source:
    def __init__(self, count: int, fault: Exception | None = None) -> None:
        self.count = count
        self.fault = fault
        self.made = 0
        self.closed = False

    def chunks(self) -> Generator[bytes]:
        try:
            for number in range(self.count):
                self.made += 1
                yield b"%d" % number
            if self.fault is not None:
                raise self.fault
        finally:
            self.closed = True


@pytest.mark.parametrize("count", [0, 1, 100])
def test_all_come_in_order(count: int) -> None:
    source = Source(count)
    with prefetched(source.chunks(), depth=3) as chunks:
        assert list(chunks) == [b"%d" % number for number in range(count)]
    assert source.closed


def test_what_the_source_raises_comes_after_what_it_gave() -> None:
    got = []
    with (  # noqa: PT012
        pytest.raises(OSError, match="gone"),
        prefetched(Source(5, OSError("gone")).chunks()) as chunks,
    ):
        for chunk in chunks:
            got.append(chunk)  # noqa: PERF402
    assert len(got) == 5


def test_no_more_than_told_is_made_ahead() -> None:
    source = Source(1000)
    with prefetched(source.chunks(), depth=4) as chunks:
        next(chunks)
    # Taken, in the queue, one in hand, and what leaving lets in before the thread looks.
    assert source.made <= 1 + 4 + 1 + 4
    assert source.closed


def test_leaving_by_an_exception_ends_the_thread_and_is_raised() -> None:
    source = Source(1000, OSError("not this"))
    with pytest.raises(KeyError), prefetched(source.chunks()) as chunks:  # noqa: PT012
        next(chunks)
        raise KeyError
    assert source.closed


def test_a_wait_inside_is_interrupted() -> None:
    woken = threading.Event()

    def waiting() -> Generator[bytes]:
        yield b"first"
        assert woken.wait(10)
        raise OSError("interrupted")

    with prefetched(waiting(), interrupt=woken.set) as chunks:
        assert next(chunks) == b"first"
    assert woken.is_set()


def test_nothing_is_interrupted_that_is_over() -> None:
    calls: list[str] = []
    with prefetched(Source(3).chunks(), interrupt=lambda: calls.append("interrupt")) as chunks:
        assert len(list(chunks)) == 3
    with (
        pytest.raises(OSError),
        prefetched(Source(3, OSError()).chunks(), interrupt=lambda: calls.append("interrupt")) as chunks,
    ):
        list(chunks)
    assert calls == []


def test_a_stage_may_stand_on_a_stage() -> None:
    def doubled(chunks: Iterator[bytes]) -> Generator[bytes]:
        for chunk in chunks:
            yield chunk * 2

    source = Source(500)
    with prefetched(source.chunks()) as first, prefetched(doubled(first)) as second:
        assert list(second) == [b"%d" % number * 2 for number in range(500)]
    early = Source(500)
    with prefetched(early.chunks()) as first, prefetched(doubled(first)) as second:
        assert next(second) == b"00"
    assert early.closed
