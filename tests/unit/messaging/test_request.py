"""Requests become tasks, or all that is wrong with them is told at once, with none of what a buyer reads."""

from __future__ import annotations

from typing import Any

import pytest

from sellerbus.messaging.content import (
    AttachmentPointer,
    MessageContent,
    TemplateUse,
    content_document,
    content_of,
)
from sellerbus.messaging.request import UnusableRequestError, attachments_prefix, content_hash, read_request

SELLER, ORDER = "A1SELLERBUSUS", "902-6786204-8179805"
KEY = f"attachments/{SELLER}/example.txt"


def document(**said: Any) -> dict[str, Any]:
    return {
        "sellerId": SELLER,
        "marketplaceId": "ATVPDKIKX0DER",
        "amazonOrderId": ORDER,
        "messageType": "confirmCustomizationDetails",
        "text": "Which name shall it be?",
        **said,
    }


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in document().items() if name not in names}


def faults(said: Any, bucket: str | None = None) -> dict[str, str]:
    """The texts of all faults, by field."""
    with pytest.raises(UnusableRequestError) as caught:
        read_request(said, bucket=bucket)
    assert {each.rule for each in caught.value.faults} == {"request-form"}
    return {each.field: each.text for each in caught.value.faults}


def test_a_request_is_read() -> None:
    request = read_request(
        document(
            taskId="order-1",
            attachments=[
                {"key": KEY},
                {"bucket": "b", "key": KEY, "versionId": "v1", "fileName": "a.txt"},
            ],
            force=True,
        ),
        bucket="b",
    )
    assert (request.task_id, request.seller_id, request.amazon_order_id) == ("order-1", SELLER, ORDER)
    assert (request.marketplace_id, request.region, request.force) == ("ATVPDKIKX0DER", "na", True)
    assert request.message_type == "confirmCustomizationDetails"
    assert request.content == MessageContent(
        text="Which name shall it be?",
        attachments=(
            AttachmentPointer(KEY, "example.txt"),
            AttachmentPointer(KEY, "a.txt", bucket="b", version_id="v1"),
        ),
    )


@pytest.mark.parametrize(
    ("written", "marketplace_id", "region"),
    [
        ("us", "ATVPDKIKX0DER", "na"),
        ("UK", "A1F83G8C2ARO7P", "eu"),
        ("A1VC38T7YXB528", "A1VC38T7YXB528", "fe"),
    ],
)
def test_marketplaces_may_be_countries(written: str, marketplace_id: str, region: str) -> None:
    request = read_request(document(marketplaceId=written))
    assert (request.marketplace_id, request.region) == (marketplace_id, region)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("sendInvoice", "invoice"),
        ("CreateWarranty", "warranty"),
        ("updateFeedback", "negativeFeedbackRemoval"),
    ],
)
def test_types_may_go_by_their_other_names_and_withdrawn_ones_become_tasks(written: str, name: str) -> None:
    assert read_request(document(messageType=written)).message_type == name


def test_a_template_takes_the_texts_place() -> None:
    request = read_request({**without("text"), "template": {"name": "late", "values": {"day": "Monday"}}})
    assert request.content.template == TemplateUse("late", {"day": "Monday"})
    assert read_request({**without("text"), "template": {"name": "late"}}).content.template == TemplateUse(
        "late"
    )


def test_null_is_as_good_as_nothing() -> None:
    names = ("taskId", "template", "attachments", "coverageStartDate", "coverageEndDate", "force")
    assert read_request(document(**dict.fromkeys(names))) == read_request(document())


def test_an_empty_text_stays_for_the_checks_to_tell() -> None:
    assert read_request(document(text="")).content.text == ""


def test_all_faults_are_told_at_once_and_what_is_known_with_them() -> None:
    said = {
        "taskId": "no id!",
        "sellerId": SELLER,
        "marketplaceId": "DE",
        "amazonOrderId": "12",
        "messageType": "greeting",
        "text": 3,
        "attachments": {"key": KEY},
        "force": "yes",
        "extra": 1,
    }
    with pytest.raises(UnusableRequestError) as caught:
        read_request(said)
    assert [each.field for each in caught.value.faults] == [
        "request",
        "taskId",
        "amazonOrderId",
        "messageType",
        "text",
        "attachments",
        "force",
    ]
    assert caught.value.known == {
        "taskId": None,
        "sellerId": SELLER,
        "region": "eu",
        "marketplaceId": "A1PA6795UKMFR9",
        "amazonOrderId": None,
        "messageType": None,
    }
    assert str(caught.value).startswith("request: unknown 'extra'; known are taskId, ")


