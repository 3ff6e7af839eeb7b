"""What is checked of a feed beside its document."""

from __future__ import annotations

from typing import Any

import pytest

from sellerbus.feeds.catalogue import FEED_TYPES, Format
from sellerbus.feeds.checks import Rules, check_request, content_check
from sellerbus.feeds.findings import Finding, Findings
from tests.unit.feeds.requests import (
    CA,
    DE,
    EUROPEAN,
    IN,
    RULES,
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

LISTING_TYPES = {
    "POST_PRODUCT_DATA",
    "POST_INVENTORY_AVAILABILITY_DATA",
    "POST_PRODUCT_OVERRIDES_DATA",
    "POST_PRODUCT_PRICING_DATA",
    "POST_PRODUCT_IMAGE_DATA",
    "POST_PRODUCT_RELATIONSHIP_DATA",
    "POST_FLAT_FILE_INVLOADER_DATA",
    "POST_FLAT_FILE_BOOKLOADER_DATA",
    "POST_FLAT_FILE_CONVERGENCE_LISTINGS_DATA",
    "POST_FLAT_FILE_LISTINGS_DATA",
    "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
    "POST_UIEE_BOOKLOADER_DATA",
}


def texts(findings: Findings) -> list[str]:
    return [row.text for row in findings.kept]


def found(feed_type: str = "JSON_LISTINGS_FEED", seller: Any = SELLER, **changes: Any) -> Findings:
    return check_request(request(feed_type, **changes), seller, RULES)


def test_a_good_request() -> None:
    findings = found(marketplace_ids=(US, CA), task_id="order-7_of_2025")
    assert (findings.kept, findings.refused, findings.errors, findings.warnings) == ((), False, 0, 0)


def test_the_twelve_listing_types_are_dead_and_what_replaces_them_is_said() -> None:
    removed = {name for name, row in FEED_TYPES.items() if row.removed == "2025-07-31"}
    assert removed == LISTING_TYPES
    for name in removed:
        findings = check_request(request(name, content_type=FEED_TYPES[name].format.value), SELLER, RULES)
        assert rules_of(findings) == ["feed-type-removed"]
        assert "JSON_LISTINGS_FEED" in texts(findings)[0]
        assert "2025-07-31" in texts(findings)[0]


def test_removed_types_pass_where_their_time_is_played() -> None:
    rules = Rules(largest_bytes=1000, removed_allowed=True)
    assert not check_request(request("POST_PRODUCT_DATA", content_type=XML_TYPE), SELLER, rules).refused


def test_every_removed_type_says_what_to_do_and_no_live_one_does() -> None:
    assert {name for name, row in FEED_TYPES.items() if row.removed and not row.replacement} == set()
    assert {name for name, row in FEED_TYPES.items() if row.replacement and not row.removed} == set()
    assert len([row for row in FEED_TYPES.values() if not row.removed]) == 20


def test_a_type_that_is_not_known() -> None:
    findings = found("_POST_ORDER_FULFILLMENT_DATA_")
    assert rules_of(findings) == ["feed-type"]
    assert "Did you mean POST_ORDER_FULFILLMENT_DATA?" in texts(findings)[0]
    assert content_check(request("NEW_FEED"), SELLER, RULES, findings) is None
    rules = Rules(largest_bytes=1000, custom_types={"NEW_FEED": Format.FLAT_FILE})
    assert not check_request(request("NEW_FEED", content_type=TSV_TYPE), SELLER, rules).refused
    assert rules_of(check_request(request("NEW_FEED"), SELLER, rules)) == ["content-type"]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ((), "0 marketplaces are given"),
        ((US,) * 26, "26 marketplaces are given"),
        ((US, US), "twice"),
        (("US",), "write ATVPDKIKX0DER"),
        (("XX",), "is no marketplace"),
        ((DE,), "of region eu"),
    ],
)
def test_marketplaces(given: tuple[str, ...], word: str) -> None:
    findings = found(marketplace_ids=given)
    assert findings.refused
    assert any(word in text for text in texts(findings))
    assert set(rules_of(findings)) == {"marketplaces"}


def test_marketplaces_that_are_only_unlikely() -> None:
    findings = found(marketplace_ids=("A1AM78C64UM0Y8",))
    assert (findings.errors, findings.warnings) == (0, 1)
    findings = found("POST_EASYSHIP_DOCUMENTS", EUROPEAN, marketplace_ids=(DE,), content_type=XML_TYPE)
    assert (findings.errors, findings.warnings) == (0, 1)
    assert "IN, SG only, not for DE" in texts(findings)[0]


