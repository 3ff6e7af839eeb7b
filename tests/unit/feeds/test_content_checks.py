"""A document against its format, its charset and its size."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest

from sellerbus.feeds.catalogue import Format
from sellerbus.feeds.checks import Rules, check_feed
from sellerbus.feeds.findings import Findings
from tests.unit.feeds.requests import (
    CA,
    DE,
    EUROPEAN,
    SELLER,
    TSV_TYPE,
    US,
    XML_TYPE,
    checked,
    feed,
    message,
    request,
    rules_of,
)

ORDERS = "order-id\tship-date\tcarrier-name\n203-1\t2025-01-01\tLürpost\n"
XML = '<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Message>é</Message></AmazonEnvelope>'
PDF = b"%PDF-1.7\n" + b"x" * 3000 + b"\n%%EOF\n"


def flat(content: bytes, content_type: str = TSV_TYPE, length: int = 11) -> Findings:
    what = request("POST_FLAT_FILE_FULFILLMENT_DATA", content_type=content_type)
    return checked(content, what, length=length)


def xml(content: bytes, content_type: str = XML_TYPE, length: int = 11) -> Findings:
    return checked(content, request("POST_ORDER_FULFILLMENT_DATA", content_type=content_type), length=length)


def pdf(content: bytes) -> Findings:
    options = {"metadata:OrderId": "1", "metadata:InvoiceNumber": "2"}
    what = request(
        "UPLOAD_VAT_INVOICE", content_type="application/pdf", marketplace_ids=(DE,), feed_options=options
    )
    return checked(content, what, seller=EUROPEAN)


@pytest.mark.parametrize("length", [1, 11, 100_000])
@pytest.mark.parametrize(
    ("charset", "codec"), [("UTF-8", "utf-8"), ("windows-1252", "cp1252"), ("ISO-8859-1", "latin-1")]
)
def test_good_documents(length: int, charset: str, codec: str) -> None:
    assert flat(ORDERS.encode(codec), f"text/plain; charset={charset}", length).kept == ()
    document = XML.replace("UTF-8", charset).encode(codec)
    assert xml(document, f"text/xml;charset={charset}", length).kept == ()
    assert pdf(PDF).kept == ()


@pytest.mark.parametrize("length", [1, 7, 100_000])
def test_the_first_byte_of_another_charset_is_told_with_its_line(length: int) -> None:
    findings = flat(ORDERS.encode("cp1252"), length=length)
    assert rules_of(findings) == ["charset"]
    place = ORDERS.encode("cp1252").index(b"\xfc")
    assert f"byte {place + 1} (fc)" in findings.kept[0].text
    assert findings.kept[0].line == 2


def test_a_document_that_ends_within_a_character() -> None:
    assert rules_of(flat("a\tä".encode()[:-1])) == ["charset"]


def test_charsets_that_are_not_named_not_known_or_contradicted() -> None:
    findings = flat(ORDERS.encode(), "text/plain")
    assert (findings.errors, rules_of(findings)) == (0, ["charset"])
    assert flat(ORDERS.encode(), "text/plain; charset=klingon").refused
    findings = xml(XML.replace("UTF-8", "windows-1252").encode())
    assert rules_of(findings) == ["charset"]
    assert findings.kept[0].limit == "windows-1252"
    findings = checked(feed(message()), request(content_type="application/json; charset=windows-1252"))
    assert rules_of(findings) == ["charset"]


def test_byte_order_marks() -> None:
    mark = b"\xef\xbb\xbf"
    assert rules_of(checked(mark + feed(message()))) == ["byte-order-mark"]
    findings = flat(mark + ORDERS.encode())
    assert (findings.errors, rules_of(findings)) == (0, ["byte-order-mark"])
    assert xml(mark + XML.encode()).kept == ()


@pytest.mark.parametrize("content", [b"", b" \r\n\n"])
def test_empty(content: bytes) -> None:
    assert rules_of(checked(content)) == rules_of(flat(content)) == rules_of(pdf(content)) == ["empty"]


def test_compressed() -> None:
    assert rules_of(checked(gzip.compress(feed(message())))) == ["compressed"]


def test_documents_of_another_format() -> None:
    assert rules_of(flat(XML.encode())) == ["not-a-flat-file"]
    assert rules_of(flat(feed(message()))) == ["not-a-flat-file"]
    assert rules_of(flat(b"\n\na\tb\x00\tc")) == ["not-a-flat-file"]
    assert rules_of(xml(ORDERS.encode())) == ["not-xml"]
    assert rules_of(pdf(XML.encode())) == ["not-a-pdf"]
    assert rules_of(checked(XML.encode())) == ["not-json"]
    findings = flat(b"a,b\n1,2\n")
    assert (findings.errors, findings.warnings) == (0, 1)


def test_xml_that_is_broken_or_hostile() -> None:
    findings = xml(b"<a>\n<b>\n</a>")
    assert (rules_of(findings), findings.kept[0].line) == (["not-xml"], 3)
    assert rules_of(xml(b"<a>")) == ["not-xml"]
    assert "document type" in xml(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>').kept[0].text


def test_a_pdf_that_is_cut_short_is_warned_of() -> None:
    findings = pdf(PDF[:-20])
    assert (findings.errors, rules_of(findings)) == (0, ["not-a-pdf"])


def test_custom_json() -> None:
    rules = Rules(largest_bytes=1000, custom_types={"NEW": Format.JSON})
    assert checked(b'[{"any":1}]', request("NEW"), rules=rules).kept == ()
    assert rules_of(checked(b'[{"any":1}', request("NEW"), rules=rules)) == ["not-json"]
    assert rules_of(checked(b"[" * 300, request("NEW"), rules=rules)) == ["not-json"]


def test_size() -> None:
    content = feed(message())
    assert checked(content, rules=Rules(largest_bytes=len(content))).kept == ()
    bad = feed(message(), message())
    assert rules_of(checked(bad, rules=Rules(largest_bytes=len(bad)))) == ["message-id-twice"]
    assert rules_of(checked(bad, rules=Rules(largest_bytes=len(bad)), length=9999)) == ["message-id-twice"]
    findings = checked(content, rules=Rules(largest_bytes=len(content) - 1))
    assert rules_of(findings) == ["size"]
    assert findings.kept[0].limit == str(len(content) - 1)
    findings = flat(ORDERS.encode() + b"1\t2\n" * 2_700_000, length=1 << 20)
    assert (findings.errors, rules_of(findings)) == (0, ["size-advised"])


def test_a_document_of_any_size_takes_little_memory() -> None:
    filling = b'{"messageId":1,"sku":"S","operationType":"DELETE","x":"' + b"y" * 4000 + b'"},'

    def chunks() -> Iterator[bytes]:
        yield b'{"header":{},"messages":['
        for _ in range(8000):
            yield filling

    tracemalloc.start()
    try:
        what = request(marketplace_ids=(US, CA))
        findings = check_feed(what, SELLER, chunks(), Rules(largest_bytes=100_000_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert findings.refused
    assert peak < 3 * 1024 * 1024
