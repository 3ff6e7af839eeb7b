"""One reading of a processing report in a process of its own, so that its memory is nobody else's.

Arguments: the way to read it, the file. Prints the seconds, the messages, and the bytes by which the resident
memory grew at most, as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from sellerbus.feeds.report import Report, json_lines

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


WAYS = {way.__name__: way for way in (ours, ours_written, json_load, iterparse)}


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
