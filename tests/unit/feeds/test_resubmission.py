"""What is resubmitted of a feed, and what is refused because nothing of it can be."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

import pytest

from sellerbus.feeds.catalogue import Format
from sellerbus.feeds.resubmission import ResubmissionError, failed_ids, failed_only
from tests.unit.feeds.requests import JSON_TYPE, TSV_TYPE, XML_TYPE, feed, message


def kept(content: bytes, ids: set[int], form: Format = Format.JSON, content_type: str = JSON_TYPE) -> bytes:
    return b"".join(failed_only([content], form, content_type, ids))


def row(**changes: object) -> str:
    return json.dumps({"messageId": 1, "sku": "A", "severity": "ERROR", "message": "", **changes})


def test_ids_are_those_with_errors_once_each() -> None:
    lines: list[str | bytes] = [
        row(messageId=7),
        row(messageId=7),
        b"",
        row(messageId=3, severity="WARNING"),
        row(messageId=9),
    ]
    assert failed_ids(lines) == {7, 9}


def test_faults_of_the_whole_feed_name_no_message() -> None:
    assert failed_ids([row(messageId=None), row(messageId=0)]) == frozenset()


@pytest.mark.parametrize(
    "line", ["{", "[]", "7", '{"messageId": 1}', '{"messageId": "x", "severity": "ERROR"}']
)
def test_other_files_are_no_results(line: str) -> None:
    with pytest.raises(ResubmissionError, match="line 2 of the results"):
        failed_ids([row(), line])


def test_what_is_kept_stands_as_it_was_written() -> None:
    written = (
        b'{"header" : {"sellerId":"A1","messages":[{"messageId":2}]},\n "messages": [\n'
        b'  {"messageId": 1, "price": 19.990000000000000001},\n'
        b'  {"sku": "}],\\"", "messageId": 2.0, "big": 123456789012345678901234567890},\n'
        b'  {"messageId": 3}\n ],\n "more": [1, {"messages": [{"messageId": 1}]}]}\n'
    )
    assert kept(written, {2}) == (
        b'{"header" : {"sellerId":"A1","messages":[{"messageId":2}]},\n "messages": [\n'
        b'  {"sku": "}],\\"", "messageId": 2.0, "big": 123456789012345678901234567890}\n ],\n'
        b' "more": [1, {"messages": [{"messageId": 1}]}]}\n'
    )
    assert kept(written, {1, 2, 3}) == written


def test_an_xml_feed_keeps_its_envelope_and_loses_no_comment() -> None:
    written = (
        "<?xml version='1.0' encoding='windows-1252'?><AmazonEnvelope>\n<Header>é</Header>\n"
        "<Message><MessageID>1</MessageID></Message>\n<!-- two -->\n"
        "<Message><MessageID>2</MessageID>é</Message>\n</AmazonEnvelope>"
    ).encode("cp1252")
    found = kept(written, {2}, Format.XML, "text/xml; charset=windows-1252")
    assert found.decode("cp1252") == (
        "<?xml version='1.0' encoding='windows-1252'?><AmazonEnvelope>\n<Header>é</Header>\n"
        "\n<!-- two -->\n<Message><MessageID>2</MessageID>é</Message>\n</AmazonEnvelope>"
    )


def test_a_mark_at_the_beginning_stays() -> None:
    written = b"\xef\xbb\xbfsku\tname\nA\tx\nB\ty\n"
    assert kept(written, {2}, Format.FLAT_FILE, TSV_TYPE) == b"\xef\xbb\xbfsku\tname\nB\ty\n"


def test_a_charset_that_is_not_named_is_utf_8_as_the_check_reads_it() -> None:
    written = "sku\tname\nA\té\n".encode()
    assert kept(written, {1}, Format.FLAT_FILE, "text/tab-separated-values") == written


@pytest.mark.parametrize(
    ("content", "form", "content_type", "text"),
    [
        (feed(message(1)), Format.JSON, JSON_TYPE, "none of the 1 messages"),
        (b"", Format.JSON, JSON_TYPE, "none of the 1 messages"),
        (feed(message(5))[:-1], Format.JSON, JSON_TYPE, "ends before"),
        (b'{"messages": [{"messageId": 5}, {"a" "b"}]}', Format.JSON, JSON_TYPE, "JSON"),
        (b"}", Format.JSON, JSON_TYPE, "closes more"),
        (b"<A><Message>", Format.XML, XML_TYPE, "XML"),
        (b"<!DOCTYPE a><A/>", Format.XML, XML_TYPE, "document type"),
        (b"sku\n\xff\n", Format.FLAT_FILE, TSV_TYPE, "not in utf-8"),
        (b"%PDF-1.7", Format.PDF, "application/pdf", "PDF"),
        (b"sku\nA\n", Format.FLAT_FILE, "text/plain; charset=klingon", "klingon"),
    ],
)
def test_what_can_not_be_cut_down_is_refused(
    content: bytes, form: Format, content_type: str, text: str
) -> None:
    with pytest.raises(ResubmissionError, match=text):
        kept(content, {5}, form, content_type)


@pytest.mark.parametrize(
    ("form", "begin", "one"),
    [
        (Format.JSON, b'{"messages": [', b'{"messageId": 5, "sku": "' + b"x" * 2000 + b'"},'),
        (Format.XML, b"<A>", b"<Message><MessageID>5</MessageID>" + b"x" * 2000 + b"</Message>"),
        (Format.FLAT_FILE, b"sku\tname\n", b"A\t" + b"x" * 2000 + b"\n"),
    ],
)
def test_memory_does_not_grow_with_the_document(form: Format, begin: bytes, one: bytes) -> None:
    def chunks() -> Iterator[bytes]:
        yield begin
        for _ in range(100):
            yield one * 100

    tracemalloc.start()
    try:
        with pytest.raises(ResubmissionError):
            for _ in failed_only(chunks(), form, f"{form.media_types[0]}; charset=UTF-8", {6_000_000}):
                pass
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_message_that_never_ends_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def chunks(begin: bytes) -> Iterator[bytes]:
        yield begin
        while True:
            yield b"x" * 1_000_000

    for form, begin in (
        (Format.JSON, b'{"messages": ["'),
        (Format.XML, b"<A><Message>"),
        (Format.FLAT_FILE, b"sku\n"),
    ):
        with pytest.raises(ResubmissionError, match="more than"):
            list(failed_only(chunks(begin), form, f"{form.media_types[0]}; charset=UTF-8", {1}))
