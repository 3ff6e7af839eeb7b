"""What a FeedRequested event is handed over as.

Content that came with the event is written into the inbox, with all that was asked for in its metadata, and
takes the way of every document from there: S3 tells of it, once or more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.feeds.findings import quote
from sellerbus.feeds.intake.feed_requested import FeedRequested, Pointer, encoded, feed_requested
from sellerbus.feeds.intake.hand_over import HandOver
from sellerbus.feeds.intake.inbox import (
    UnusableKeyError,
    derived_task_id,
    document_key,
    event_ms,
    feed_key,
)
from sellerbus.feeds.intake.inbox_bucket import StoredObject
from sellerbus.feeds.intake.inbox_reading import Bucket, KeptHandOvers, Nothing, RejectedError
from sellerbus.feeds.intake.metadata import unused
from sellerbus.feeds.intake.request import (
    TASK_ID,
    Options,
    UnusableOptionsError,
    content_type_of,
    merged,
    options_of_metadata,
)

MOST_METADATA_BYTES: Final = 1900
"""S3 takes 2 KB of user metadata, names included."""
_NO_TYPE: Final = "binary/octet-stream"
_SAID_AS: Final = {
    "content-sha256": "content",
    "feed-options": "feedOptions",
    "marketplace-ids": "marketplaceIds",
}
_PLACES: Final = ("the event", "the object's metadata")


class WritableBucket(Bucket, Protocol):
    """The inbox bucket; see inbox_bucket."""

    def write_new(self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> bool: ...


class RequestReader:
    """Raises StoreUnavailableError where AWS does not do it now, and RejectedError."""

    def __init__(self, bucket: WritableBucket, hand_overs: KeptHandOvers) -> None:
        self._bucket = bucket
        self._hand_overs = hand_overs

    def read(self, event: Mapping[str, Any]) -> HandOver | Nothing:
        """Read the event. Raises UnusableRequestError and UnusableEventError too."""
        request = feed_requested(event.get("detail"))
        event_id = event.get("id")
        if not isinstance(event_id, str) or not event_id:
            raise RejectedError("no-event-id", "the event has no id: put it on the bus, not into the queue")
        own = f"event-{event_id}"
        bare = HandOver(
            seller_id=request.seller_id,
            feed_type=request.feed_type,
            own_task_id=own if TASK_ID.fullmatch(own) else derived_task_id("event", event_id),
            handed_over_ms=event_ms(event),
            bucket=self._bucket.name,
            origin="event",
            asked_task_id=request.options.task_id,
        )
        if request.fault is not None:
            return replace(bare, refusal=request.fault)
        try:
            if request.document is not None:
                return self._pointer(bare, request, request.document)
            return self._content(bare, request, request.content or "")
        except UnusableOptionsError as error:
            return replace(bare, refusal=str(error))

    def _pointer(self, bare: HandOver, request: FeedRequested, document: Pointer) -> HandOver:
        """Raises UnusableOptionsError."""
        if document.bucket != self._bucket.name:
            text = f"the document is in bucket {document.bucket}; it must be in the inbox bucket"
            raise UnusableOptionsError(f"{text} {self._bucket.name}, which alone can be read")
        _must_be_of(bare, document.key)
        head = self._bucket.head(document.key, document.version_id)
        if head is None:
            version = f" in version {quote(document.version_id)}" if document.version_id else ""
            text = f"there is no object {quote(document.key)}{version} in the inbox bucket that can be read"
            raise UnusableOptionsError(text)
        options = merged(request.options, options_of_metadata(head.metadata, head.content_type), _PLACES)
        found = replace(
            bare,
            key=document.key,
            version_id=head.version_id,
            notes=unused(head.metadata),
            marketplace_ids=options.marketplace_ids or (),
            content_type=content_type_of(options, bare.feed_type),
            feed_options=options.feed_options,
            asked_task_id=options.task_id,
            resubmission_of=options.resubmission_of,
        )
        return self._once(found)

    def _once(self, found: HandOver) -> HandOver:
        """A document may be handed over by being put into the inbox as well: the first hand-over holds, but
        for one that was refused, such as for want of options that the event has.

        Raises UnusableOptionsError where the first asked for something else.
        """
        kept = self._hand_overs.keep(found)
        if kept.refusal is not None:
            kept = self._hand_overs.keep(found, after_refusal=True)
        asked = found.asked_task_id
        first = kept.asked_task_id or kept.own_task_id
        if kept.request_hash == found.request_hash and asked in {None, first}:
            return kept
        text = f"{found.key!r} was handed over before, as task {first}"
        raise UnusableOptionsError(f"{text}: put the document again to hand it over otherwise")

    def _content(self, bare: HandOver, request: FeedRequested, content: str) -> Nothing:
        """Raises UnusableOptionsError."""
        options = request.options
        task_id = bare.asked_task_id or bare.own_task_id
        if not TASK_ID.fullmatch(task_id):
            raise UnusableOptionsError(f"the task id {task_id[:80]!r} can be no part of a document's key")
        content_type = content_type_of(options, bare.feed_type)
        document = encoded(content, content_type)
        metadata = _metadata(task_id, options, document)
        key = document_key(bare.seller_id, bare.feed_type, task_id)
        if self._bucket.write_new(key, document, content_type or _NO_TYPE, metadata):
            return Nothing("the document was written into the inbox")
        there = self._bucket.head(key)
        if there is None:
            raise StoreUnavailableError("PutObject", "ConditionalRequestConflict")
        others = _others(there, metadata, content_type or _NO_TYPE)
        if others:
            text = f"the task id {task_id} was given before: task {task_id} has other {' and '.join(others)}"
            raise UnusableOptionsError(f"{text}: choose another id, or none")
        return Nothing("the document stands in the inbox already")


def _must_be_of(bare: HandOver, key: str) -> None:
    """Raises UnusableOptionsError where the key is no document of the seller and feed type."""
    try:
        place = feed_key(key, None)
    except UnusableKeyError as error:
        raise UnusableOptionsError(str(error)) from None
    if place is None or place.is_side_file:
        raise UnusableOptionsError(f"{key!r} is a folder or a side file, and no document")
    if (place.seller_id, place.feed_type) != (bare.seller_id, bare.feed_type):
        text = f"{key!r} is a {place.feed_type} of seller {place.seller_id} by its key"
        raise UnusableOptionsError(f"{text}, and something else by the event")


def _metadata(task_id: str, options: Options, document: bytes) -> dict[str, str]:
    """Raises UnusableOptionsError where S3 can't keep it beside the document."""
    names = options.marketplace_ids or ()
    if not names or any("," in name for name in names):
        raise UnusableOptionsError("marketplaceIds must be a list of marketplace ids or country codes")
    metadata = {
        "task-id": task_id,
        "marketplace-ids": ",".join(names),
        "origin": "event",
        "content-sha256": hashlib.sha256(document).hexdigest(),
    }
    if options.feed_options:
        metadata["feed-options"] = json.dumps(options.feed_options, sort_keys=True, separators=(",", ":"))
    values = [*metadata.values(), options.content_type or "-"]
    if not all(value.isascii() and value.isprintable() for value in values):
        raise UnusableOptionsError("marketplaceIds and contentType must be in plain letters and signs")
    if sum(len(name) + len(value) for name, value in metadata.items()) > MOST_METADATA_BYTES:
        text = "marketplaceIds and feedOptions are too long to be kept beside the content"
        raise UnusableOptionsError(
            f"{text}: put the document into the inbox bucket, and give a pointer to it"
        )
    return metadata


def _others(there: StoredObject, metadata: Mapping[str, str], content_type: str) -> list[str]:
    """What the document that stands there has otherwise."""
    names = {name: there.metadata.get(name) == metadata.get(name) for name in {*there.metadata, *metadata}}
    found = sorted(_SAID_AS.get(name, name) for name, alike in names.items() if not alike)
    return found + ([] if there.content_type == content_type else ["contentType"])