LETTER = "Dear Jane Doe, your parcel is late."


@pytest.mark.parametrize(
    "name",
    ["taskId", "sellerId", "marketplaceId", "amazonOrderId", "messageType", "coverageStartDate", "force"],
)
def test_a_letter_in_the_place_of_something_else_is_not_repeated(name: str) -> None:
    """As where the columns of a file have shifted. Faults go into events and dead letters' attributes."""
    wrong = LETTER * 40 if name == "coverageStartDate" else LETTER
    with pytest.raises(UnusableRequestError) as caught:
        read_request(document(**{name: wrong, LETTER: 1}, attachments=[{"key": LETTER, LETTER: LETTER}]))
    told = repr([str(caught.value), caught.value.known, *caught.value.faults])
    assert name in told
    assert "unknown 1 more; known are taskId" in told
    assert not [word for word in ("Dear", "Jane", "parcel") if word in told]


def test_a_request_may_be_as_large_as_a_row_can_hold() -> None:
    values = {str(number): "x" * 190 for number in range(10, 110)} | {"10": "", "109": "x" * 370}
    assert sum(map(len, values)) + sum(map(len, values.values())) <= 20_000
    large = {**without("text"), "template": {"name": "late", "values": values}, "coverageEndDate": "x" * 100}
    assert len(values) == 100
    assert read_request(large).content.template == TemplateUse("late", values)
    full = {**without("text"), "template": {"name": "late", "values": {"a": "x" * 19_999}}}
    assert read_request(full).content.template == TemplateUse("late", {"a": "x" * 19_999})
    many = document(text="x" * 20_000, attachments=[{"key": KEY, "fileName": "x" * 1024}] * 20)
    request = read_request(many)
    assert (len(request.content.attachments), len(request.content.text or ""), request.force) == (
        20,
        20_000,
        False,
    )


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ([], "request", "must be a JSON object"),
        ("text", "request", "must be a JSON object"),
        (without("sellerId"), "sellerId", "is missing"),
        (without("amazonOrderId"), "amazonOrderId", "is missing"),
        (without("marketplaceId"), "marketplaceId", "is missing"),
        (without("messageType"), "messageType", "is missing"),
        (document(sellerId="a1lower"), "sellerId", "capital letters"),
        (document(sellerId=f"{SELLER}\n"), "sellerId", "capital letters"),
        (document(marketplaceId="XX"), "marketplaceId", "is no marketplace"),
        (document(marketplaceId=" "), "marketplaceId", "is empty"),
        (document(amazonOrderId="902-6786204-817980"), "amazonOrderId", "902-6786204-8179805"),
        (document(taskId="-first"), "taskId", "1 to 64"),
        (document(taskId="x" * 65), "taskId", "1 to 64"),
        (document(text="x" * 20_001), "text", "at most 20000"),
        (document(text="half \ud800"), "text", "half of a character"),
        (document(template={"name": "late"}), "template", "exclude each other"),
        (document(text=None, template="late"), "template", "must be a JSON object"),
        (document(text=None, template={}), "template.name", "is missing"),
        (document(text=None, template={"name": "../x"}), "template.name", "letters, digits"),
        (document(text=None, template={"name": "x", "y": 1}), "template", "unknown 'y'"),
        (document(text=None, template={"name": "x", "values": {"a": 1}}), "template.values", "texts"),
        (document(text=None, template={"name": "x", "values": [1]}), "template.values", "must be an object"),
        (
            document(text=None, template={"name": "x", "values": {"a": "\udc00"}}),
            "template.values",
            "half of a character",
        ),
        (
            document(text=None, template={"name": "x", "values": {"a": "y" * 20_000}}),
            "template.values",
            "at most 20000",
        ),
        (document(attachments=[{"key": KEY}] * 21), "attachments", "at most 20"),
        (document(attachments=[{"fileName": "a.txt"}]), "attachments[0].key", "is missing"),
        (document(attachments=[{"key": KEY, "path": "/"}]), "attachments[0]", "unknown 'path'"),
        (document(attachments=[{"key": KEY}, KEY]), "attachments[1]", "must be a JSON object"),
        (
            document(attachments=[{"key": "elsewhere/a.txt"}]),
            "attachments[0].key",
            attachments_prefix(SELLER),
        ),
        (document(attachments=[{"key": "attachments/A1OTHER/a.txt"}]), "attachments[0].key", SELLER),
        (document(attachments=[{"key": attachments_prefix(SELLER)}]), "attachments[0].key", "a file under"),
        (document(attachments=[{"key": KEY, "bucket": "other"}]), "attachments[0].bucket", "message bucket"),
        (document(coverageStartDate=20260101), "coverageStartDate", "must be a text"),
        (document(coverageEndDate="x" * 101), "coverageEndDate", "at most 100"),
        (
            document(attachments=[{"key": KEY, "fileName": "x" * 1025}]),
            "attachments[0].fileName",
            "at most 1024",
        ),
        (
            document(text=None, template={"name": "x", "values": {str(n): "" for n in range(101)}}),
            "template.values",
            "at most 100",
        ),
        (document(force=1), "force", "true or false"),
    ],
)
def test_what_can_become_no_task_is_refused(said: Any, field: str, told: str) -> None:
    found = faults(said, bucket="b")
    assert told in found.get(field, ""), found
    if isinstance(said, dict) and "sellerId" in said:
        assert list(found) == [field]


