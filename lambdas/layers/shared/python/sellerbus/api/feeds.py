"""The Feeds API in this project's words, in both versions: 2021-06-30, and 2020-09-04, whose answers are
wrapped in `payload` and whose documents are encrypted.

Source: Amazon's models feeds_2021-06-30.json and feeds_2020-09-04.json. What an answer lacks that the model
requires is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.api import operations
from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.errors import OutcomeUnknownError, RetryableError
from sellerbus.api.feed_status import ENDS
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation, Query

V2021: Final = "2021-06-30"
V2020: Final = "2020-09-04"
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 50
MOST_MARKETPLACES_ASKED: Final = 10


@dataclass(frozen=True)
class FeedDocument:
    """A document to be written to or read from its URL, which is a credential of five minutes' life.

    encryption: the model's encryptionDetails; None where the document is not encrypted.
    """

    document_id: str
    url: str = field(repr=False)
    encryption: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Feed:
    """A feed as Amazon has it. created_time: ISO 8601 as Amazon wrote it. marketplace_ids None: not told."""

    feed_id: str
    feed_type: str
    processing_status: str
    created_time: str
    marketplace_ids: tuple[str, ...] | None = None
    result_feed_document_id: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.processing_status in ENDS


@dataclass(frozen=True)
class Listing:
    """What getFeeds lists. complete: whether its last page was read."""

    feeds: tuple[Feed, ...]
    complete: bool


class Client(Protocol):
    def call(
        self,
        operation: Operation,
        *,
        seller: SellerGrant | None = None,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer: ...

    def book(
        self, operation: Operation, *, seller: SellerGrant | None = None, count: int, most_seconds: float
    ) -> Booking: ...


@dataclass(frozen=True)
class _Version:
    create_document: Operation
    create: Operation
    feed: Operation
    feeds: Operation
    cancel: Operation
    document: Operation
    is_wrapped: bool


_VERSIONS: Final = {
    V2021: _Version(
        operations.CREATE_FEED_DOCUMENT,
        operations.CREATE_FEED,
        operations.GET_FEED,
        operations.GET_FEEDS,
        operations.CANCEL_FEED,
        operations.GET_FEED_DOCUMENT,
        is_wrapped=False,
    ),
    V2020: _Version(
        operations.CREATE_FEED_DOCUMENT_2020_09_04,
        operations.CREATE_FEED_2020_09_04,
        operations.GET_FEED_2020_09_04,
        operations.GET_FEEDS_2020_09_04,
        operations.CANCEL_FEED_2020_09_04,
        operations.GET_FEED_DOCUMENT_2020_09_04,
        is_wrapped=True,
    ),
}


class FeedsApi:
    """One seller's feeds. Every method raises what the client raises (sellerbus.api.errors)."""

    def __init__(self, client: Client, seller: SellerGrant, version: str) -> None:
        self._client = client
        self._seller = seller
        self._version = _VERSIONS[version]

    def create_document(self, content_type: str) -> FeedDocument:
        """Ask for a place to upload a feed to, as exactly this content type. A repeat does no harm."""
        operation = self._version.create_document
        answer = self._client.call(operation, seller=self._seller, body={"contentType": content_type})
        return self._document(operation, answer)

    def book_creation(self, most_seconds: float) -> Booking:
        """Reserve the turn of one `create`. Raises ThrottledError: then nothing is reserved."""
        return self._client.book(
            self._version.create, seller=self._seller, count=1, most_seconds=most_seconds
        )

    def create(
        self,
        feed_type: str,
        marketplace_ids: Sequence[str],
        document_id: str,
        options: Mapping[str, str] | None,
    ) -> str:
        """Create the feed; return its id. It has no idempotency key: see feeds/submission.py.

        Raises OutcomeUnknownError where it may have been created.
        """
        operation = self._version.create
        body: dict[str, object] = {
            "feedType": feed_type,
            "marketplaceIds": list(marketplace_ids),
            "inputFeedDocumentId": document_id,
        }
        if options:
            body["feedOptions"] = dict(options)
        answer = self._client.call(operation, seller=self._seller, body=body)
        (feed_id,) = _texts(operation, answer, self._content(operation, answer), ("feedId",))
        return feed_id

    def feed(self, feed_id: str) -> Feed:
        """Raises NotFoundError."""
        operation = self._version.feed
        answer = self._client.call(operation, seller=self._seller, path={"feedId": feed_id})
        return _feed(operation, answer, self._content(operation, answer))

    def feeds(self, feed_type: str, marketplace_ids: Sequence[str], created_since: str) -> Listing:
        """Return the feeds of a type created since a time (ISO 8601): all that are for all of the
        marketplaces, and others that are for some.
        """
        operation = self._version.feeds
        query: Query = {
            "feedTypes": [feed_type],
            "marketplaceIds": list(marketplace_ids[:MOST_MARKETPLACES_ASKED]),
            "createdSince": created_since,
            "pageSize": str(PAGE_SIZE),
        }
        found: list[Feed] = []
        for _ in range(MOST_PAGES):
            answer = self._client.call(operation, seller=self._seller, query=query)
            rows = answer.body.get("payload" if self._version.is_wrapped else "feeds")
            if not isinstance(rows, list):
                raise _malformed(operation, answer, "the list of feeds is missing")
            found += [_feed(operation, answer, row) for row in rows]
            token = answer.body.get("nextToken")
            if not token:
                return Listing(tuple(found), complete=True)
            # Amazon takes the token alone: it holds the other parameters.
            query = {"nextToken": str(token)}
        return Listing(tuple(found), complete=False)

    def cancel(self, feed_id: str) -> None:
        """Ask Amazon to cancel a feed that is IN_QUEUE. Raises PermanentError where it is beyond that."""
        self._client.call(self._version.cancel, seller=self._seller, path={"feedId": feed_id})

    def document(self, document_id: str) -> FeedDocument:
        """Return where a report can be read from. Raises NotFoundError."""
        operation = self._version.document
        answer = self._client.call(operation, seller=self._seller, path={"feedDocumentId": document_id})
        return self._document(operation, answer)

    def _document(self, operation: Operation, answer: Answer) -> FeedDocument:
        content = self._content(operation, answer)
        document_id, url = _texts(operation, answer, content, ("feedDocumentId", "url"))
        encryption = content.get("encryptionDetails")
        if self._version.is_wrapped and not isinstance(encryption, dict):
            raise _malformed(operation, answer, "encryptionDetails are missing")
        return FeedDocument(document_id, url, encryption if isinstance(encryption, dict) else None)

    def _content(self, operation: Operation, answer: Answer) -> Mapping[str, object]:
        content = answer.body.get("payload") if self._version.is_wrapped else answer.body
        if not isinstance(content, Mapping):
            raise _malformed(operation, answer, "payload is missing")
        return content


def _malformed(operation: Operation, answer: Answer, what: str) -> RetryableError | OutcomeUnknownError:
    kind = RetryableError if operation.repeatable else OutcomeUnknownError
    return kind(
        operation.name,
        f"the answer is not as Amazon's model says: {what}",
        status=answer.status,
        request_id=answer.request_id,
    )


def _texts(operation: Operation, answer: Answer, row: object, names: tuple[str, ...]) -> list[str]:
    values = [row.get(name) if isinstance(row, Mapping) else None for name in names]
    if not all(isinstance(value, str) and value for value in values):
        raise _malformed(operation, answer, f"it lacks one of {', '.join(names)}")
    return [str(value) for value in values]


def _feed(operation: Operation, answer: Answer, row: object) -> Feed:
    names = ("feedId", "feedType", "processingStatus", "createdTime")
    feed_id, feed_type, status, created = _texts(operation, answer, row, names)
    told = row if isinstance(row, Mapping) else {}
    marketplaces, document = told.get("marketplaceIds"), told.get("resultFeedDocumentId")
    return Feed(
        feed_id,
        feed_type,
        status,
        created,
        tuple(str(each) for each in marketplaces) if isinstance(marketplaces, list) else None,
        str(document) if document else None,
    )
