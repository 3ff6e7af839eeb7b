"""Puts a task's document where createFeed finds it: createFeedDocument, and the upload. Both are repeatable.

What is sent is exactly what was checked: that version of the object, whose ETag and length are held against
those that the check measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from sellerbus.api.errors import SellingPartnerError, ThrottledError
from sellerbus.api.feeds import FeedDocument, FeedsApi
from sellerbus.documents.cipher import EncryptionDetails
from sellerbus.documents.errors import (
    DocumentError,
    RetryableTransferError,
    SourceChangedError,
    UrlExpiredError,
)
from sellerbus.documents.objects import ObjectLocation
from sellerbus.documents.transfer import Measured, Progress
from sellerbus.feeds.ending import Count
from sellerbus.feeds.submission_steps import EndsError, TryLaterError, answered_before
from sellerbus.feeds.task import FeedTask, Outcome

MOST_TRIES: Final = 3
LEAST_SECONDS: Final = 30.0
"""With less time left an upload is not begun, or is broken off."""


class Transfer(Protocol):
    """The part of documents.transfer.DocumentTransfer used here."""

    def upload(
        self,
        source: Measured,
        url: str,
        *,
        content_type: str,
        encryption: EncryptionDetails | None = None,
        progress: Progress = ...,
    ) -> int: ...


class Preparer:
    def __init__(self, transfer: Transfer, *, count: Count, remaining_seconds: Callable[[], float]) -> None:
        self._transfer = transfer
        self._count = count
        self._remaining = remaining_seconds

    def prepare(self, task: FeedTask, api: FeedsApi) -> str:
        """Upload the task's document; return its id at Amazon's. Raises TryLaterError, EndsError."""
        source = measured(task)
        why = ""
        for _ in range(MOST_TRIES):
            self._check_time()
            # A URL of its own for every try: an expired one's refusal can look like a broken connection.
            document = self._document(task, api)
            try:
                sent = self._transfer.upload(
                    source,
                    document.url,
                    content_type=task.content_type,
                    encryption=None if document.encryption is None else _key(document),
                    progress=lambda _: self._check_time(),
                )
            except (RetryableTransferError, UrlExpiredError) as error:
                why = str(error)
            except SourceChangedError as error:
                raise EndsError(Outcome.REFUSED, f"the document that was checked is gone: {error}") from None
            except DocumentError as error:
                raise EndsError(Outcome.FAILED, str(error)) from None
            else:
                self._count("FeedBytesUploaded", sent)
                return document.document_id
        raise TryLaterError(why)

    def _check_time(self) -> None:
        if self._remaining() < LEAST_SECONDS:
            raise TryLaterError("the upload did not fit into the function's time", 1.0)

    def _document(self, task: FeedTask, api: FeedsApi) -> FeedDocument:
        try:
            return api.create_document(task.content_type)
        except SellingPartnerError as error:
            if isinstance(error, ThrottledError):
                self._count("FeedsThrottled", 1)
            raise answered_before(error) from None


def measured(task: FeedTask) -> Measured:
    """Return the task's document as check_feed read it. Raises ValueError where it did not."""
    if task.etag is None or task.is_gzip is None or task.content_bytes is None or task.content_sha256 is None:
        raise ValueError(f"task {task.task_id} has not been checked: its document was not measured")
    source = task.source
    location = ObjectLocation(source.bucket, source.key, source.version_id)
    return Measured(location, task.etag, task.is_gzip, task.content_bytes, task.content_sha256)


def _key(document: FeedDocument) -> EncryptionDetails:
    return EncryptionDetails.parse(document.encryption or {})
