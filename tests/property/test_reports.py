"""Whatever a report says is read, however its bytes are cut; and what breaks it loses nothing before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from sellerbus.feeds.reports.model import BrokenReportError, ReportMessage
from sellerbus.feeds.reports.report import Report, json_lines

SEVERITIES = ("ERROR", "WARNING", "INFO")

# What a text of all three kinds can hold: no control characters, no spaces at its ends.
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\ufffd\ufeff"),
    min_size=1,
    max_size=12,
)
messages = st.lists(
    st.builds(
        ReportMessage,
        st.integers(1, 2_147_483_647),
        words,
        words,
        st.sampled_from(SEVERITIES),
        st.builds("{} {}".format, words, words),
        st.none(),
        st.none(),
    ),
    max_size=8,
)


def as_json(rows: Sequence[ReportMessage]) -> str:
    issues = [
        {
            "messageId": row.message_id,
            "sku": row.sku,
            "code": row.code,
            "severity": row.severity,
            "message": row.message,
        }
        for row in rows
    ]
    return json.dumps({"issues": issues, "summary": {"errors": 0}}, ensure_ascii=False)


def as_xml(rows: Sequence[ReportMessage]) -> str:
    results = "".join(
        f"<Result><MessageID>{row.message_id}</MessageID><ResultCode>{row.severity.title()}</ResultCode>"
        f"<ResultMessageCode>{escape(row.code or '')}</ResultMessageCode>"
        f"<ResultDescription>{escape(row.message)}</ResultDescription>"
        f"<AdditionalInfo><SKU>{escape(row.sku or '')}</SKU></AdditionalInfo></Result>"
        for row in rows
    )
    return (
        f"<AmazonEnvelope><Message><ProcessingReport>{results}</ProcessingReport></Message></AmazonEnvelope>"
    )


def as_flat_file(rows: Sequence[ReportMessage]) -> str:
    lines = [
        f"{row.message_id}\t{row.sku}\t{row.code}\t{row.severity.title()}\t{row.message}\n" for row in rows
    ]
    names = "original-record-number\tsku\terror-code\terror-type\terror-message\n"
    return f"Feed Processing Summary:\n\tNumber of records processed\t\t9\n\n{names}{''.join(lines)}"


WRITERS = (as_json, as_xml, as_flat_file)


def cut(content: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    """Pieces of the lengths in turn, empty ones among them."""
    start = number = 0
    while start < len(content):
        length = lengths[number % len(lengths)]
        yield content[start : start + length]
        start, number = start + length, number + 1


lengths = st.lists(st.integers(0, 40), min_size=1, max_size=5).filter(any)


@settings(deadline=None)
@given(messages, lengths, st.sampled_from(WRITERS), st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_what_is_written_is_read(
    rows: list[ReportMessage], pieces: list[int], writer: object, charset: str
) -> None:
    assert callable(writer)
    report = Report(cut(writer(rows).encode(charset), pieces), charset)
    assert list(report.messages()) == rows
    assert report.notes == ()
    counted = report.totals.counted
    assert counted.errors == sum(row.severity == "ERROR" for row in rows)
    assert counted.with_warnings == len({row.message_id for row in rows if row.severity == "WARNING"})


@settings(deadline=None)
@given(messages, st.data(), lengths, st.sampled_from((as_json, as_xml)))
def test_a_report_cut_anywhere_keeps_every_whole_message_and_says_so(
    rows: list[ReportMessage], data: st.DataObject, pieces: list[int], writer: object
) -> None:
    assert callable(writer)
    content = writer(rows).encode()
    length = data.draw(st.integers(1, len(content) - 1))
    ending = b"</Result>" if writer is as_xml else b"}"
    report = Report(cut(content[:length], pieces), "utf-8")
    found: list[ReportMessage] = []
    broken = None
    try:
        for message in report.messages():
            found.append(message)  # noqa: PERF402  what was read before an error is to be kept
    except BrokenReportError as error:
        broken = error
    assert broken is not None
    assert broken.messages_read == len(found) == report.messages_read
    whole = content[:length].count(ending) if writer is as_xml else None
    assert found == rows[: len(found)]
    if whole is not None:
        assert len(found) == whole


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "windows-1252", "windows-31j"]), lengths)
def test_any_bytes_end_in_messages_or_in_the_one_error(
    content: bytes, charset: str | None, pieces: list[int]
) -> None:
    for beginning in (b"", b'{"issues":[{', b"<a><Error>", b"sku\terror-code\tmessage\n"):
        report = Report(cut(beginning + content, pieces), charset)
        try:
            for line in json_lines(report.messages()):
                assert [set(json.loads(row)) >= {"severity"} for row in line.decode().split("\n") if row]
        except BrokenReportError:
            assert report.messages_read < 300
        report.totals.document()


@settings(deadline=None)
@given(messages, lengths, st.sampled_from(WRITERS))
def test_json_lines_say_what_the_messages_say(
    rows: list[ReportMessage], pieces: list[int], writer: object
) -> None:
    assert callable(writer)
    report = Report(cut(writer(rows).encode(), pieces), "utf-8")
    lines = b"".join(json_lines(report.messages())).split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == [row.document() for row in rows]
