"""What normalising a processing report of a million messages takes, against only reading it.

JSON stands against json.load, which holds the whole document; XML against ElementTree.iterparse. Each reading
has a process of its own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.processing import LAYER, ROOT, Row

MESSAGES = 1_000_000
BOUND_MIB = 16
MOST_TIMES_JSON_LOAD = 10.0
MOST_TIMES_ITERPARSE = 5.0
_MIB = 1 << 20


@dataclass(frozen=True)
class _Reading:
    seconds: float
    growth_mib: float


def rows() -> list[Row]:
    """Write the reports, read each in each way, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        as_json, as_xml = Path(folder) / "report.json", Path(folder) / "report.xml"
        with as_json.open("wb") as file:
            write_json(file)
        with as_xml.open("wb") as file:
            _write_xml(file)
        return [
            *_compared("JSON", as_json, "json_load", MOST_TIMES_JSON_LOAD),
            *_compared("XML", as_xml, "iterparse", MOST_TIMES_ITERPARSE),
        ]


def _compared(kind: str, path: Path, baseline: str, most: float) -> Iterator[Row]:
    base = _read(baseline, path)
    ours = _read("ours", path)
    written = _read("ours_written", path)
    for what, reading in ((f"{kind} report read", ours), (f"{kind} report to JSON Lines", written)):
        ratio = reading.seconds / base.seconds
        yield Row(what, MESSAGES / reading.seconds / 1000, "1000 messages/s", ratio, baseline, most=most)
    growth = max(ours.growth_mib, written.growth_mib)
    yield Row(
        f"{kind} report, memory growth",
        growth,
        "MiB",
        growth / BOUND_MIB,
        f"{BOUND_MIB} MiB ({baseline}: {base.growth_mib:.0f})",
        most=1.0,
    )


def _read(way: str, path: Path) -> _Reading:
    finished = subprocess.run(
        [sys.executable, "-m", "bench.report_worker", way, str(path)],
        env={"PYTHONPATH": f"{LAYER}:{ROOT}"},
        check=True,
        capture_output=True,
        text=True,
    )
    result = json.loads(finished.stdout)
    if result["messages"] != MESSAGES:
        raise RuntimeError(f"{way} read {result['messages']} messages: the figures would mean nothing")
    return _Reading(result["seconds"], result["growth"] / _MIB)


def write_json(file: IO[bytes]) -> None:
    """A JSON listings report with an error for each of MESSAGES messages."""
    file.write(b'{"header":{"sellerId":"A1","version":"2.0","feedId":"1"},"issues":[')
    for number in range(1, MESSAGES + 1):
        comma = b"," if number > 1 else b""
        file.write(
            comma + b'{"messageId":%d,"sku":"SKU-%d","code":"90220","severity":"ERROR","message":'
            b"\"'[batteries_required]' is required but not supplied.\","
            b'"attributeName":"batteries_required"}' % (number, number)
        )
    counts = (MESSAGES, MESSAGES, MESSAGES)
    file.write(
        b'],"summary":{"errors":%d,"warnings":0,"messagesProcessed":%d,"messagesAccepted":0,'
        b'"messagesInvalid":%d}}' % counts
    )


def _write_xml(file: IO[bytes]) -> None:
    file.write(
        b'<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Message><ProcessingReport>'
        b"<ProcessingSummary><MessagesProcessed>%d</MessagesProcessed></ProcessingSummary>" % MESSAGES
    )
    for number in range(1, MESSAGES + 1):
        file.write(
            b"<Result><MessageID>%d</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>8560"
            b"</ResultMessageCode><ResultDescription>Missing Attributes product_type.</ResultDescription>"
            b"<AdditionalInfo><SKU>SKU-%d</SKU></AdditionalInfo></Result>\n" % (number, number)
        )
    file.write(b"</ProcessingReport></Message></AmazonEnvelope>")
