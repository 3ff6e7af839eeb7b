"""Our checks of a listings feed and Amazon's schema say the same; the report schema's example is read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sellerbus.feeds.findings import Findings
from sellerbus.feeds.listings_feed import ListingsFeedCheck
from sellerbus.feeds.reports.report import Report

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("SP_API_MODELS") or ROOT.parent / "shared" / "sp-api-models") / "feeds"
FEED = FOLDER / "listings-feed-schema-v2.json"
FEED_EXAMPLE = FOLDER / "listings-feed-schema-v2.example.json"
REPORT = FOLDER / "listings-feed-processing-report-schema-v2.json"
REPORT_EXAMPLE = FOLDER / "listings-feed-processing-report-schema-v2.example.json"

pytestmark = pytest.mark.skipif(
    not all(path.is_file() for path in (FEED, FEED_EXAMPLE, REPORT, REPORT_EXAMPLE)),
    reason=f"Amazon's schemas are not in {FOLDER}",
)

SELLER = "AXXXXXXXXXXXX"


def validator(path: Path) -> Any:
    schema = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else True
    return jsonschema.Draft7Validator(schema)


FEED_SCHEMA, REPORT_SCHEMA = validator(FEED), validator(REPORT)


def ours(document: object) -> Findings:
    content = json.dumps(document).encode()
    findings = Findings()
    check = ListingsFeedCheck(SELLER, findings)
    for start in range(0, len(content), 64):
        check.take(content[start : start + 64])
    check.finish()
    return findings


PATCHING = {"messageId": 1, "sku": "S", "operationType": "PATCH", "productType": "P"}

odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, 1, -1, 1.0, 2.5, "", "x", [], [1], {}, {"a": 1}, [{}], [[]]]
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, good, good, good, odd)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any of the fields, most of the time good ones."""
    return st.fixed_dictionaries({}, optional={name: mostly(value) for name, value in fields.items()})


objects = st.lists(mostly(st.just({"value": 1})), max_size=3)
patch = st.fixed_dictionaries(
    {
        "op": mostly(st.sampled_from(["add", "replace", "merge", "delete", "move"])),
        "path": mostly(st.just("/a")),
    },
    optional={"value": mostly(objects)},
)
operations = st.sampled_from(["UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE"])
contents = some(
    productType=st.just("LUGGAGE"),
    requirements=st.sampled_from(["LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY", "ALL"]),
    attributes=st.just({"a": [{"value": {"deep": [1]}}]}),
    patches=st.lists(mostly(patch), max_size=3),
)
identities = st.fixed_dictionaries(
    {"messageId": mostly(st.sampled_from([1, 2, 2147483647, 2147483648])), "sku": mostly(st.just("SKU-1"))}
)
messages = st.one_of(
    st.builds(
        lambda identity, operation, content: {**identity, "operationType": operation, **content},
        identities,
        mostly(operations),
        contents,
    ),
    some(messageId=st.just(1), sku=st.just("S"), operationType=operations),
    st.builds(lambda patches: {**PATCHING, "patches": patches}, st.lists(patch, min_size=1, max_size=3)),
    odd,
)
reports = some(
    includedData=st.lists(mostly(st.sampled_from(["issues", "offers", "all"])), max_size=2),
    apiVersion=st.just("2021-08-01"),
)
headers = st.fixed_dictionaries(
    {"sellerId": st.just(SELLER), "version": mostly(st.just("2.0"))},
    optional={"issueLocale": mostly(st.just("en_US")), "report": mostly(reports)},
)


def agree(document: object) -> None:
    theirs = [error.message[:200] for error in FEED_SCHEMA.iter_errors(document)]
    findings = ours(document)
    assert findings.refused == bool(theirs), (document, theirs, findings.kept)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages)
def test_one_message(message: object) -> None:
    agree({"header": {"sellerId": SELLER, "version": "2.0"}, "messages": [message]})


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mostly(headers))
def test_the_header(header: object) -> None:
    agree({"header": header, "messages": [{"messageId": 1, "sku": "S", "operationType": "DELETE"}]})


@settings(max_examples=200, deadline=None)
@given(some(header=headers, messages=st.just([{"messageId": 1, "sku": "S", "operationType": "DELETE"}])))
def test_the_whole(document: object) -> None:
    agree(document)


def test_variants_of_both_kinds_are_made() -> None:
    """Agreement on nothing but refusals would prove little."""
    good = {"messageId": 1, "sku": "S", "operationType": "UPDATE", "productType": "P", "attributes": {"a": 1}}
    for message, valid in ((good, True), ({**good, "operationType": "DELETE"}, False)):
        document = {"header": {"sellerId": SELLER, "version": "2.0"}, "messages": [message]}
        assert FEED_SCHEMA.is_valid(document) is valid
        agree(document)


def test_amazons_own_example_passes() -> None:
    document = json.loads(FEED_EXAMPLE.read_text(encoding="utf-8"))
    agree(document)
    assert ours(document).kept == ()


def test_the_number_of_messages_is_amazons() -> None:
    assert FEED_SCHEMA.schema["properties"]["messages"]["maxItems"] == 25_000
    fields = FEED_SCHEMA.schema["properties"]["messages"]["items"]["properties"]
    assert fields["messageId"]["maximum"] == 2_147_483_647


def test_amazons_example_of_a_report_is_read_whole() -> None:
    content = REPORT_EXAMPLE.read_bytes()
    document = json.loads(content)
    REPORT_SCHEMA.validate(document)
    report = Report([content], "utf-8")
    found = [row.document() for row in report.messages()]
    assert found == [
        {
            **{name: issue.get(name) for name in ("messageId", "sku", "code", "severity", "message")},
            "attribute": issue.get("attributeName"),
        }
        for issue in document["issues"]
    ]
    told = report.totals.told
    summary = document["summary"]
    assert (told.processed, told.successful, told.with_errors, told.errors, told.warnings) == (
        summary["messagesProcessed"],
        summary["messagesAccepted"],
        summary["messagesInvalid"],
        summary["errors"],
        summary["warnings"],
    )
    assert report.totals.differing == ()
