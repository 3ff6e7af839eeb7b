"""Flat files: reading tab-separated rows, and the processing report, text with a summary first. Pure.

Source: reports quoted in public issue threads. Records are counted from 1 after the header row, of which a
template has three. Which rows are wrong is the simulator's choice: too many cells, none in the first column,
a negative number. The codes are assumed. An invoice counts as one record; how Amazon answers to missing
options, and to what is in order, is of amzn/selling-partner-api-docs#2301 and
amzn/selling-partner-api-models#2777.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from simulator.document_content import as_file
from simulator.reporting import Issue, Submission, Tally, UnreadableError

_NUMBERS = ("quantity", "price", "standard-price", "item-price", "quantity-cancelled")
_NAMES = ("sku", "order-id", "order-item-id")
_TEMPLATE_HEADERS = 2
_REQUIRED, _CELLS, _NEGATIVE, _HEADER, _OPTIONS = "90220", "99001", "90114", "13030", "79513"
_OPTIONS_TEXT = (
    "Please provide metadata:shippingid or metadata:orderid,metadata:invoicenumber,metadata:totalamount,"
    "metadata:totalvatamount"
)


def read(submission: Submission, content: Iterable[bytes]) -> Tally:
    """Raises UnreadableError for what has no header row, and ContentError."""
    tally = Tally()
    with io.TextIOWrapper(as_file(content), encoding=submission.codec, errors="replace") as lines:
        header = _header(lines)
        tally.details["columns"] = [name for name in _NAMES if name in header] or ["sku"]
        for line in lines:
            cells = line.rstrip("\r\n").split("\t")
            if any(cell.strip() for cell in cells):
                tally.take(list(_issues(tally.processed + 1, header, cells)))
    return tally


def read_invoice(submission: Submission, content: Iterable[bytes]) -> Tally:
    """One record, whose options say what it is about; raises ContentError."""
    for _ in content:
        pass
    options = {name.lower() for name in submission.options}
    about = options & {"metadata:shippingid", "metadata:orderid"}
    tally = Tally()
    tally.take([] if about and "metadata:invoicenumber" in options else [Issue(_OPTIONS_TEXT, _OPTIONS, 1)])
    return tally


def _header(lines: Iterator[str]) -> list[str]:
    first = next(lines, "").lstrip("\ufeff")
    if first.startswith("TemplateType="):
        for _ in range(_TEMPLATE_HEADERS):
            first = next(lines, "")
    header = [name.strip() for name in first.rstrip("\r\n").split("\t")]
    if len(header) < _TEMPLATE_HEADERS or not header[0]:
        raise UnreadableError("The header row is missing or has no columns separated by tabs.", _HEADER)
    return header


def _issues(record: int, header: Sequence[str], cells: Sequence[str]) -> Iterator[Issue]:
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    names = {name: row[name] for name in _NAMES if row.get(name)}
    if len(cells) > len(header):
        text = f"The record has {len(cells)} cells, the header row {len(header)}."
        yield Issue(text, _CELLS, record, names=names)
    if not row.get(header[0]):
        yield Issue(f"A value is required for the field '{header[0]}'.", _REQUIRED, record, names=names)
    for name in _NUMBERS:
        if row.get(name, "").startswith("-"):
            yield Issue(f"The field '{name}' must not be negative.", _NEGATIVE, record, names=names)


def write(_submission: Submission, tally: Tally) -> str:
    columns = tally.details.get("columns", ["sku"])
    assert isinstance(columns, list)  # noqa: S101 - as `read` made it
    lines = [
        "Feed Processing Summary:",
        f"\tNumber of records processed\t\t{tally.processed}",
        f"\tNumber of records successful\t\t{tally.accepted}",
    ]
    if tally.issues:
        headings = ["original-record-number", *columns, "error-code", "error-type", "error-message"]
        lines += ["", "\t".join(headings)]
    for issue in tally.issues:
        record = "" if issue.message_id is None else str(issue.message_id)
        named = [issue.names.get(name, "") for name in columns]
        lines.append("\t".join([record, *named, issue.code, "Error", issue.text.replace("\t", " ")]))
    return "\n".join(lines) + "\n"
