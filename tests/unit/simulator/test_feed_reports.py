"""What is wrong with a message of a feed, and how the reports say it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator import report_flat_file, report_json, report_xml
from simulator.reporting import Submission, Tally, UnreadableError
from tests.unit.simulator.feed_scene import listing, listings

FEED = Submission("1", "SELLER1", "JSON_LISTINGS_FEED", {})
ORDERS = Submission("1", "SELLER1", "POST_ORDER_FULFILLMENT_DATA", {})
PATCH = {"op": "replace", "path": "/attributes/quantity", "value": [{"value": 1}]}


def read(*messages: Any) -> Tally:
    return report_json.read(FEED, [listings(*messages).encode()])


@pytest.mark.parametrize(
    "message",
    [
        listing(1),
        listing(2**31 - 1),
        listing(1, operationType="UPDATE", requirements="LISTING_OFFER_ONLY"),
        {"messageId": 1, "sku": "A", "operationType": "DELETE"},
        listing(1, operationType="PATCH", attributes=None, patches=[PATCH]),
    ],
)
def test_listings_that_are_right(message: dict[str, Any]) -> None:
    tally = read(message)
    assert (tally.processed, tally.invalid, tally.issues) == (1, 0, [])


@pytest.mark.parametrize(
    ("message", "attribute", "words"),
    [
        (listing(1, sku=None), "sku", "[sku]"),
        (listing(1, sku=""), "sku", "[sku]"),
        (listing(1, operationType=None), "operationType", "UPDATE, PARTIAL_UPDATE"),
        (listing(1, operationType="Delete"), "operationType", "must be one of"),
        (listing(1, productType=None), "productType", "[productType]"),
        (listing(1, attributes=None), "attributes", "[attributes]"),
        (listing(1, attributes={}), "attributes", "[attributes]"),
        (listing(1, requirements="LISTING"), "requirements", "does not go with"),
        (listing(1, operationType="UPDATE", requirements="ALL"), "requirements", "must be one of"),
        (listing(1, operationType="DELETE", productType=None), "attributes", "does not go with"),
        (listing(1, -0.01 and "A", -0.01), "purchasable_offer.our_price.schedule.value_with_tax", "negative"),
        (
            listing(1, attributes={"fulfillment_availability": [{"quantity": -1}]}),
            "fulfillment_availability.quantity",
            "negative",
        ),
        (
            listing(1, operationType="PATCH", attributes=None, patches=[{**PATCH, "op": "move"}]),
            "patches",
            "'op'",
        ),
        (
            listing(1, operationType="PATCH", attributes=None, patches=[{**PATCH, "path": "/sku"}]),
            "patches",
            "'path'",
        ),
    ],
)
def test_listings_that_are_wrong(message: dict[str, Any], attribute: str, words: str) -> None:
    tally = read(message, listing(7, "B"))
    assert (tally.processed, tally.invalid) == (2, 1)
    [issue] = tally.issues
    assert (issue.message_id, issue.attribute) == (1, attribute)
    assert words in issue.text


@pytest.mark.parametrize("message_id", [None, 0, 2**31, "1", True, 1.5])
def test_listings_without_a_proper_id(message_id: object) -> None:
    tally = read(listing(message_id))
    written = json.loads(report_json.write(FEED, tally))
    [issue] = written["issues"]
    assert "messageId" not in issue
    assert issue["sku"] == "A"


def test_ids_must_be_unique() -> None:
    assert [issue.text for issue in read(listing(1), listing(1)).issues] == [
        "'messageId' 1 is not unique within the feed."
    ]


def test_a_warning_is_no_error() -> None:
    tally = read(listing(1, attributes={"item_name": [{"value": "n" * 201}]}))
    summary = json.loads(report_json.write(FEED, tally))["summary"]
    assert (summary["warnings"], summary["errors"], summary["messagesAccepted"]) == (1, 0, 1)


def test_25_000_messages_and_no_more() -> None:
    messages = [{"messageId": n, "sku": "A", "operationType": "DELETE"} for n in range(1, 25_002)]
    assert read(*messages[:-1]).accepted == 25_000
    with pytest.raises(UnreadableError, match="25001"):
        read(*messages)


def test_an_xml_feed_is_read_in_the_charset_that_was_declared_for_it() -> None:
    order = "<AmazonOrderID>注文</AmazonOrderID>"
    text = f"<AmazonEnvelope><Message><MessageID>1</MessageID><O>{order}</O></Message></AmazonEnvelope>"
    content = f'<?xml version="1.0" encoding="Windows-31J"?>{text}'.encode("cp932")
    tally = report_xml.read(Submission("1", "S", "POST_ORDER_FULFILLMENT_DATA", {}, "cp932"), [content])
    assert tally.issues[0].names == {"AmazonOrderID": "注文"}
    assert "<AmazonOrderID>注文</AmazonOrderID>" in report_xml.write(ORDERS, tally)


@pytest.mark.parametrize(
    ("message", "message_id", "words"),
    [
        ("<O><SKU>A</SKU></O>", 0, "MessageID"),
        ("<MessageID>x</MessageID><O><SKU>A</SKU></O>", 0, "MessageID"),
        ("<MessageID>3</MessageID><OperationType>Update</OperationType>", 3, "no content"),
        ("<MessageID>3</MessageID><O><Title>A</Title></O>", 3, "no SKU"),
        ("<MessageID>3</MessageID><O><SKU>A</SKU><Price>-1.5</Price></O>", 3, "negative"),
        ("<MessageID>3</MessageID><O><AmazonOrderID>1-2-3</AmazonOrderID></O>", 3, "AmazonOrderID"),
    ],
)
def test_xml_messages_that_are_wrong(message: str, message_id: int, words: str) -> None:
    content = f"<AmazonEnvelope><Message>{message}</Message></AmazonEnvelope>"
    [issue] = report_xml.read(ORDERS, [content.encode()]).issues
    assert issue.message_id == message_id
    assert words in issue.text


def test_xml_reports_escape_what_they_quote() -> None:
    content = (
        "<AmazonEnvelope><Message><MessageID>1</MessageID><O><SKU>a&lt;b&amp;c</SKU><Price>-1</Price></O>"
    )
    tally = report_xml.read(ORDERS, [f"{content}</Message></AmazonEnvelope>".encode()])
    assert "<SKU>a&lt;b&amp;c</SKU>" in report_xml.write(ORDERS, tally)


def test_a_template_has_three_rows_before_its_records() -> None:
    content = "TemplateType=x\tVersion=1\nSKU\tPrice\nsku\tprice\nA\t-1\n"
    tally = report_flat_file.read(ORDERS, [content.encode()])
    assert [(issue.message_id, issue.names) for issue in tally.issues] == [(1, {"sku": "A"})]


@pytest.mark.parametrize("content", ["", "\n", "only one\n", "\tsku\n"])
def test_a_flat_file_without_a_header_row_is_unreadable(content: str) -> None:
    with pytest.raises(UnreadableError, match="header"):
        report_flat_file.read(ORDERS, [content.encode()])
