"""The Feeds API in this project's words: both versions, pages, and answers not as the model says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.errors import OutcomeUnknownError, RetryableError
from sellerbus.api.feeds import MOST_PAGES, V2020, V2021, Feed, FeedsApi
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation

SELLER = SellerGrant("A1", lambda: "Atzr|A1", "v1")
URL = "https://tortuga.s3.amazonaws.com/d?X-Amz-Signature=5ec2e7"
DETAILS = {"standard": "AES", "key": "a2V5", "initializationVector": "dmVjdG9y"}
ROW: dict[str, Any] = {
    "feedId": "f1",
    "feedType": "JSON_LISTINGS_FEED",
    "processingStatus": "DONE",
    "createdTime": "2026-01-01T00:00:00+00:00",
    "marketplaceIds": ["M1", "M2"],
    "resultFeedDocumentId": "d9",
}
FEED = Feed("f1", "JSON_LISTINGS_FEED", "DONE", "2026-01-01T00:00:00+00:00", ("M1", "M2"), "d9")


@dataclass
class Client:
    answers: list[Mapping[str, Any]]
    calls: list[tuple[Operation, dict[str, Any]]] = field(default_factory=list)

    def call(self, operation: Operation, **request: Any) -> Answer:
        self.calls.append((operation, request))
        # What the operation's row doesn't allow is refused here as the client does.
        operation.filled(request.get("path") or {})
        operation.asked(request.get("query") or {})
        return Answer(200, self.answers.pop(0) if len(self.answers) > 1 else self.answers[0], "r")

    def book(
        self, operation: Operation, *, seller: SellerGrant | None = None, count: int, most_seconds: float
    ) -> Booking:
        self.calls.append((operation, {"seller": seller, "count": count, "most_seconds": most_seconds}))
        return Booking(operation.key, "A1", count, 0.0, 1.0)


def api(version: str, *answers: Any) -> tuple[FeedsApi, Client]:
    wrapped = [{"payload": each} if version == V2020 else each for each in answers]
    client = Client(wrapped)
    return FeedsApi(client, SELLER, version), client


VERSIONS = pytest.mark.parametrize("version", [V2021, V2020])


@VERSIONS
def test_a_document_to_upload(version: str) -> None:
    answer = {
        "feedDocumentId": "d1",
        "url": URL,
        **({"encryptionDetails": DETAILS} if version == V2020 else {}),
    }
    feeds, client = api(version, answer)
    document = feeds.create_document("text/xml; charset=UTF-8")
    assert (document.document_id, document.url) == ("d1", URL)
    assert document.encryption == (DETAILS if version == V2020 else None)
    assert "5ec2e7" not in repr(document)
    assert "a2V5" not in repr(document)
    ((operation, request),) = client.calls
    assert operation.key == f"feeds/{version} createFeedDocument"
    assert request == {"seller": SELLER, "body": {"contentType": "text/xml; charset=UTF-8"}}


@VERSIONS
@pytest.mark.parametrize("options", [None, {}, {"a": "b"}])
def test_creating_a_feed(version: str, options: Mapping[str, str] | None) -> None:
    feeds, client = api(version, {"feedId": "f1"})
    assert feeds.create("T", ("M1", "M2"), "d1", options) == "f1"
    ((operation, request),) = client.calls
    assert (operation.key, operation.repeatable) == (f"feeds/{version} createFeed", False)
    body = {"feedType": "T", "marketplaceIds": ["M1", "M2"], "inputFeedDocumentId": "d1"}
    assert request["body"] == ({**body, "feedOptions": {"a": "b"}} if options else body)


@VERSIONS
def test_the_turn_of_a_creation_is_booked_alone(version: str) -> None:
    feeds, client = api(version)
    feeds.book_creation(2.0)
    ((operation, request),) = client.calls
    assert operation.key == f"feeds/{version} createFeed"
    assert request == {"seller": SELLER, "count": 1, "most_seconds": 2.0}


@VERSIONS
def test_a_feed(version: str) -> None:
    feeds, client = api(version, ROW)
    assert feeds.feed("f1") == FEED
    assert FEED.has_ended
    assert client.calls[0][1]["path"] == {"feedId": "f1"}
    least = {name: ROW[name] for name in ("feedId", "feedType", "processingStatus", "createdTime")}
    feeds, _ = api(version, {**least, "processingStatus": "IN_PROGRESS"})
    found = feeds.feed("f1")
    assert (found.marketplace_ids, found.result_feed_document_id, found.has_ended) == (None, None, False)


@VERSIONS
def test_all_feeds_of_a_type(version: str) -> None:
    name = "payload" if version == V2020 else "feeds"
    client = Client(
        [
            {name: [ROW], "nextToken": "t1"},
            {name: [], "nextToken": "t2"},
            {name: [{**ROW, "feedId": "f2"}]},
        ]
    )
    listing = FeedsApi(client, SELLER, version).feeds("T", ("M1",), "2026-01-01T00:00:00.000+00:00")
    assert ([feed.feed_id for feed in listing.feeds], listing.complete) == (["f1", "f2"], True)
    assert [request["query"] for _, request in client.calls] == [
        {
            "feedTypes": ["T"],
            "marketplaceIds": ["M1"],
            "createdSince": "2026-01-01T00:00:00.000+00:00",
            "pageSize": "100",
        },
        {"nextToken": "t1"},
        {"nextToken": "t2"},
    ]


def test_feeds_for_more_marketplaces_than_getfeeds_takes_are_found_by_some_of_them() -> None:
    """A feed is for up to 25, getFeeds takes 10, and lists what is for any of them."""
    feeds, client = api(V2021, {"feeds": []})
    feeds.feeds("T", [f"M{number}" for number in range(25)], "2026-01-01T00:00:00Z")
    assert client.calls[0][1]["query"]["marketplaceIds"] == [f"M{number}" for number in range(10)]


def test_a_listing_without_end_is_said_to_be_incomplete() -> None:
    feeds, client = api(V2021, {"feeds": [ROW], "nextToken": "again"})
    assert not feeds.feeds("T", ("M1",), "2026-01-01T00:00:00Z").complete
    assert len(client.calls) == MOST_PAGES


@VERSIONS
def test_cancelling(version: str) -> None:
    feeds, client = api(version, {})
    feeds.cancel("f1")
    ((operation, request),) = client.calls
    assert (operation.method, operation.key) == ("DELETE", f"feeds/{version} cancelFeed")
    assert request["path"] == {"feedId": "f1"}


@VERSIONS
def test_a_report_to_download(version: str) -> None:
    answer = {
        "feedDocumentId": "d9",
        "url": URL,
        "compressionAlgorithm": "GZIP",
        "encryptionDetails": DETAILS,
    }
    feeds, client = api(version, answer)
    document = feeds.document("d9")
    assert (document.document_id, document.encryption) == ("d9", DETAILS)
    assert client.calls[0][1]["path"] == {"feedDocumentId": "d9"}


@pytest.mark.parametrize(
    "answer",
    [{}, {"feedDocumentId": "d1"}, {"feedDocumentId": "", "url": URL}, {"feedDocumentId": 1, "url": URL}],
)
@VERSIONS
def test_what_the_model_requires_is_never_guessed(version: str, answer: Mapping[str, Any]) -> None:
    feeds, _ = api(version, {**answer, "encryptionDetails": DETAILS})
    with pytest.raises(RetryableError, match="not as Amazon's model says"):
        feeds.create_document("text/xml")
    with pytest.raises(RetryableError):
        feeds.feed("f1")
    with pytest.raises(OutcomeUnknownError):
        feeds.create("T", ("M1",), "d1", None)


def test_2020_09_04_is_not_read_without_payload_and_key() -> None:
    bare = Client([{"feedId": "f1", "feedDocumentId": "d1", "url": URL}])
    feeds = FeedsApi(bare, SELLER, V2020)
    with pytest.raises(OutcomeUnknownError, match="payload"):
        feeds.create("T", ("M1",), "d1", None)
    for missing in ({}, {"encryptionDetails": "AES"}):
        feeds, _ = api(V2020, {"feedDocumentId": "d1", "url": URL, **missing})
        with pytest.raises(RetryableError, match="encryptionDetails"):
            feeds.create_document("text/xml")
    feeds, _ = api(V2021, {"payload": []})
    with pytest.raises(RetryableError, match="list of feeds"):
        feeds.feeds("T", ("M1",), "2026-01-01T00:00:00Z")


def test_the_fields_are_those_of_amazons_model() -> None:
    models = Path(__file__).parents[4] / "shared/sp-api-models"
    found = sorted(models.rglob("feeds_2021-06-30.json"))
    if not found:
        pytest.skip("Amazon's models are not beside the project")
    definitions = json.loads(found[0].read_text(encoding="utf-8"))["definitions"]
    assert set(definitions["Feed"]["required"]) == {"feedId", "feedType", "processingStatus", "createdTime"}
    assert set(ROW) <= set(definitions["Feed"]["properties"])
    assert set(definitions["CreateFeedResponse"]["required"]) == {"feedId"}
    assert set(definitions["CreateFeedDocumentResponse"]["required"]) == {"feedDocumentId", "url"}
    assert set(definitions["GetFeedsResponse"]["required"]) == {"feeds"}
