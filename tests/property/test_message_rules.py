"""Whatever comes in, the rules of messages answer; none of a buyer's words comes out of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.messaging.actions import action_of_model, read_actions
from sellerbus.messaging.attachments import HEAD_BYTES, Attachment
from sellerbus.messaging.catalogue import MESSAGE_TYPES
from sellerbus.messaging.checks import check
from sellerbus.messaging.content import (
    AttachmentPointer,
    MessageContent,
    TemplateUse,
    content_document,
    content_of,
)
from sellerbus.messaging.file_kinds import kind_by_content
from sellerbus.messaging.finding import sentences
from sellerbus.messaging.request import MessageRequest, UnusableRequestError, content_hash, read_request
from sellerbus.messaging.templates import inspect

MARK = "Zyxwvu"
KNOWN = {"taskId", "sellerId", "region", "marketplaceId", "amazonOrderId", "messageType"}
PREFIX = "attachments/A1SELLERBUSUS/"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    [
        *("_links", "_embedded", "actions", "self", "href", "name", "schema", "payload", "properties"),
        *("rawMessageBody", "attachments", "maxLength", "minItems", "required", "disabled", "title"),
    ]
)
answers = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
pointers = st.builds(
    AttachmentPointer,
    key=texts.map(lambda text: f"{PREFIX}{text}x"),
    file_name=texts,
    bucket=st.none() | texts,
    version_id=st.none() | texts,
    size_bytes=st.none() | st.integers(0),
    sha256=st.none() | texts,
)
written = st.builds(
    MessageContent,
    text=st.none() | texts,
    template=st.none() | st.builds(TemplateUse, texts, st.dictionaries(texts, texts, max_size=3)),
    attachments=st.lists(pointers, max_size=3).map(tuple),
    coverage_start_date=st.none() | texts,
    coverage_end_date=st.none() | texts,
)


@given(answers)
def test_any_answer_is_read_or_refused_with_a_place(answer: Any) -> None:
    refused = ""
    names: list[str] = []
    try:
        names = [action.name for action in read_actions(answer)]
    except ValueError as error:
        refused = str(error)
    assert all(names)
    assert not refused or refused.startswith(("_links", "_embedded", "the answer"))


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("taskId", "sellerId", "marketplaceId", "amazonOrderId", "messageType", "text", "template"),
                *("attachments", "coverageStartDate", "coverageEndDate", "force"),
            ]
        ),
        json_values,
    )
    | json_values
)
def test_any_request_is_read_or_refused_with_its_fields(document: Any) -> None:
    refused: UnusableRequestError | None = None
    try:
        read_request(document)
    except UnusableRequestError as error:
        refused = error
    assert refused is None or {fault.rule for fault in refused.faults} == {"request-form"}
    assert refused is None or set(refused.known) == KNOWN


@given(written)
def test_content_comes_back_from_its_document(content: MessageContent) -> None:
    document = json.loads(json.dumps(content_document(content)))
    assert content_of(document) == content


@given(written, written, st.lists(texts, min_size=3, max_size=3))
def test_messages_are_one_where_the_buyer_gets_the_same(
    one: MessageContent, other: MessageContent, digests: list[str]
) -> None:
    def hashed(content: MessageContent) -> str:
        count = len(content.attachments)
        return content_hash(_request(content), digests[:count])

    def got(content: MessageContent) -> Mapping[str, Any]:
        document = content_document(content)
        names = [each.file_name for each in content.attachments]
        return {**document, "attachments": list(zip(names, digests, strict=False))}

    assert (hashed(one) == hashed(other)) == (got(one) == got(other))


@given(
    st.sampled_from(sorted(MESSAGE_TYPES)),
    st.lists(
        st.sampled_from([MARK, " ", "<b>", "@shop.example", "https://", ".", "\x00", "&nbsp;", "/"]),
        max_size=40,
    ),
    st.binary(max_size=30),
    st.integers(0, 12_000_000),
)
def test_findings_have_nothing_of_the_message(name: str, parts: list[str], head: bytes, size: int) -> None:
    text = "".join(parts)
    content = MessageContent(text=text, coverage_start_date=text, coverage_end_date=MARK)
    files = [Attachment(text, size, head), Attachment(f"{MARK}.pdf", 5, MARK.encode())]
    found = check(content, action_of_model(MESSAGE_TYPES[name]), "en-US", files)
    assert MARK not in sentences(found) + str([each.document() for each in found])
    assert [each.severity for each in found] == sorted(each.severity for each in found)


@given(st.binary(max_size=300), st.integers(0, 2 * HEAD_BYTES))
def test_any_bytes_are_of_some_kind(head: bytes, more: int) -> None:
    assert kind_by_content(head, len(head) + more)


@given(st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_is_text_is_a_text_file(content: bytes) -> None:
    told = kind_by_content(b"Dear buyer: " + bytes(byte for byte in content if byte >= 32), 10**6)
    assert told == "a text file"


@given(st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_object_is_a_template_or_says_why_not(document: bytes) -> None:
    found, findings = inspect("any", document)
    assert found is not None or findings


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "<a ", "&a", "a@", "a (at) ", "www.", "amazon.", "{", "\u0430", " ", "http://", "a.a/"],
)
def test_long_texts_are_checked_at_once(piece: str) -> None:
    content = MessageContent(text=(piece * 20_000)[:20_000])
    action = action_of_model(MESSAGE_TYPES["unexpectedProblem"])
    before = time.process_time()
    assert check(content, action, "de-DE", [])
    # A rule that goes back in the text takes two seconds; without going back it is hundredths of one.
    assert time.process_time() - before < 1


def _request(content: MessageContent) -> MessageRequest:
    document = {
        "sellerId": "A1SELLERBUSUS",
        "marketplaceId": "US",
        "amazonOrderId": "902-6786204-8179805",
        "messageType": "invoice",
    }
    return replace(read_request(document), content=content)
