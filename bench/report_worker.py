"""One reading of a processing report in a process of its own, so that its memory is nobody else's.

Arguments: the way to read it, the file. Prints the seconds, the messages, and the bytes by which the resident
memory grew at most, as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from bench.document_worker import FakeS3
from sellerbus.documents.cipher import EncryptionDetails
from sellerbus.documents.compression import Unpacked
from sellerbus.documents.limits import Limits
from sellerbus.documents.prefetch import prefetched
from sellerbus.documents.storage import Received
from sellerbus.documents.transfer import Content
from sellerbus.feeds.keeping import ReportKeeper
from sellerbus.feeds.reports.report import Report, json_lines

CHUNK_BYTES = 1 << 20


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def ours(path: Path) -> int:
    """All messages, one after the other."""
    report = Report(chunks(path), "utf-8")
    return sum(1 for _ in report.messages())


def ours_written(path: Path) -> int:
    """All messages, and their JSON Lines."""
    report = Report(chunks(path), "utf-8")
    return sum(piece.count(b"\n") for piece in json_lines(report.messages()))


def ours_kept(path: Path) -> int:
    """The original and the JSON Lines on their way to S3 in one pass, as the function keeps them."""
    with path.open("rb", buffering=0) as file:
        keeper = ReportKeeper(
            transfer=_Opened(file, path.stat().st_size),
            s3=FakeS3(path),
            bucket="bucket",
            remaining_seconds=lambda: 900.0,
        )
        return keeper.keep("t", "", None, tolerant=False).messages


class _Raw:
    """The body of an answer that holds the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int, *, decode_content: bool) -> bytes:
        """urllib3.HTTPResponse.read."""
        del decode_content
        return self._file.read(size)


class _Opened:
    """The file as an open document."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._raw = _Raw(file)
        self._length = length

    @contextmanager
    def opened(self, url: str, *, encryption: EncryptionDetails | None = None) -> Iterator[Content]:
        """documents.transfer.DocumentTransfer.opened."""
        del url, encryption
        limits = Limits()
        received = Received("application/json; charset=UTF-8", self._raw, "host", self._length, limits)
        with prefetched(received.chunks()) as ahead:
            yield Content(received, Unpacked(ahead, limits))


def json_load(path: Path) -> int:
    """The whole document as Python's objects: fast, and as much memory as it takes."""
    with path.open("rb") as file:
        return len(json.load(file)["issues"])


def iterparse(path: Path) -> int:
    """The usual streaming reading: element by element, each cleared."""
    count = 0
    for _, element in ElementTree.iterparse(path):  # noqa: S314  the bench wrote the file itself
        if element.tag == "Result":
            count += bool({child.tag: child.text for child in element})
            element.clear()
    return count


WAYS = {way.__name__: way for way in (ours, ours_written, ours_kept, json_load, iterparse)}


def _memory(name: str) -> int:
    """Bytes; VmRSS is the resident memory now, VmHWM the most it has been."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))


def main(way: str, path: str) -> None:
    """Read once and print what it took."""
    before = _memory("VmRSS")
    began = time.perf_counter()
    messages = WAYS[way](Path(path))
    seconds = time.perf_counter() - began
    result = {"seconds": seconds, "messages": messages, "growth": _memory("VmHWM") - before}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
