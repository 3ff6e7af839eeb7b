"""The six operations of the Feeds API, in version 2021-06-30 or 2020-09-04, over the simulated world.

Source: the models feeds_2021-06-30.json and feeds_2020-09-04.json. The versions ask for the same; 2020-09-04
wraps its answers in `payload` and encrypts documents. What they leave open and is assumed here:
- createFeed answers 400 for an input document that is unknown, not uploaded, another seller's or version's.
- cancelFeed answers 400 for a feed that is not IN_QUEUE.
- A version knows its own feeds and documents only.
- getFeeds lists the newest first, and compares whole seconds, which is what createdTime has.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from simulator import feed_rules
from simulator.call import Call
from simulator.document_content import ContentError
from simulator.errors import invalid, not_found, of_status
from simulator.fates import Status
from simulator.feed_book import FEEDS_KEPT_SECONDS, REPORTS_KEPT_SECONDS, Document, Feed
from simulator.feed_life import FeedLife
from simulator.feed_rules import FeedFilter
from simulator.feed_types import JSON_LISTINGS_FEED
from simulator.frontdoor import AnswerLostError
from simulator.operations import ENCRYPTED_FEEDS_VERSION, LISTINGS_FEED_PLAN
from simulator.paging import read_feed_token, write_feed_token
from simulator.storage import Storage
from simulator.throttle import BucketKey
from simulator.world import World

Answered = dict[str, object] | None


class FeedsApi:
    """Carries out calls of one version."""

    def __init__(self, world: World, storage: Storage, life: FeedLife, version: str) -> None:
        self._world = world
        self._storage = storage
        self._life = life
        self._version = version
        self._wrapped = version == ENCRYPTED_FEEDS_VERSION
        self._handlers: dict[str, Callable[[Call], Awaitable[Answered]]] = {
            f"feeds/{version}/{name}": handler
            for name, handler in (
                ("createFeedDocument", self._create_feed_document),
                ("createFeed", self._create_feed),
                ("getFeed", self._get_feed),
                ("getFeeds", self._get_feeds),
                ("cancelFeed", self._cancel_feed),
                ("getFeedDocument", self._get_feed_document),
            )
        }

    async def carry_out(self, call: Call) -> Answered:
        """Returns the body of a success, None where that has none, or raises ApiError."""
        return await self._handlers[call.operation](call)

    async def _create_feed_document(self, call: Call) -> Answered:
        content_type = feed_rules.content_type(call.body)
        document = self._life.make_document(
            client_id=call.application.client_id,
            seller_id=call.seller,
            region=call.region,
            version=self._version,
            content_type=content_type,
        )
        url = self._storage.upload_url(document, call.served_at)
        return self._answer({"feedDocumentId": document.document_id, "url": url, **_details(document)})

    async def _create_feed(self, call: Call) -> Answered:
        request = feed_rules.feed_request(call.body, call.region)
        document = self._world.feeds.documents.get(request.input_document_id)
        if document is None or not self._is_mine(call, document):
            raise invalid(f"inputFeedDocumentId {request.input_document_id} does not exist")
        if document.content is None:
            raise invalid(f"inputFeedDocumentId {request.input_document_id} has not been uploaded")
        name = request.feed_type.name
        self._take_turn(call, name)
        content_sha256 = await asyncio.to_thread(_content_sha256, document)
        feed = self._world.feeds.add_feed(
            client_id=call.application.client_id,
            seller_id=call.seller,
            region=call.region,
            version=self._version,
            feed_type=name,
            marketplace_ids=request.marketplace_ids,
            input_document_id=document.document_id,
            options=request.options,
            created_at=self._world.clock(),
            fate=self._world.feeds.fates.take(name, call.seller),
            content_sha256=content_sha256,
        )
        if feed.fate.early:
            await self._life.hurry(feed)
        else:
            self._life.begin(feed)
        if feed.fate.answer_lost:
            raise AnswerLostError(f"the answer to feed {feed.feed_id} is lost by its fate")
        return self._answer({"feedId": feed.feed_id})

    def _take_turn(self, call: Call, feed_type: str) -> None:
        if feed_type != JSON_LISTINGS_FEED:
            return
        key = BucketKey(call.application.client_id, call.seller, LISTINGS_FEED_PLAN, region=call.region)
        if not self._world.throttle.take(key):
            raise of_status(429)

    async def _get_feed(self, call: Call) -> Answered:
        return self._answer(self._feed(call).as_json())

    async def _get_feeds(self, call: Call) -> Answered:
        request = feed_rules.listing_request(call.query)
        listing = [call.application.client_id, call.seller, call.region, self._version]
        before: float = math.inf
        if isinstance(request, str):
            before, wanted = read_feed_token(request, listing)
            request = FeedFilter(**wanted)
        rest = [feed for feed in self._matching(call, request) if feed.sequence < before]
        page = rest[: request.page_size]
        token: dict[str, object] = {}
        if len(rest) > len(page):
            token["nextToken"] = write_feed_token(page[-1].sequence, asdict(request), listing)
        feeds = [feed.as_json() for feed in page]
        return {"payload" if self._wrapped else "feeds": feeds, **token}

    def _matching(self, call: Call, request: FeedFilter) -> list[Feed]:
        """Newest first."""
        now = self._world.clock()
        until = now if request.created_until is None else request.created_until
        found = [
            feed
            for feed in self._world.feeds.feeds.values()
            if self._is_mine(call, feed)
            and self._is_kept(feed)
            and feed.listed_at <= now
            and feed.feed_type in request.feed_types
            and (not request.marketplace_ids or set(request.marketplace_ids) & set(feed.marketplace_ids))
            and (not request.statuses or feed.status.value in request.statuses)
            and (request.created_since or 0.0) <= math.floor(feed.created_at) <= until
        ]
        return sorted(found, key=lambda feed: feed.sequence, reverse=True)

    async def _cancel_feed(self, call: Call) -> Answered:
        feed = self._feed(call)
        if feed.status is not Status.IN_QUEUE:
            raise invalid(f"Feed {feed.feed_id} is {feed.status.value}; only IN_QUEUE can be cancelled")
        self._life.end_soon(feed, Status.CANCELLED)
        return {} if self._wrapped else None

    async def _get_feed_document(self, call: Call) -> Answered:
        content_encoding = not self._wrapped and feed_rules.content_encoding_wanted(call.query)
        document_id = call.path["feedDocumentId"]
        document = self._world.feeds.documents.get(document_id)
        if document is None or not self._is_mine(call, document) or not self._is_kept(document):
            raise not_found(f"No feed document with id {document_id}")
        url = self._storage.download_url(document, call.served_at, content_encoding=content_encoding)
        body = {"feedDocumentId": document_id, "url": url, **_details(document)}
        if document.gzip:
            body["compressionAlgorithm"] = "GZIP"
        return self._answer(body)

    def _feed(self, call: Call) -> Feed:
        feed_id = call.path["feedId"]
        feed = self._world.feeds.feeds.get((call.region, call.seller, feed_id))
        if feed is None or not self._is_mine(call, feed) or not self._is_kept(feed):
            raise not_found(f"No feed with id {feed_id}")
        return feed

    def _is_mine(self, call: Call, held: Feed | Document) -> bool:
        return (held.client_id, held.seller_id, held.region, held.version) == (
            call.application.client_id,
            call.seller,
            call.region,
            self._version,
        )

    def _is_kept(self, held: Feed | Document) -> bool:
        is_report = isinstance(held, Document) and held.is_report
        kept_seconds = REPORTS_KEPT_SECONDS if is_report else FEEDS_KEPT_SECONDS
        return self._world.clock() - held.created_at < kept_seconds

    def _answer(self, body: dict[str, object]) -> dict[str, object]:
        return {"payload": body} if self._wrapped else body


def _details(document: Document) -> dict[str, object]:
    return {"encryptionDetails": document.encryption.as_json()} if document.encryption else {}


def _content_sha256(document: Document) -> str | None:
    digest = hashlib.sha256()
    try:
        for chunk in document.plain():
            digest.update(chunk)
    except ContentError:
        return None
    return digest.hexdigest()
