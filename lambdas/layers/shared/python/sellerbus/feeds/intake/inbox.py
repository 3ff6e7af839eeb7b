"""What the keys of the inbox bucket mean, and what S3 tells of an object that came into it.

    feeds/<sellerId>/<feedType>/<name>                a feed; <name> may hold further slashes
    feeds/<sellerId>/<feedType>/<name>.options.json   its side file, never a feed itself

Sources: "EventBridge event message structure", Amazon S3 User Guide (the key stands there as it is, without
the URL encoding of S3's other notifications; time is in seconds); "Organizing objects by using folders" (the
console keeps a folder as an empty object whose key ends with a slash).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sellerbus.feeds.catalogue import JSON_LISTINGS_FEED
from sellerbus.feeds.findings import quote

FEEDS: Final = "feeds"
SIDE_FILE_ENDING: Final = ".options.json"

_SELLER_ID: Final = re.compile(r"[A-Z0-9]{5,20}")
_FEED_TYPE: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
_FORM: Final = "feeds/<sellerId>/<feedType>/<name>"


class UnusableKeyError(ValueError):
    """The object's key says of no seller and feed type that it is a feed of theirs. reason: for machines."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class UnusableEventError(ValueError):
    """The message is no event that this queue is for."""


@dataclass(frozen=True, slots=True)
class FeedKey:
    """A feed's place in the inbox: key is its document's, whether the document or its side file was meant."""

    key: str
    seller_id: str
    feed_type: str
    is_side_file: bool = False

    @property
    def side_key(self) -> str:
        return self.key + SIDE_FILE_ENDING


@dataclass(frozen=True, slots=True)
class CreatedObject:
    """An object that S3 tells of. version_id is "" where the event has none. at: ms since 1970."""

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int | None
    at: int


def feed_key(key: str, size: int | None) -> FeedKey | None:
    """Return what a key stands for; None for a folder.

    size: the object's, None where it isn't known. Raises UnusableKeyError.
    """
    first, *rest = key.split("/")
    if key.endswith("/"):
        if size:
            raise UnusableKeyError(
                "key-of-a-folder", f"the key {quote(key)} ends with a slash: name the file"
            )
        return None
    if first != FEEDS or len(rest) < 3 or not rest[2]:
        raise UnusableKeyError("key-form", f"the key is {quote(key)}: a feed is put to {_FORM}")
    seller_id, feed_type = rest[:2]
    fault = seller_fault(seller_id) or feed_type_fault(feed_type)
    if fault:
        raise UnusableKeyError("key-form", f"the key is {quote(key)}, in which {fault}")
    if not key.endswith(SIDE_FILE_ENDING):
        return FeedKey(key, seller_id, feed_type)
    own = key.removesuffix(SIDE_FILE_ENDING)
    if own.endswith("/") or own.endswith(SIDE_FILE_ENDING):
        text = (
            f"the key is {quote(key)}: a name that ends with {SIDE_FILE_ENDING} is a side file's, and there"
        )
        raise UnusableKeyError(
            "key-form", f"{text} can be no feed that it belongs to; name the feed otherwise"
        )
    return FeedKey(own, seller_id, feed_type, is_side_file=True)


def seller_fault(seller_id: str) -> str | None:
    """Why a text can be no seller id (merchant token); None where it can."""
    if _SELLER_ID.fullmatch(seller_id):
        return None
    return f"{quote(seller_id)} is no seller id: it has 5 to 20 capital letters and digits"


def feed_type_fault(feed_type: str) -> str | None:
    """Why a text can be no feed type; None where it can, known or not."""
    return None if _FEED_TYPE.fullmatch(feed_type) else f"{quote(feed_type)} is no feed type"


def document_key(seller_id: str, feed_type: str, task_id: str) -> str:
    """Return where a document is written that came as the content of an event."""
    return f"{FEEDS}/{seller_id}/{feed_type}/{task_id}"


def gathered_key(seller_id: str, task_id: str) -> str:
    """Return where the document of a task of gathered listing changes is handed over."""
    return f"{FEEDS}/{seller_id}/{JSON_LISTINGS_FEED}/{task_id}.json"


def derived_task_id(kind: str, *parts: str) -> str:
    """Return a task id made of what was handed over, the same at each delivery: `<kind>-<32 hex>`."""
    return f"{kind}-{fingerprint(*parts)}"


def fingerprint(*parts: str) -> str:
    """Return 32 hexadecimal digits that stand for the parts."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def created_object(event: Mapping[str, Any]) -> CreatedObject:
    """Read the EventBridge event of an object that was created. Raises UnusableEventError."""
    try:
        detail = event["detail"]
        found = detail["object"]
        return CreatedObject(
            bucket=_text(detail["bucket"]["name"]),
            key=_text(found["key"]),
            version_id=_version(found.get("version-id")),
            etag=str(found.get("etag", "")).strip('"'),
            size=found["size"] if isinstance(found.get("size"), int) else None,
            at=event_ms(event),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnusableEventError(
            f"the event of S3 lacks what it must have ({type(error).__name__})"
        ) from None


def event_ms(event: Mapping[str, Any]) -> int:
    """Return an event's `time` in ms since 1970. Raises UnusableEventError."""
    try:
        at = datetime.fromisoformat(event["time"])
    except (KeyError, TypeError, ValueError):
        raise UnusableEventError("the event has no time that can be read") from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _version(value: object) -> str:
    # Objects from before versioning was switched on have the version "null".
    return value if isinstance(value, str) else ""