@pytest.mark.parametrize(
    "content_type", ["", "json", "text/xml", "application/pdf", "application/json\r\nX-Evil: 1", "a/b; ü=1"]
)
def test_content_types_that_do_not_fit(content_type: str) -> None:
    assert rules_of(found(content_type=content_type)) == ["content-type"]


@pytest.mark.parametrize("task_id", ["", "-x", "a" * 65, "a b", "a/b", "ä", "a\n"])
def test_task_ids(task_id: str) -> None:
    assert rules_of(found(task_id=task_id)) == ["task-id"]


def easy_ship(options: Any) -> Findings:
    return found(
        "POST_EASYSHIP_DOCUMENTS",
        EUROPEAN,
        marketplace_ids=(IN,),
        content_type=XML_TYPE,
        feed_options=options,
    )


def test_easy_ship_options() -> None:
    good = {"AmazonOrderId": "902-3159896-1390916", "DocumentType": "ShippingLabel"}
    for options in (None, {}, good):
        assert easy_ship(options).kept == ()
    assert texts(easy_ship({"AmazonOrderId": "902-3159896-1390916"})) == [
        "POST_EASYSHIP_DOCUMENTS needs the option DocumentType"
    ]
    assert "one of ShippingLabel, Invoice, Warranty" in texts(easy_ship({**good, "DocumentType": "Label"}))[0]
    assert "has no option 'Colour'" in texts(easy_ship({**good, "Colour": "red"}))[0]
    assert "given twice" in texts(easy_ship({**good, "amazonorderid": "1"}))[0]


def invoice(**options: str) -> list[str]:
    given = {f"metadata:{name}": value for name, value in options.items()}
    return texts(
        found(
            "UPLOAD_VAT_INVOICE",
            EUROPEAN,
            marketplace_ids=(DE,),
            content_type="application/pdf",
            feed_options=given,
        )
    )


def test_invoice_options() -> None:
    assert invoice(orderid="1", invoicenumber="2", totalAmount="3.25", TotalVATAmount="1.23") == []
    assert invoice(ShippingId="1", InvoiceNumber="2", DocumentType="Invoice") == []
    assert invoice() == [
        "UPLOAD_VAT_INVOICE needs the option metadata:ShippingId or metadata:OrderId",
        "UPLOAD_VAT_INVOICE needs the option metadata:InvoiceNumber",
    ]
    assert invoice(ShippingId="1", InvoiceNumber="2", DocumentType="CreditNote") == [
        "UPLOAD_VAT_INVOICE needs the option metadata:TransactionId where DocumentType is CreditNote"
    ]


def test_invoice_options_without_their_prefix_are_what_amazon_overlooks() -> None:
    findings = found(
        "UPLOAD_VAT_INVOICE",
        EUROPEAN,
        marketplace_ids=(DE,),
        content_type="application/pdf",
        feed_options={"orderid": "1", "metadata:InvoiceNumber": "2"},
    )
    assert texts(findings) == ["Amazon overlooks the option 'orderid': write it metadata:OrderId"]


@pytest.mark.parametrize(
    "options",
    [
        ["a"],
        "a=b",
        {"a": 1},
        {"a": None},
        {"": "b"},
        {1: "b"},
        {"a": ""},
        {"a": "b\n"},
        {f"o{n}": "1" for n in range(101)},
    ],
)
def test_options_that_are_no_map_of_texts(options: Any) -> None:
    assert easy_ship(options).refused
    assert set(rules_of(easy_ship(options))) == {"feed-options"}


def test_options_of_a_type_that_documents_none_are_warned_of() -> None:
    findings = found(feed_options={"a": "b"})
    assert (findings.errors, findings.warnings) == (0, 1)


def test_everything_is_told_at_once_and_the_document_is_checked_as_well() -> None:
    findings = checked(
        feed(message(1, sku="")), request("JSON_LISTINGS_FEED", marketplace_ids=(DE,), task_id="!")
    )
    assert rules_of(findings) == ["marketplaces", "task-id", "sku"]


def test_findings_are_bounded_and_errors_go_before_warnings() -> None:
    findings = Findings(most=3)
    for _ in range(5):
        findings.add(Finding("w", "w", "warning"))
    for number in range(5):
        findings.add(Finding("e", str(number)))
    assert texts(findings) == ["0", "1", "2"]
    assert (findings.errors, findings.warnings, findings.refused) == (5, 5, True)
    assert findings.document()["findings"][0] == {"rule": "e", "severity": "error", "text": "0"}
