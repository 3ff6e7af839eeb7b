"""What the simulator makes of feeds: reports of every kind, by Amazon's schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.feed_scene import (
    GERMANY,
    JAPAN,
    LISTINGS,
    ORDERS,
    US,
    FeedScene,
    listing,
    listings,
    set_feed_scene,
)
from tests.unit.simulator.feeds_model import FEED_EXAMPLE, REPORT_SCHEMA, VERSIONS

FULFILLMENT = "POST_ORDER_FULFILLMENT_DATA"
EASY_SHIP = "POST_EASYSHIP_DOCUMENTS"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture(params=VERSIONS)
def scene(simulated: Amazon, request: pytest.FixtureRequest) -> FeedScene:
    return set_feed_scene(simulated, request.param)


@pytest.fixture
def plain(simulated: Amazon) -> FeedScene:
    return set_feed_scene(simulated, "2021-06-30")


def json_report(scene: FeedScene, content: str) -> tuple[Any, Any]:
    feed = scene.ended(scene.submitted(content, LISTINGS, content_type="application/json; charset=UTF-8"))
    report = json.loads(scene.report_text(feed))
    jsonschema.Draft7Validator(REPORT_SCHEMA).validate(report)
    assert report["header"]["feedId"] == feed["feedId"]
    return feed, report


def test_a_thousand_listings_of_which_37_are_bad(scene: FeedScene) -> None:
    messages = [listing(number, f"SKU-{number}", -1 if number % 27 == 1 else 5) for number in range(1, 1000)]
    feed, report = json_report(scene, listings(*messages))
    assert feed["processingStatus"] == "DONE"
    assert report["summary"] == {
        "errors": 37,
        "warnings": 0,
        "messagesProcessed": 999,
        "messagesAccepted": 962,
        "messagesInvalid": 37,
    }
    first = report["issues"][0]
    assert (first["messageId"], first["sku"], first["severity"]) == (1, "SKU-1", "ERROR")
    assert first["attributeName"] == "purchasable_offer.our_price.schedule.value_with_tax"


def test_amazons_own_example_is_accepted_with_its_items(plain: FeedScene) -> None:
    example = {**FEED_EXAMPLE, "header": {**FEED_EXAMPLE["header"], "sellerId": plain.seller_id}}
    _, report = json_report(plain, json.dumps(example))
    assert report["issues"] == []
    assert report["header"]["report"] == FEED_EXAMPLE["header"]["report"]
    assert report["summary"]["itemSummary"]["items"] == len(report["items"]) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "JSON object"),
        ('{"messages": []}', "header"),
        (listings(), "from 1 to 25000"),
        (listings(listing(1), seller_id="ANOTHER"), "sellerId"),
        (listings(listing(1), version="1.0"), "version"),
    ],
)
def test_what_is_no_listings_feed_is_fatal_with_a_report(plain: FeedScene, content: str, words: str) -> None:
    feed, report = json_report(plain, content)
    assert feed["processingStatus"] == "FATAL"
    [issue] = report["issues"]
    assert words in issue["message"]
    assert "messageId" not in issue
    assert report["summary"]["messagesProcessed"] == 0


def envelope(*messages: str, encoding: str = "UTF-8") -> str:
    body = "".join(f"<Message>{message}</Message>" for message in messages)
    return f'<?xml version="1.0" encoding="{encoding}"?><AmazonEnvelope>{body}</AmazonEnvelope>'


def shipped(message_id: object, order_id: str, more: str = "") -> str:
    order = f"<AmazonOrderID>{order_id}</AmazonOrderID>"
    return f"<MessageID>{message_id}</MessageID><OrderFulfillment>{order}{more}</OrderFulfillment>"


def test_an_xml_feed(scene: FeedScene) -> None:
    content = envelope(
        shipped(1, "111-1111111-1111111"),
        shipped(2, "no order"),
        shipped(2, "111-1111111-1111112", "<Item><Quantity>-1</Quantity></Item>"),
        "<MessageID>4</MessageID>",
    )
    feed = scene.ended(scene.submitted(content, FULFILLMENT, content_type="text/xml; charset=UTF-8"))
    assert feed["processingStatus"] == "DONE"
    assert scene.report(feed).headers["content-type"] == "text/xml; charset=UTF-8"
    report = ElementTree.fromstring(scene.report_text(feed))  # noqa: S314 - of the simulator under test
    assert report.tag == "AmazonEnvelope"
    said = report.find("Message/ProcessingReport")
    assert said is not None
    assert said.findtext("DocumentTransactionID") == feed["feedId"]
    counts = {row.tag: row.text for row in said.findall("ProcessingSummary/*")}
    assert counts == {
        "MessagesProcessed": "4",
        "MessagesSuccessful": "1",
        "MessagesWithError": "3",
        "MessagesWithWarning": "0",
    }
    results = [(row.findtext("MessageID"), row.findtext("ResultCode")) for row in said.findall("Result")]
    assert results == [("2", "Error"), ("2", "Error"), ("2", "Error"), ("4", "Error")]
    assert said.findtext("Result/AdditionalInfo/AmazonOrderID") == "no order"


@pytest.mark.parametrize(
    "content",
    [
        envelope(shipped(1, "111-1111111-1111111"))[:-3],
        "<Another/>",
        envelope(),
        '<!DOCTYPE a [<!ENTITY x "y">]><AmazonEnvelope>&x;</AmazonEnvelope>',
    ],
)
def test_what_is_no_envelope_is_fatal_with_a_report(plain: FeedScene, content: str) -> None:
    feed = plain.ended(plain.submitted(content, FULFILLMENT))
    assert feed["processingStatus"] == "FATAL"
    assert "<MessagesProcessed>0</MessagesProcessed>" in plain.report_text(feed)


def test_easy_ship_has_a_report_of_its_own(simulated: Amazon) -> None:
    scene = set_feed_scene(simulated, "2021-06-30", "eu")
    document = "<AmazonOrderID>902-3159896-1390916</AmazonOrderID><DocumentType>{}</DocumentType>"
    messages = [
        f"<MessageID>{number}</MessageID><EasyShipDocument>{document.format(kind)}</EasyShipDocument>"
        for number, kind in ((1, "ShippingLabel"), (2, "Photo"))
    ]
    options = {"AmazonOrderId": "902-3159896-1390916", "DocumentType": "ShippingLabel"}
    feed_id = scene.submitted(envelope(*messages), EASY_SHIP, "A21TJRUUN4KGV", feedOptions=options)
    report = ElementTree.fromstring(scene.report_text(scene.ended(feed_id)))  # noqa: S314 - see above
    assert report.tag == "EasyShipProcessingReport"
    assert report.findtext("FeedSubmissionID") == feed_id
    assert report.findtext("MessagesSuccessful") == report.findtext("MessagesWithError") == "1"
    assert report.findtext("DocumentReportReferenceID")
    assert simulated.control("GET", "feeds")[0]["feedOptions"] == options


@pytest.mark.parametrize(
    ("region", "marketplace", "charset", "codec", "letter"),
    [
        ("na", US, "windows-1252", "cp1252", "é"),
        ("eu", GERMANY, "windows-1252", "cp1252", "€"),
        ("fe", JAPAN, "windows-31j", "cp932", "漢"),
        ("na", "A2Q3Y263D00KWC", "UTF-8", "utf-8", "漢"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_flat_files_are_reported_in_the_charset_of_the_marketplace(
    simulated: Amazon, version: str, region: str, marketplace: str, charset: str, codec: str, letter: str
) -> None:
    scene = set_feed_scene(simulated, version, region)
    content = f"order-id\torder-item-id\tquantity\n1\tA{letter}\t2\n\tB{letter}\t1\n3\tC\t-1\n4\tD\t1\tx\n\n"
    declared = f"text/tab-separated-values; charset={charset}"
    feed_id = scene.submitted(content.encode(codec), ORDERS, marketplace, content_type=declared)
    feed = scene.ended(feed_id)
    assert scene.report(feed).headers["content-type"] == f"text/plain; charset={charset}"
    lines = scene.report_text(feed, codec).splitlines()
    assert lines[:4] == [
        "Feed Processing Summary:",
        "\tNumber of records processed\t\t4",
        "\tNumber of records successful\t\t1",
        "",
    ]
    assert lines[4].split("\t") == [
        "original-record-number",
        "order-id",
        "order-item-id",
        "error-code",
        "error-type",
        "error-message",
    ]
    rows = [line.split("\t") for line in lines[5:]]
    assert [row[0] for row in rows] == ["2", "3", "4"]
    assert rows[0][1:3] == ["", f"B{letter}"]


@pytest.mark.parametrize(
    ("feed_type", "content", "root"),
    [
        ("POST_PRODUCT_DATA", envelope("<MessageID>1</MessageID><Product><SKU>A</SKU></Product>"), "<Amazon"),
        ("POST_FLAT_FILE_LISTINGS_DATA", "sku\tprice\nA\t1\n", "Feed Processing Summary"),
    ],
)
def test_dead_types_are_fatal_but_in_the_time_of_2020_09_04(
    scene: FeedScene, feed_type: str, content: str, root: str
) -> None:
    feed = scene.ended(scene.submitted(content, feed_type))
    report = scene.report_text(feed)
    assert root in report
    alive = scene.version == "2020-09-04"
    assert feed["processingStatus"] == ("DONE" if alive else "FATAL")
    assert ("no longer supported" in report) is not alive


def test_an_invoice_is_not_looked_into_but_its_options_are(plain: FeedScene) -> None:
    def report(options: dict[str, str]) -> str:
        feed_id = plain.submitted(
            b"%PDF-1.4\xff", "UPLOAD_VAT_INVOICE", content_type="application/pdf", feedOptions=options
        )
        return plain.report_text(plain.ended(feed_id), "windows-1252")

    assert report({"metadata:OrderId": "1", "metadata:invoicenumber": "2"}).splitlines() == [
        "Feed Processing Summary:",
        "\tNumber of records processed\t\t1",
        "\tNumber of records successful\t\t1",
    ]
    refused = report({"OrderId": "1", "metadata:invoicenumber": "2"}).splitlines()
    assert refused[2].endswith("\t0")
    assert refused[4].split("\t")[:3] == ["original-record-number", "sku", "error-code"]
    assert refused[5].split("\t")[:4] == ["1", "", "79513", "Error"]
