"""The event FeedRequested: a feed that an application hands over, as a pointer to its document or as content.

{"taskId"?, "sellerId", "feedType", "marketplaceIds", "contentType"?, "feedOptions"?,
 "document": {"bucket", "key", "versionId"?} | "content": "..."}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.documents.charset import codec, declared_charset
from sellerbus.documents.errors import CharsetError
from sellerbus.feeds.intake.inbox import feed_type_fault, seller_fault
from sellerbus.feeds.intake.request import (
    KNOWN,
    TASK_ID,
    Options,
    UnusableOptionsError,
    options_of_request,
    unknown_fields,
)

LARGEST_CONTENT_BYTES: Final = 200 * 1024
_FIELDS: Final = ("sellerId", "feedType", *KNOWN, "document", "content")
_DOCUMENT_FIELDS: Final = ("bucket", "key", "versionId")


class UnusableRequestError(ValueError):
    """The request can become no task: it says of no seller and feed type. reason: for machines.

    task_id: the one it asks for, where that can be read.
    """

    def __init__(self, reason: str, detail: str, task_id: str | None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.task_id = task_id


@dataclass(frozen=True)
class Pointer:
    bucket: str
    key: str
    version_id: str = ""


@dataclass(frozen=True)
class FeedRequested:
    """What was asked for; fault: why it can't be taken, so that a refused task tells of it."""

    seller_id: str
    feed_type: str
    options: Options
    document: Pointer | None = None
    content: str | None = None
    fault: str | None = None


def feed_requested(detail: object) -> FeedRequested:
    """Read an event's detail. Raises UnusableRequestError."""
    if not isinstance(detail, dict):
        raise UnusableRequestError("not-an-object", "the event's detail is no JSON object", None)
    asked = detail.get("taskId")
    task_id = asked if isinstance(asked, str) and TASK_ID.fullmatch(asked) else None
    seller_id, feed_type = detail.get("sellerId"), detail.get("feedType")
    for name, value, fault in (
        ("sellerId", seller_id, seller_fault),
        ("feedType", feed_type, feed_type_fault),
    ):
        wrong = f"the request has no {name}" if not isinstance(value, str) else fault(value)
        if wrong:
            raise UnusableRequestError("request-form", wrong, task_id)
    faults = list(_faults(detail))
    try:
        options = options_of_request(detail)
    except UnusableOptionsError as error:
        faults.append(str(error))
        options = Options(task_id=task_id)
    document = detail.get("document")
    return FeedRequested(
        seller_id=str(seller_id),
        feed_type=str(feed_type),
        options=options,
        document=None if faults or document is None else _pointer(document),
        content=None if faults else detail.get("content"),
        fault="; ".join(faults) or None,
    )


def encoded(content: str, content_type: str) -> bytes:
    """Return the document for a content that came as text, in the charset that the content type names.

    UTF-8 where it names none. Raises UnusableOptionsError.
    """
    try:
        charset = codec(content_type) if declared_charset(content_type) else "utf-8"
        return content.encode(charset)
    except CharsetError as error:
        raise UnusableOptionsError(str(error)) from None
    except UnicodeEncodeError as error:
        text = f"character {error.start + 1} of the content is none of {error.encoding}"
        raise UnusableOptionsError(f"{text}, which contentType names") from None


def _faults(detail: Mapping[str, Any]) -> Iterator[str]:
    unknown = unknown_fields(detail, _FIELDS, "the event")
    if unknown:
        yield unknown
    if "marketplaceIds" not in detail:
        yield "the event has no marketplaceIds"
    if ("document" in detail) == ("content" in detail):
        yield "the event must have either document, a pointer into the inbox bucket, or content"
    elif "content" in detail:
        yield from _content_faults(detail["content"])
    else:
        yield from _document_faults(detail["document"])


def _content_faults(content: object) -> Iterator[str]:
    if not isinstance(content, str):
        yield "content must be a text, the document itself"
    elif len(content.encode("utf-8", "surrogatepass")) > LARGEST_CONTENT_BYTES:
        yield (
            f"content has more than {LARGEST_CONTENT_BYTES} bytes: put the document into the inbox bucket, "
            "and give a pointer to it"
        )


def _document_faults(document: object) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "document must be an object with bucket and key"
        return
    unknown = unknown_fields(document, _DOCUMENT_FIELDS, "document")
    if unknown:
        yield unknown
    for name in ("bucket", "key"):
        if not isinstance(document.get(name), str) or not document[name]:
            yield f"document must have {name}, a text"
    if not isinstance(document.get("versionId", ""), str):
        yield "document.versionId must be a text"


def _pointer(document: Mapping[str, str]) -> Pointer:
    return Pointer(document["bucket"], document["key"], document.get("versionId", ""))
