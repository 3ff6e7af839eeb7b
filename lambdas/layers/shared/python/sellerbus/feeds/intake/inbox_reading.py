"""What an object of the inbox is handed over as: its metadata and its side file put together, in any order.

A version of a document whose metadata names no marketplaces waits for its side file. The side file is that of
the version that stands when both are there, and of those that came after it; a version that was replaced
before is refused. So a later document never gets an earlier one's options by chance, nor the reverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sellerbus.aws.json_object import json_object
from sellerbus.feeds.feed_events import told
from sellerbus.feeds.intake.hand_over import HandOver
from sellerbus.feeds.intake.inbox import CreatedObject, FeedKey, derived_task_id, gathered_key
from sellerbus.feeds.intake.inbox_bucket import SideFile, StoredObject
from sellerbus.feeds.intake.metadata import unused
from sellerbus.feeds.intake.request import (
    TASK_ID,
    Options,
    UnusableOptionsError,
    content_type_of,
    merged,
    options_of_metadata,
    options_of_side_file,
)
from sellerbus.feeds.task import CHANGES, Source

OPTIONS_WAIT_SECONDS: Final = 900
_PLACES: Final = ("the object's metadata", "its side file")


class Bucket(Protocol):
    """The inbox bucket; see inbox_bucket."""

    @property
    def name(self) -> str: ...

    def head(self, key: str, version_id: str = "") -> StoredObject | None: ...

    def side_file(self, key: str) -> SideFile | None: ...


class KeptHandOvers(Protocol):
    """What objects were handed over as; see hand_over."""

    def find(self, source: Source) -> HandOver | None: ...

    def keep(self, hand_over: HandOver, *, after_refusal: bool = False) -> HandOver: ...


@dataclass(frozen=True, slots=True)
class Wait:
    """What belongs to it may still come, until then (ms since 1970)."""

    until_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to do, and nothing wrong."""

    why: str


