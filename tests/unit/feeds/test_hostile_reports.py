"""Reports that attack their reader, or are far larger than any, end in an error or in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from sellerbus.feeds.json_events import LONGEST_TOKEN_BYTES
from sellerbus.feeds.reports.model import BrokenReportError, MessageIds, ReportMessage
from sellerbus.feeds.reports.report import Report
from tests.unit.feeds.reports import read_broken

BOUND = 4 * 1024 * 1024

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    '<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]><a>&lol2;</a>'
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, "document type declaration"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type declaration"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "http://h/">]><a>&x;</a>', "document type declaration"),
        ('<!DOCTYPE a [<!ENTITY % p SYSTEM "http://h/"> %p;]><a/>', "document type declaration"),
        ("<a>&undeclared;</a>", "undefined entity"),
        ("<a>" * 65, "nests more than 64 levels"),
        ('{"a":' * 300, "nests more than 256 levels"),
        ('{"a":' + "9" * 5000 + "}", "integer overflow"),
        ('{"a":-' + "9" * 30 + "}", "integer overflow"),
        ('{"a":1e999999999}', "overflow"),
        ('{"a":1}{"a":1}', "trailing garbage"),
        ('{"a":1,}', "not JSON"),
        ("<a/><b/>", "junk after document element"),
        ("\x00<a/>", None),
    ],
)
@pytest.mark.parametrize("length", [5, 100_000])
def test_refused(text: str, reason: str | None, length: int) -> None:
    if reason is None:
        assert [row.severity for row in Report([text.encode()]).messages()] == ["INFO"]
        return
    _, messages, error = read_broken(text, length=length)
    assert messages == []
    assert reason in error.detail


def endless(beginning: bytes, filling: bytes, megabytes: int) -> Iterator[bytes]:
    yield beginning
    piece = filling * (65_536 // len(filling))
    for _ in range(megabytes * 16):
        yield piece


@pytest.mark.parametrize(
    ("beginning", "filling"),
    [
        (b'{"issues":[{"message":"', b"x"),
        (b'{"issues":[{"message":"', b'\\"'),
        (b'{"issues":[{"message":', b"1"),
        (b'{"items":["', b"x"),
        (b"<a><Error><Message>", b"x"),
        (b"<a><Error><Message>", b"x "),
        (b"<a><!--", b"-x"),
        (b'<a b="', b"x"),
        (b"<a ", b"b "),
        (b"<a><Error>", b"<x>1</x>"),
        (b'{"issues":[{', b'"a":1,'),
        (b'{"issues":[{"attributeNames":[1', b",1"),
        (b"sku\terror-code\terror-message\nS\t1\t", b"x"),
        (b"sku\terror-code\terror-message\n1\t1\tx\n", b"and on\n"),
        (b"sku\terror-code\terror-message\n1", b"\t"),
        (b"plain text", b"x"),
        (b"", b" \n"),
    ],
)
def test_memory_stays_bounded(beginning: bytes, filling: bytes) -> None:
    tracemalloc.start()
    try:
        report = Report(endless(beginning, filling, 6))
        try:
            for _ in report.messages():
                pass
        except BrokenReportError:
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < BOUND


def test_a_token_without_end_is_refused() -> None:
    report = Report(endless(b'{"issues":[{"message":"', b"x", 1 + LONGEST_TOKEN_BYTES // 1024 // 1024))
    with pytest.raises(BrokenReportError, match="a single text or number is longer"):
        list(report.messages())


def test_a_hundred_thousand_messages_are_not_held() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"issues":['
        for number in range(100_000):
            comma = b"," if number else b""
            yield comma + b'{"messageId":%d,"sku":"S-%d","severity":"ERROR","message":"m"}' % (
                number + 1,
                number,
            )
        yield b"]}"

    tracemalloc.start()
    try:
        report = Report(chunks())
        count = sum(1 for _ in report.messages())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert report.totals.counted.with_errors == 100_000
    assert peak < 2 * 1024 * 1024


def test_ids_that_lie_far_apart_are_not_counted_rather_than_wrongly() -> None:
    ids = MessageIds()
    for number in range(5000):
        ids.add(number * 1_000_000 + 1)
    assert ids.count is None
    ids.add(1)
    assert ids.count is None


def test_messages_of_the_whole_feed_are_no_message_with_errors() -> None:
    report = Report([b"<a><Error><Code>1</Code></Error><Error><MessageID>0</MessageID></Error></a>"])
    assert [row.message_id for row in report.messages()] == [None, None]
    assert (report.totals.counted.with_errors, report.totals.counted.errors) == (0, 2)
    assert ReportMessage(None, None, None, "INFO", "").details is None
