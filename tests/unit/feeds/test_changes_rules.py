"""What a listing change must be to be gathered, and the feed that is made of those that are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellerbus.feeds.changes.change import LARGEST_CHANGE_BYTES, ListingChange, RefusedChange, read_change
from sellerbus.feeds.changes.document import (
    Chosen,
    Limits,
    OpenChange,
    choose,
    document,
    entries_of,
    manifest,
    read_manifest,
    task_id_of,
)
from sellerbus.feeds.checks import FeedRequest, Rules, check_feed
from sellerbus.feeds.findings import Findings
from tests.unit.feeds.changes_world import change
from tests.unit.feeds.tasks import MARKETPLACE, SELLER, TYPE


@dataclass(frozen=True)
class Seller:
    seller_id: str = SELLER
    region: str = "na"
    marketplace_ids: tuple[str, ...] = (MARKETPLACE,)


def read(body: dict[str, Any] | str) -> ListingChange | RefusedChange:
    return read_change(body if isinstance(body, str) else json.dumps(body), "m-1", 1_800_000_000_123)


def rules(body: dict[str, Any] | str) -> list[tuple[str, str | None]]:
    found = read(body)
    assert isinstance(found, RefusedChange), found
    return [(finding.rule, finding.where) for finding in found.findings]


def findings_of(found: ListingChange) -> Findings:
    opened = [OpenChange(f"{found.order:013d}", found.change_id, found.sku, found.message)]
    request = FeedRequest(TYPE, (MARKETPLACE,), "application/json; charset=UTF-8")
    return check_feed(request, Seller(), [document(found.group, opened)], Rules(largest_bytes=1 << 30))


def test_a_good_change_is_kept_as_the_message_it_becomes() -> None:
    found = read(change(1, marketplaceId="us", requirements=None) | {"sku": "ÄÖ-1"})
    assert isinstance(found, RefusedChange), "requirements may be left out, and not be null"
    found = read(change(1, marketplaceId="us") | {"sku": "ÄÖ-1"})
    assert isinstance(found, ListingChange)
    assert (found.group.seller_id, found.group.marketplace_id) == (SELLER, MARKETPLACE)
    assert (found.change_id, found.sku, found.order) == ("c001", "ÄÖ-1", 1_800_000_000_123)
    message = json.loads(found.message)
    assert list(message) == ["sku", "operationType", "productType", "patches"]
    assert found.size_bytes == len(found.message.encode()) > len(found.message)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"sku": None}, [("sku", "sku")]),
        ({"sku": "x" * 41}, [("sku", "sku")]),
        ({"operationType": "DELETE"}, [("field-barred", "productType"), ("field-barred", "patches")]),
        ({"patches": []}, [("field-form", "patches")]),
        ({"patches": [{"op": "add", "path": "/a", "value": [1]}]}, [("patch", "patches[0].value")]),
        ({"patches": [{"op": "add", "path": "/a", "value": 1}]}, [("patch", "patches[0].value")]),
        ({"patches": [{"op": "move"}]}, [("patch", "patches[0].op"), ("patch", "patches[0]")]),
        ({"patches": [7]}, [("patch", "patches[0]")]),
        ({"marketplaceId": "XX"}, [("marketplace", "marketplaceId")]),
        ({"marketplaceId": None}, [("marketplace", "marketplaceId")]),
        ({"changeId": "a/b"}, [("change-id", "changeId")]),
        ({"changeId": 7}, [("change-id", "changeId")]),
        ({"changeId": "x" * 65}, [("change-id", "changeId")]),
        ({"messageId": 1}, [("unknown-field", "messageId")]),
        ({"attribute": {}}, [("unknown-field", "attribute")]),
        ({"productType": "a\ud800"}, [("charset", None)]),
    ],
)
def test_each_fault_is_told_with_its_place(more: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert rules(change(1) | more) == expected


def test_a_change_that_fits_and_one_byte_more() -> None:
    body = change(1, operationType="UPDATE", attributes={"a": ""})
    del body["patches"]
    found = read(body)
    assert isinstance(found, ListingChange)
    body["attributes"]["a"] = "x" * (LARGEST_CHANGE_BYTES - found.size_bytes)
    largest = read(body)
    assert isinstance(largest, ListingChange)
    assert largest.size_bytes == LARGEST_CHANGE_BYTES
    body["attributes"]["a"] += "x"
    assert rules(body) == [("size", None)]


@pytest.mark.parametrize(
    "number", ["1e999", "NaN", "-Infinity", "9223372036854775808", "1" * 5000, "0.1234567890123456789"]
)
def test_a_number_that_would_not_come_out_as_it_went_in_is_refused(number: str) -> None:
    body = json.dumps(change(1)).replace('"quantity": 1', f'"quantity": {number}')
    assert rules(body) == [("json", None)]


@pytest.mark.parametrize("number", ["9223372036854775807", "-9223372036854775807", "19.99", "1.50", "1e3"])
def test_a_number_that_comes_out_the_same_is_passed_on(number: str) -> None:
    found = read(json.dumps(change(1)).replace('"quantity": 1', f'"quantity": {number}'))
    assert isinstance(found, ListingChange)
    assert json.loads(found.message)["patches"][0]["value"][0]["quantity"] == json.loads(number)
    assert findings_of(found).kept == ()


def test_a_field_twice_is_no_guess() -> None:
    assert rules(json.dumps(change(1)).replace('"sku"', '"sku": "OTHER", "sku"')) == [("json", None)]


def test_deep_nesting_is_refused_and_costs_nothing() -> None:
    deep = "[" * 900 + "]" * 900
    body = json.dumps(change(1, operationType="UPDATE")).replace('"patches"', f'"attributes": {deep}, "b"')
    assert rules(body) == [("json", None)]


words = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["a", "LISTING", "UPDATE", " "])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
patches = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "delete"]) | values, "path": words | values},
    optional={"value": st.lists(st.dictionaries(words, values, max_size=2), max_size=2) | values},
)
bodies = st.fixed_dictionaries(
    {
        "sku": words | values,
        "operationType": st.sampled_from(["UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE"]) | values,
    },
    optional={
        "productType": words | values,
        "requirements": st.sampled_from(["LISTING", "LISTING_OFFER_ONLY"]) | values,
        "attributes": st.dictionaries(words, values, max_size=3) | values,
        "patches": st.lists(patches | values, max_size=2) | values,
    },
)


@settings(max_examples=1500, deadline=None)
@given(body=bodies, ascii_only=st.booleans())
def test_what_is_gathered_passes_the_check_of_the_feed_and_says_the_same(
    *, body: dict[str, Any], ascii_only: bool
) -> None:
    """And what is refused for a rule of messages would be refused by the check as well."""
    whole = {"changeId": "c1", "sellerId": SELLER, "marketplaceId": MARKETPLACE, **body}
    try:
        text = json.dumps(whole, ensure_ascii=ascii_only)
        text.encode()
    except UnicodeEncodeError:
        return
    found = read(text)
    if isinstance(found, ListingChange):
        assert json.loads(found.message) == body
        assert findings_of(found).errors == 0
    elif all(finding.rule not in {"json", "charset"} for finding in found.findings):
        made = ListingChange(read_group(), "c1", "A", json.dumps(body), 0, "")
        assert findings_of(made).errors > 0


def read_group() -> Any:
    found = read(change(1))
    assert isinstance(found, ListingChange)
    return found.group


def opened(number: int, sku: str, size: int = 20) -> OpenChange:
    return OpenChange(f"{number:013d}", f"c{number}", sku, json.dumps({"sku": sku}).ljust(size))


@pytest.mark.parametrize(
    ("skus", "most", "taken", "full"),
    [
        ("", 3, "", False),
        ("AB", 3, "AB", False),
        ("ABC", 3, "ABC", True),
        ("ABCD", 3, "ABC", True),
        ("ABAC", 3, "ABC", True),
        ("AAB", 3, "AB", False),
        ("AAAAAAB", 3, "A", False),
    ],
)
def test_the_first_change_of_each_sku_as_far_as_a_feed_goes(
    skus: str, most: int, taken: str, full: bool
) -> None:
    rows = [opened(number, sku) for number, sku in enumerate(skus, 1)]
    chosen = choose(rows, Limits(most, 10_000))
    assert "".join(each.sku for each in chosen.changes) == taken
    assert chosen.full is full
    assert chosen.oldest == (1 if skus else None)
    assert chosen.size_bytes == 20 * len(taken)


def test_a_feed_ends_before_the_change_that_is_too_much_and_takes_none_in_its_place() -> None:
    rows = [opened(1, "A", 50), opened(2, "B", 500), opened(3, "C", 50)]
    chosen = choose(rows, Limits(10, 300))
    assert isinstance(chosen, Chosen)
    assert [each.sku for each in chosen.changes] == ["A"]
    assert chosen.full


def test_a_feed_takes_no_more_messages_than_amazon() -> None:
    assert Limits(1_000_000, 1).changes == 25_000


def test_the_manifest_says_which_message_is_which_change() -> None:
    entries = entries_of([opened(1, "Ä\n"), opened(2, "B")])
    assert [(each.message_id, each.change_id) for each in entries] == [(1, "c1"), (2, "c2")]
    assert list(read_manifest(manifest(entries))) == entries


def test_the_task_id_is_the_same_for_the_same_changes_only() -> None:
    group = read_group()
    one, other = [opened(1, "A")], [opened(2, "A")]
    assert task_id_of(group, one) == task_id_of(group, one)
    assert task_id_of(group, one) != task_id_of(group, other)