def test_faults_repeat_no_text_no_value_and_no_file_name() -> None:
    secret = "Jane Doe, 1 Main Street"
    said = document(
        text=secret * 2000,
        template={"name": secret, "values": {"a": [secret]}},
        attachments=[{"key": secret, "fileName": [secret], "bucket": secret}],
        coverageStartDate=[secret],
    )
    with pytest.raises(UnusableRequestError) as caught:
        read_request(said, bucket="b")
    assert len(caught.value.faults) >= 6
    assert "Jane" not in f"{caught.value} {[each.document() for each in caught.value.faults]}"


def test_nothing_of_the_content_shows_in_a_repr() -> None:
    request = read_request(
        document(text="Dear Jane", attachments=[{"key": KEY, "fileName": "Jane.txt"}]), bucket="b"
    )
    assert "Jane" not in repr(request)
    assert "Jane" not in repr(TemplateUse("late", {"greeting": "Dear Jane"}))
    assert "Jane" not in repr(AttachmentPointer("attachments/Jane.txt", "a.txt"))


def test_the_hash_tells_messages_apart_and_nothing_else() -> None:
    first = read_request(document(attachments=[{"key": KEY}]))
    same = read_request(
        document(
            taskId="other",
            force=True,
            marketplaceId="US",
            attachments=[{"key": f"attachments/{SELLER}/moved/example.txt", "versionId": "v"}],
        )
    )
    assert content_hash(first, ["aa"]) == content_hash(same, ["aa"])
    others = [
        (document(attachments=[{"key": KEY}]), ["bb"]),
        (document(attachments=[{"key": KEY, "fileName": "b.txt"}]), ["aa"]),
        (document(attachments=[{"key": KEY}], text="Which name?"), ["aa"]),
        (document(attachments=[{"key": KEY}], marketplaceId="CA"), ["aa"]),
        (document(attachments=[{"key": KEY}], amazonOrderId="902-6786204-8179806"), ["aa"]),
        (document(attachments=[{"key": KEY}], messageType="digitalAccessKey"), ["aa"]),
        (document(attachments=[{"key": KEY}], coverageStartDate="2026-01-01T00:00:00Z"), ["aa"]),
        (document(attachments=[{"key": KEY}], coverageEndDate="2026-01-01T00:00:00Z"), ["aa"]),
        (document(), []),
        ({**without("text"), "template": {"name": "late"}}, []),
        ({**without("text"), "template": {"name": "late", "values": {"a": "b"}}}, []),
    ]
    hashes = {content_hash(read_request(said), digests) for said, digests in others}
    assert len(hashes) == len(others)
    assert content_hash(first, ["aa"]) not in hashes


def test_the_hash_needs_every_attachments_digest() -> None:
    with pytest.raises(ValueError):
        content_hash(read_request(document(attachments=[{"key": KEY}])))


def test_content_is_written_and_read_back() -> None:
    content = MessageContent(
        text="Hello",
        attachments=(
            AttachmentPointer(KEY, "a.txt", "b", "v", 12, "ab" * 32),
            AttachmentPointer(KEY, "b.txt"),
        ),
        coverage_start_date="2026-01-01T00:00:00Z",
        coverage_end_date="2027-01-01T00:00:00Z",
    )
    written = content_document(content)
    assert written["attachments"][1] == {"key": KEY, "fileName": "b.txt"}
    assert content_of(written) == content
    templated = MessageContent(template=TemplateUse("late", {"day": "Monday"}))
    assert content_document(templated) == {"template": {"name": "late", "values": {"day": "Monday"}}}
    assert content_of(content_document(templated)) == templated
    assert content_document(MessageContent()) == {}