class RejectedError(Exception):
    """The message is for the dead-letter queue. reason: for machines."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class InboxReader:
    """now: ms since 1970. Raises StoreUnavailableError where AWS does not do it now, and RejectedError."""

    def __init__(
        self,
        bucket: Bucket,
        hand_overs: KeptHandOvers,
        *,
        now: Callable[[], int],
        options_wait_seconds: int = OPTIONS_WAIT_SECONDS,
    ) -> None:
        self._bucket = bucket
        self._hand_overs = hand_overs
        self._now = now
        self._wait_ms = options_wait_seconds * 1000

    def document(self, key: FeedKey, created: CreatedObject) -> HandOver | Wait:
        """Read a document that has come."""
        head = self._bucket.head(key.key, created.version_id)
        if head is None:
            kept = self._hand_overs.find(Source(self._bucket.name, key.key, created.version_id))
            why = (
                "the document was deleted before it was taken, or is encrypted with its writer's own key "
                "(SSE-C): put it again, without such a key"
            )
            return kept or self._refused(self._bare(key, created.version_id, created.at), why)
        self._must_be_versioned(head)
        if not created.version_id and created.etag and created.etag != head.etag:
            # An event without a version can't say which of the older ones it was.
            raise RejectedError("replaced", f"the document {key.key!r} was replaced before it was taken")
        return self._version(key, head, created.at + self._wait_ms)

    def side_file(self, key: FeedKey, created: CreatedObject) -> HandOver | Wait | Nothing:
        """Read a side file that has come, with the document that it belongs to."""
        side = self._bucket.side_file(key.side_key)
        if side is None or (created.version_id and side.version_id != created.version_id):
            return Nothing("the side file was replaced or deleted since")
        until = created.at + self._wait_ms
        head = self._bucket.head(key.key)
        if head is None:
            detail = f"no document {key.key!r} came for its side file: put both, and name them alike"
            return self._wait(until, "options-without-feed", detail)
        self._must_be_versioned(head)
        kept = self._hand_overs.find(self._source(key, head))
        if kept is None:
            return self._version(key, head, until)
        if kept.side_version == side.version_id or self._says_the_same(kept, key, head, side):
            return kept
        detail = (
            f"the document {key.key!r} was taken before this side file came, without what it says: put the "
            "document again if it shall be sent once more with these options"
        )
        return self._wait(until, "options-too-late", detail)

    def _version(self, key: FeedKey, head: StoredObject, until: int) -> HandOver | Wait:
        kept = self._hand_overs.find(self._source(key, head))
        if kept is not None:
            return kept
        bare = self._bare(key, head.version_id, head.modified_ms, unused(head.metadata))
        side = self._bucket.side_file(key.side_key)
        if side is not None and side.modified_ms > head.modified_ms and not self._stands(key, head):
            side = None
        try:
            own = options_of_metadata(head.metadata, head.content_type)
            if side is not None:
                return self._hand_overs.keep(self._with_side_file(key, head, own, side))
        except UnusableOptionsError as error:
            asked = undisputed_task_id(head, side)
            otherwise = ", with another task id or none" if asked else ""
            why = f"{error}. Correct it, and put the document again{otherwise}"
            return self._refused(replace(bare, asked_task_id=asked), why)
        if own.marketplace_ids is not None:
            return self._hand_overs.keep(_complete(bare, own))
        if not self._stands(key, head):
            why = "the document was replaced or deleted before its options came: put it again with them"
            return self._refused(bare, why)
        if self._now() < until:
            return Wait(until, "it waits for its side file")
        why = (
            "nothing names its marketplaces: neither the document's metadata marketplace-ids, nor a side "
            f"file {key.side_key.rpartition('/')[2]} that came within {self._wait_ms // 60_000} minutes"
        )
        return self._refused(bare, why)

    def _with_side_file(self, key: FeedKey, head: StoredObject, own: Options, side: SideFile) -> HandOver:
        """Raises UnusableOptionsError."""
        options = merged(own, options_of_side_file(side.content), _PLACES)
        at = max(head.modified_ms, side.modified_ms)
        bare = self._bare(key, head.version_id, at, unused(head.metadata))
        return replace(_complete(bare, options), side_version=side.version_id)

    def _says_the_same(self, kept: HandOver, key: FeedKey, head: StoredObject, side: SideFile) -> bool:
        try:
            own = options_of_metadata(head.metadata, head.content_type)
            now = self._with_side_file(key, head, own, side)
        except UnusableOptionsError:
            return False
        return (now.request_hash, now.asked_task_id) == (kept.request_hash, kept.asked_task_id)

    def _stands(self, key: FeedKey, head: StoredObject) -> bool:
        """Whether the version is the current one."""
        current = self._bucket.head(key.key)
        return current is not None and current.version_id == head.version_id

    def _wait(self, until: int, reason: str, detail: str) -> Wait:
        if self._now() < until:
            return Wait(until, "the side file waits for its document")
        raise RejectedError(reason, detail)

    def _source(self, key: FeedKey, head: StoredObject) -> Source:
        return Source(self._bucket.name, key.key, head.version_id)

    def _bare(self, key: FeedKey, version_id: str, at: int, notes: tuple[str, ...] = ()) -> HandOver:
        return HandOver(
            seller_id=key.seller_id,
            feed_type=key.feed_type,
            own_task_id=derived_task_id("inbox", self._bucket.name, key.key, version_id),
            handed_over_ms=at,
            bucket=self._bucket.name,
            key=key.key,
            version_id=version_id,
            notes=notes,
        )

    def _refused(self, bare: HandOver, why: str) -> HandOver:
        return self._hand_overs.keep(replace(bare, refusal=told(why)))

    def _must_be_versioned(self, head: StoredObject) -> None:
        if not head.version_id:
            raise RejectedError(
                "not-versioned", f"bucket {self._bucket.name} keeps no versions: deploy the stage again"
            )


def undisputed_task_id(head: StoredObject, side: SideFile | None) -> str | None:
    """The task id that a document which is refused was to have; None where it is not clear, or is none."""
    said = [head.metadata.get("task-id")]
    if side is not None:
        try:
            said.append(json_object(side.content.decode("utf-8-sig")).get("taskId"))
        except ValueError:
            return None
    ids = {each for each in said if each is not None}
    asked = next(iter(ids)) if len(ids) == 1 else None
    return asked if isinstance(asked, str) and TASK_ID.fullmatch(asked) else None


def _complete(bare: HandOver, options: Options) -> HandOver:
    origin = options.origin or bare.origin
    if origin == CHANGES and bare.key != gathered_key(bare.seller_id, options.task_id or ""):
        # Somebody's own word: what has this origin has a manifest, of which each change is answered.
        origin = bare.origin
    return replace(
        bare,
        marketplace_ids=options.marketplace_ids or (),
        content_type=content_type_of(options, bare.feed_type),
        feed_options=options.feed_options,
        asked_task_id=options.task_id,
        origin=origin,
        resubmission_of=options.resubmission_of,
    )
