"""Reads what was kept of a task: its results line by line, its report as Amazon wrote it, its findings."""

from __future__ import annotations

import codecs
import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TextIO

from botocore.exceptions import ClientError

from ops import live
from ops.errors import EXISTS, FAILED, NOT_FOUND, WRONG_INPUT, CommandError
from ops.printable import plain, whole
from sellerbus.documents.charset import codec_named, declared_charset

COLUMNS: Final = ("messageId", "sku", "code", "severity", "attribute", "message")
ERROR: Final = "ERROR"

_CHUNK_BYTES: Final = 1 << 18
_LONGEST_FINDINGS: Final = 64 * 1024 * 1024
_GONE: Final = frozenset({"NoSuchKey", "404", "NotFound"})
# A spreadsheet takes such a cell for a formula; one for Japanese takes wide signs too.
_FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Row = Mapping[str, Any]


class Kept:
    """Objects of the result bucket, as a task's row points to them."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def lines(self, pointer: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the results as the lines of their object; raises CommandError."""
        with closing(self._opened(pointer, "results")) as body:
            # Lines are as long as Amazon's texts: small pieces would be one call of Python each.
            yield from body.iter_lines(chunk_size=_CHUNK_BYTES)

    def results(self, pointer: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the results in the report's order; raises CommandError."""
        for number, line in enumerate(self.lines(pointer), 1):
            try:
                row = json.loads(line) if line else {}
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise CommandError(
                    f"Line {number} of s3://{self._place(pointer)} is no JSON object: the results are "
                    "damaged. The original is whole: `feeds report`.",
                    FAILED,
                )
            if row:
                yield row

    def findings(self, pointer: Mapping[str, Any]) -> list[Row]:
        """Return the findings of a task that was checked; raises CommandError."""
        with closing(self._opened(pointer, "findings")) as body:
            document = json.loads(body.read(_LONGEST_FINDINGS))
        return list(document["findings"])

    def report(self, pointer: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the report's bytes as Amazon wrote them, unpacked and decrypted; raises CommandError."""
        with closing(self._opened(pointer, "report")) as body:
            yield from body.iter_chunks(chunk_size=_CHUNK_BYTES)

    def _opened(self, pointer: Mapping[str, Any], what: str) -> Any:
        try:
            return self._s3.get_object(Bucket=pointer.get("bucket") or self._bucket, Key=pointer["key"])[
                "Body"
            ]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise CommandError(
                f"The {what} of the task are not kept any more (s3://{self._place(pointer)}): "
                "`retention.feeds_days` of the stage's file says for how long they are.",
                NOT_FOUND,
            ) from None

    def _place(self, pointer: Mapping[str, Any]) -> str:
        return f"{pointer.get('bucket') or self._bucket}/{pointer['key']}"


def of_finding(finding: Row) -> Row:
    """Return a finding of the checks as a result."""
    return {
        "messageId": finding.get("messageId"),
        "sku": finding.get("sku"),
        "code": finding.get("rule"),
        "severity": str(finding.get("severity", "")).upper(),
        "message": finding.get("text"),
        "attribute": finding.get("where"),
    }


def chosen(
    rows: Iterable[Row], *, sku: str | None, code: str | None, everything: bool, limit: int | None
) -> Iterator[Row]:
    """Yield the rows that are asked for, as they come; without `everything` the errors alone."""
    left = limit
    for row in rows:
        if not everything and row.get("severity") != ERROR:
            continue
        if sku is not None and row.get("sku") != sku:
            continue
        if code is not None and str(row.get("code")) != code:
            continue
        if left is not None:
            if left == 0:
                return
            left -= 1
        yield row


def on_terminal(out: TextIO) -> bool:
    return out.isatty()


def write_lines(rows: Iterable[Row], out: TextIO) -> int:
    """Write each row as JSON on a line; returns how many there were."""
    printable = plain if on_terminal(out) else whole
    count = 0
    for row in rows:
        out.write(printable(json.dumps(row, ensure_ascii=False, separators=(",", ":"))) + "\n")
        count += 1
    return count


def write_csv(rows: Iterable[Row], out: TextIO) -> int:
    """Write the rows as CSV, with a line of names; returns how many there were.

    A text that a spreadsheet would carry out gets an apostrophe before it. All is quoted: before Python 3.13
    a carriage return alone is not.
    """
    printable = plain if on_terminal(out) else whole
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        writer.writerow([printable(_cell(row.get(name))) for name in COLUMNS])
        count += 1
    return count


def write_json(facts: Mapping[str, Any], rows: Iterable[Row], out: TextIO) -> int:
    """Write one JSON object: the facts, and `messages` with the rows as they come; returns how many."""
    begin = json.dumps(facts, indent=2, sort_keys=True).removesuffix("\n}")
    out.write(f'{begin},\n  "messages": [')
    count = 0
    for row in rows:
        out.write(("," if count else "") + "\n    " + json.dumps(row, sort_keys=True))
        count += 1
    out.write(("\n  " if count else "") + "]\n}\n")
    return count


def _cell(value: object) -> str:
    if value is None:
        return ""
    return spreadsheet_cell(value) if isinstance(value, str) else str(value)


def spreadsheet_cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet carries out."""
    return f"'{text}" if text.startswith(_FORMULA_BEGINS) else text


def save(chunks: Iterable[bytes], file: Path, total_bytes: int | None) -> int:
    """Write a new file; returns its size. Raises CommandError where there is one already.

    What could not be written to its end is taken away again.
    """
    written = 0
    try:
        with file.open("xb") as out:
            try:
                with live.transfer(total_bytes, f"Downloading to {file.name}") as moved:
                    for chunk in chunks:
                        out.write(chunk)
                        written += len(chunk)
                        moved(len(chunk))
            except BaseException:
                file.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise CommandError(
            f"{file} is there already, and is left as it is: name another file.", EXISTS
        ) from None
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.", WRONG_INPUT) from error
    if total_bytes is not None and written != total_bytes:
        file.unlink(missing_ok=True)
        raise CommandError(
            f"{written} of {total_bytes} bytes came: nothing was kept of it. Run the command again.", FAILED
        )
    return written


def to_stdout(chunks: Iterable[bytes], content_type: str) -> None:
    """Write bytes as they are into a pipe or file; onto a terminal as text, in the charset they are in."""
    if not sys.stdout.isatty():
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    named = codec_named(declared_charset(content_type) or "utf-8") or "utf-8"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(named)("replace"), translate=True)
    for chunk in chunks:
        sys.stdout.write(plain(decoder.decode(chunk)))
    sys.stdout.write(plain(decoder.decode(b"", final=True)))
