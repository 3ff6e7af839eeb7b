"""However a feed is written and cut into chunks: what is resubmitted are its failed messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sellerbus.feeds.catalogue import Format
from sellerbus.feeds.resubmission import ResubmissionError, failed_only

JSON_TYPE = "application/json; charset=UTF-8"
CHARSETS = ("UTF-8", "windows-1252", "windows-31j", "UTF-16LE")
CODECS = {"UTF-8": "utf-8", "windows-1252": "cp1252", "windows-31j": "cp932", "UTF-16LE": "utf-16-le"}

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
words = st.text(st.sampled_from('aé"\\<>&,:{}[]]] \t日本語'), max_size=10)
letters = st.text(st.sampled_from("abc xyz-<>&\"'"), max_size=10)
chunk_sizes = st.sampled_from([1, 2, 3, 7, 64, 100_000])


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def filtered(content: bytes, form: Format, content_type: str, ids: set[int], size: int) -> bytes:
    return b"".join(failed_only(cut(content, size), form, content_type, ids))


@given(
    bodies=st.lists(st.dictionaries(words, values, max_size=3), min_size=1, max_size=8),
    header=st.dictionaries(words, values, max_size=3),
    failed=st.sets(st.integers(1, 8), min_size=1),
    indent=st.sampled_from([None, 1, 4]),
    ascii_only=st.booleans(),
    header_first=st.booleans(),
    size=chunk_sizes,
)
def test_of_a_listings_feed_the_failed_messages_stay_in_their_order(
    bodies: list[dict[str, Any]],
    header: dict[str, Any],
    failed: set[int],
    indent: int | None,
    ascii_only: bool,
    header_first: bool,
    size: int,
) -> None:
    messages = [{**body, "messageId": number} for number, body in enumerate(bodies, 1)]
    kept = [message for message in messages if message["messageId"] in failed]
    assume(kept)
    parts = [("header", {**header, "messages": [{"messageId": 1}]}), ("messages", messages)]
    document = dict(parts if header_first else reversed(parts))
    content = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    found = filtered(content, Format.JSON, JSON_TYPE, failed, size)
    assert json.loads(found) == {**document, "messages": kept}
    if len(kept) == len(messages):
        assert found == content


@given(
    texts=st.lists(letters, min_size=1, max_size=8),
    failed=st.sets(st.integers(1, 8), min_size=1),
    charset=st.sampled_from(CHARSETS),
    gap=st.sampled_from(["", "\n  ", "<!-- between <Message> -->"]),
    sign=st.sampled_from(["", "~", "é"]),
    size=chunk_sizes,
)
def test_of_an_xml_feed_the_envelope_and_the_failed_messages_stay(
    texts: list[str], failed: set[int], charset: str, gap: str, sign: str, size: int
) -> None:
    sign = {"é": "é" if charset != "windows-31j" else "日本"}.get(sign, sign)
    assume(failed & set(range(1, len(texts) + 1)))
    before = (
        f'<?xml version="1.0" encoding="{charset}"?>\n'
        '<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<Header><MerchantIdentifier>{sign}</MerchantIdentifier></Header>"
        "<MessageType>OrderFulfillment</MessageType>"
    )
    messages = [
        f"<Message a='>'><MessageID> {number} </MessageID><Data b=\"/>\">"
        f"<Message>{escape(text)}{sign}</Message><MessageID>1</MessageID></Data></Message >"
        for number, text in enumerate(texts, 1)
    ]
    content = f"{before}{gap}{gap.join([*messages, '<Message/>'])}{gap}</AmazonEnvelope>\n"
    codec = CODECS[charset]
    found = filtered(content.encode(codec), Format.XML, f"text/xml; charset={charset}", failed, size).decode(
        codec
    )
    assert found.startswith(before)
    assert [text for text in messages if text in found] == [
        text for number, text in enumerate(messages, 1) if number in failed
    ]
    root = ElementTree.fromstring(found.partition("?>")[2])  # noqa: S314 - of this test's own making
    kept = [int(each.findtext("MessageID") or 0) for each in root.findall("Message")]
    assert kept == sorted(failed & set(range(1, len(texts) + 1)))


@given(
    rows=st.lists(st.text(st.sampled_from("ab \té-"), max_size=8), min_size=1, max_size=10),
    failed=st.sets(st.integers(1, 10), min_size=1),
    template=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    charset=st.sampled_from(["UTF-8", "windows-1252", "UTF-16LE"]),
    ends=st.booleans(),
    size=chunk_sizes,
)
def test_of_a_flat_file_the_headers_and_the_failed_records_stay(
    rows: list[str],
    failed: set[int],
    template: bool,
    ending: str,
    charset: str,
    ends: bool,
    size: int,
) -> None:
    headers = ["TemplateType=x\tVersion=1", "SKU\tName"] if template else []
    lines = [f"{line}{ending}" for line in (*headers, "sku\tname", *rows)]
    if not ends:
        lines[-1] = lines[-1].removesuffix(ending)
    records = [line for line in lines[len(headers) + 1 :] if line.strip()]
    kept = [record for number, record in enumerate(records, 1) if number in failed]
    assume(kept)
    codec = CODECS[charset]
    content_type = f"text/tab-separated-values; charset={charset}"
    found = filtered("".join(lines).encode(codec), Format.FLAT_FILE, content_type, failed, size)
    assert found.decode(codec) == "".join([*lines[: len(headers) + 1], *kept])


@given(content=st.binary(max_size=200), form=st.sampled_from(list(Format)), size=chunk_sizes)
def test_what_is_no_feed_is_refused_and_never_hangs(content: bytes, form: Format, size: int) -> None:
    with pytest.raises(ResubmissionError):
        filtered(content, form, "text/plain; charset=UTF-8", {1_000_000}, size)
