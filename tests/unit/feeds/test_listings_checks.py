"""What is checked of a JSON_LISTINGS_FEED."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.feeds.findings import Findings
from sellerbus.feeds.listings_feed import MOST_COUNTED, ListingsFeedCheck
from tests.unit.feeds.requests import checked, feed, message, rules_of

ATTRIBUTES = {"fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": 10}]}
PATCH = {"op": "replace", "path": "/attributes/x", "value": [{"value": 1}]}
UPDATE = {"operationType": "UPDATE", "productType": "LUGGAGE", "attributes": ATTRIBUTES}
PATCHED = {"operationType": "PATCH", "productType": "LUGGAGE", "patches": [PATCH]}


def one(**changes: Any) -> Findings:
    return checked(feed(message(**changes)))


@pytest.mark.parametrize("length", [1, 7, 1_000_000])
def test_a_good_feed(length: int) -> None:
    content = feed(
        message(1),
        message(2, **UPDATE, requirements="LISTING"),
        message(3, **{**UPDATE, "operationType": "PARTIAL_UPDATE"}),
        message(4, **PATCHED),
        message(
            2147483647,
            sku="ä" * 40,
            operationType="PATCH",
            productType="P",
            patches=[{"op": "delete", "path": "/a"}],
        ),
        issueLocale="en_US",
        report={"includedData": ["issues"], "apiVersion": "2021-08-01"},
    )
    assert checked(content, length=length).kept == ()


@pytest.mark.parametrize("number", [0, -1, 2**31, 1.5, "1", True, [1], {}, 2**63])
def test_message_ids(number: Any) -> None:
    findings = one(messageId=number)
    assert findings.refused
    if number != 2**63:
        assert rules_of(findings) == ["message-id"]
        assert (findings.kept[0].sku, findings.kept[0].where) == ("SKU-1", "messages[0].messageId")


def test_a_missing_id_and_one_that_comes_twice() -> None:
    assert rules_of(one(messageId=None)) == ["message-id"]
    findings = checked(feed(message(1), message(2), message(1, sku="other"), message(1)))
    assert rules_of(findings) == ["message-id-twice"] * 2
    assert (findings.kept[0].message_id, findings.kept[0].sku) == (1, "other")
    assert findings.kept[0].where == "messages[2].messageId"


@pytest.mark.parametrize("sku", ["", 5, [], "x" * 41])
def test_skus(sku: Any) -> None:
    findings = one(sku=sku)
    assert rules_of(findings) == ["sku"]
    assert findings.kept[0].message_id == 1
    assert findings.kept[0].limit == "1 to 40 characters"


def test_a_sku_with_a_space_at_its_end_is_warned_of() -> None:
    assert (one(sku="x ").errors, one(sku="x ").warnings) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"operationType": None}, "operationType is missing"),
        ({"operationType": "delete"}, "operationType is 'delete'"),
        ({"operationType": {}}, "operationType is an object"),
        ({"operationType": "UPDATE"}, "UPDATE needs productType, which is missing"),
        ({**UPDATE, "attributes": None}, "UPDATE needs attributes, which is missing"),
        ({**UPDATE, "patches": [PATCH]}, "UPDATE takes no patches"),
        ({**UPDATE, "operationType": "PARTIAL_UPDATE", "requirements": "LISTING"}, "takes no requirements"),
        ({**PATCHED, "attributes": ATTRIBUTES}, "PATCH takes no attributes"),
        ({**PATCHED, "requirements": "LISTING"}, "PATCH takes no requirements"),
        ({"attributes": ATTRIBUTES}, "DELETE takes no attributes"),
        ({"productType": "P"}, "DELETE takes no productType"),
        ({**UPDATE, "attributes": {}}, "attributes is empty"),
        ({**UPDATE, "attributes": [1]}, "attributes is a list"),
        ({**UPDATE, "productType": ""}, "productType is empty"),
        ({**UPDATE, "productType": 7}, "productType is 7"),
        ({**UPDATE, "requirements": "ALL"}, "requirements is 'ALL'"),
        ({**PATCHED, "patches": []}, "patches is empty"),
        ({**PATCHED, "patches": {}}, "patches is an object"),
        ({**PATCHED, "patches": ["x"]}, "a patch is a text"),
        ({**PATCHED, "patches": [[PATCH]]}, "a patch is a list"),
        ({**PATCHED, "patches": [{"path": "/a"}]}, "a patch has no op"),
        ({**PATCHED, "patches": [{"op": "move", "path": "/a"}]}, "op is 'move'"),
        ({**PATCHED, "patches": [{"op": 1, "path": "/a"}]}, "op is 'a number'"),
        ({**PATCHED, "patches": [{"op": "add"}]}, "a patch has no path"),
        ({**PATCHED, "patches": [{"op": "add", "path": 1}]}, "path is a number"),
        ({**PATCHED, "patches": [{"op": "add", "path": "/a", "value": {}}]}, "value is an object"),
        ({**PATCHED, "patches": [{"op": "add", "path": "/a", "value": [1]}]}, "value holds a number"),
    ],
)
def test_operations(changes: dict[str, Any], text: str) -> None:
    findings = one(**changes)
    assert findings.refused
    assert any(text in row.text for row in findings.kept), findings.kept
    assert {(row.message_id, row.sku) for row in findings.kept} == {(1, "SKU-1")}


def test_where_a_patch_is_faulty() -> None:
    findings = one(**{**PATCHED, "patches": [PATCH, {"op": "move", "path": "/a"}]})
    assert [row.where for row in findings.kept] == ["messages[0].patches[1].op"]


def test_null_is_a_value_and_not_nothing() -> None:
    content = feed({**message(1), "attributes": None})
    assert rules_of(checked(content)) == ["field-barred", "field-form"]


@pytest.mark.parametrize(
    ("header", "rule", "text"),
    [
        ({"sellerId": None}, "seller-id", "has no sellerId"),
        ({"sellerId": "A2OTHER"}, "seller-id", "sellerId is 'A2OTHER': it must be 'A1SELLER'"),
        ({"sellerId": ["A1SELLER"]}, "seller-id", "sellerId is a list"),
        ({"version": "1.0"}, "version", "version is '1.0'"),
        ({"version": 2.0}, "version", "version is 2.0"),
        ({"version": None}, "version", "has no version"),
        ({"issueLocale": 1}, "issue-locale", "must be a text"),
        ({"report": []}, "report-form", "report is a list"),
        ({"report": {"includedData": ["issues"]}}, "report-form", "has no apiVersion"),
        ({"report": {"includedData": [], "apiVersion": "2021-08-01"}}, "report-form", "is empty"),
        ({"report": {"includedData": "issues", "apiVersion": "2021-08-01"}}, "report-form", "a list"),
        ({"report": {"includedData": ["x"], "apiVersion": "2021-08-01"}}, "report-form", "may have"),
        ({"report": {"includedData": ["issues"], "apiVersion": "1"}}, "report-form", "must be 2021-08-01"),
    ],
)
def test_header(header: dict[str, Any], rule: str, text: str) -> None:
    findings = checked(feed(message(), **header))
    assert [row.rule for row in findings.kept if row.severity == "error"] == [rule]
    assert text in findings.kept[0].text


def test_a_locale_of_another_form_is_warned_of() -> None:
    findings = checked(feed(message(), issueLocale="english"))
    assert (findings.errors, rules_of(findings)) == (0, ["issue-locale"])


def test_a_header_that_comes_last() -> None:
    text = '{"messages":[' + json.dumps(message()) + '],"header":{"sellerId":"X","version":"2.0"}}'
    assert rules_of(checked(text.encode())) == ["seller-id"]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("[]", ["not-json", "header-missing", "messages-missing"]),
        ("{}", ["header-missing", "messages-missing"]),
        ('{"header":7,"messages":{}}', ["header-form", "messages-form"]),
        ('{"header":{"sellerId":"A1SELLER","version":"2.0"},"messages":[]}', ["messages-missing"]),
        ('{"header":{"sellerId":"A1SELLER","version":"2.0"},"messages":[7,[{}]]}', ["message-form"] * 2),
        ('{"header":{"sellerId":"A1SELLER","version":"2.0"},"messages":[{}', ["not-json"]),
    ],
)
def test_the_whole(text: str, rules: list[str]) -> None:
    found = rules_of(checked(text.encode()))
    assert [rule for rule in found if rule not in {"message-id", "sku", "operation-type"}] == rules


def test_fields_that_amazon_does_not_know_are_warned_of() -> None:
    document = json.loads(feed(message(1, merchant_suggested_asin={"a": [1]})))
    document["header"]["Locale"] = "x"
    document["extra"] = [{"messageId": 1}]
    findings = checked(json.dumps(document).encode())
    assert findings.errors == 0
    assert [row.where for row in findings.kept] == [
        "messages[0].merchant_suggested_asin",
        "extra",
        "header.Locale",
    ]


def test_long_names_of_unknown_fields_are_not_held_whole() -> None:
    findings = checked(feed(message(1, **{"x" * 100_000: 1})), length=60_000)
    (finding,) = findings.kept
    assert len(finding.where or "") < 1100


def test_25000_messages_and_one_more() -> None:
    messages = [message(number) for number in range(1, 25_002)]
    assert checked(feed(*messages[:-1]), length=60_000).kept == ()
    findings = checked(feed(*messages), length=60_000)
    assert rules_of(findings) == ["too-many-messages"]
    assert "25001 messages" in findings.kept[0].text


@pytest.mark.parametrize("end", [b"0]}", b"no JSON"])
def test_far_more_messages_than_may_be_are_not_all_read(end: bytes) -> None:
    head = feed().removesuffix(b"]}")
    check = ListingsFeedCheck("A1SELLER", findings := Findings(most=10))
    check.take(head + b"0," * 30_000)
    for _ in range(100):
        check.take(b"0," * 30_000)
    check.take(end)
    check.finish()
    assert check.messages <= MOST_COUNTED + 30_000
    assert findings.kept[-1].rule != "not-json"
    assert findings.errors == check.messages + 1


def test_every_bad_message_is_told_by_its_sku() -> None:
    messages = [message(n, **({} if n % 27 else {"operationType": "X"})) for n in range(1, 1001)]
    findings = checked(feed(*messages), length=5000)
    assert findings.errors == 37
    assert [row.sku for row in findings.kept] == [f"SKU-{n}" for n in range(27, 1001, 27)]


def test_faults_of_the_json_itself() -> None:
    findings = checked(feed(message(1), message(2)).replace(b'"SKU-2"', b"SKU-2"))
    assert rules_of(findings) == ["not-json"]
    assert "the fault is in messages[1] or right after it" in findings.kept[0].text
    assert rules_of(checked(b'{"a":' + b"[" * 300)) == ["not-json"]
