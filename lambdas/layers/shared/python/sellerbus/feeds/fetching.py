"""Fetches a feed's report: getFeedDocument, the download, and what to do when either fails.

Every download is counted in the task's row before it begins, so that a report that kills the function is not
fetched for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    NotFoundError,
    PermanentError,
    SellingPartnerError,
    ThrottledError,
    UnauthorizedError,
)
from sellerbus.api.feed_status import CANCELLED
from sellerbus.api.feeds import Feed, FeedDocument
from sellerbus.documents.cipher import EncryptionDetails
from sellerbus.documents.errors import DocumentError, EncryptionDetailsError, RetryableTransferError
from sellerbus.feeds.keeping import Again, Kept, ReportNotKeptError
from sellerbus.feeds.task import FeedTask
from sellerbus.feeds.task_store import TaskStore
from sellerbus.feeds.waits import quota
from sellerbus.sellers.rows import SellerError

MOST_ATTEMPTS: Final = 4
"""Downloads of one report. The last keeps what can be read of it."""
MOST_FAULTS: Final = 100
"""Faults of Amazon's, of a storage or of the seller's authorisation: about a day of them."""
LEAST_NOT_FOUND: Final = 2
"""How often a 404 is not believed yet: the document may be newer than what answers."""

_ATTEMPT_SECONDS: Final = 2
_FAULT_SECONDS: Final = 30
_MOST_DOUBLINGS: Final = 5


class SellersFeeds(Protocol):
    """The part of api.feeds.FeedsApi used here: one seller's, in the task's version of the API."""

    def feed(self, feed_id: str) -> Feed: ...

    def document(self, document_id: str) -> FeedDocument: ...


class Keeper(Protocol):
    """keeping.ReportKeeper."""

    def keep(
        self, task_id: str, url: str, encryption: EncryptionDetails | None, *, tolerant: bool
    ) -> Kept: ...


@dataclass(frozen=True)
class Fetched:
    """All that there will be of the report. task: the row as it is now. kept: None where there is nothing.

    unread: why the report was not kept, or not read whole; None where it was, or where there is none.
    """

    task: FeedTask
    kept: Kept | None = None
    unread: str | None = None


class LaterError(Exception):
    """Not now: try again after `seconds`. task: the row as it is now. reason: for its `waits`."""

    def __init__(self, task: FeedTask, seconds: float, remark: str, reason: str | None = None) -> None:
        super().__init__(remark)
        self.reason = reason or remark
        self.task = task
        self.seconds = seconds


class _UnreadError(Exception):
    """There will be no report; the text says why."""

    def __init__(self, task: FeedTask, why: str) -> None:
        super().__init__(why)
        self.task = task


class ReportFetcher:
    """feeds: the task's seller's; raises SellerError."""

    def __init__(
        self, *, store: TaskStore, feeds: Callable[[FeedTask], SellersFeeds], keeper: Keeper
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._keeper = keeper

    def fetch(self, task: FeedTask) -> Fetched:
        """Fetch the report of a task that is COLLECTING. Raises LaterError, StoreUnavailableError,
        TaskChangedError, and StorageRefusedError of the result bucket.
        """
        try:
            task = self._with_document(task)
            if task.result_feed_document_id is None:
                return Fetched(task)
            return self._kept(task, task.result_feed_document_id)
        except _UnreadError as error:
            return Fetched(error.task, unread=str(error))

    def _with_document(self, task: FeedTask) -> FeedTask:
        """A notification without a document is believed only once getFeed shows none either."""
        if task.result_feed_document_id is not None or task.processing_status == CANCELLED:
            return task
        try:
            seen = self._feeds(task).feed(str(task.feed_id))
        except (SellingPartnerError, SellerError) as error:
            raise self._failed(task, error, "getFeed does not tell whether there is a report") from error
        if seen.result_feed_document_id is None:
            return task
        return self._store.change(task, result_feed_document_id=seen.result_feed_document_id)

    def _kept(self, task: FeedTask, document_id: str) -> Fetched:
        if task.collect_attempts >= MOST_ATTEMPTS:
            raise _UnreadError(
                task,
                f"the report could not be kept in {MOST_ATTEMPTS} tries, of which the last ended without a "
                "word: it may need more memory or time (15 minutes) than the function has",
            )
        document, encryption = self._document(task, document_id)
        tries = task.collect_attempts
        task = self._store.change(task, collect_attempts=tries + 1)
        last = task.collect_attempts == MOST_ATTEMPTS
        try:
            kept = self._keeper.keep(task.task_id, document.url, encryption, tolerant=last)
        except ReportNotKeptError as error:
            if error.again is Again.LATER:
                raise self._fault(task, str(error), tries) from error
            if last or error.again is Again.NEVER:
                raise _UnreadError(task, f"the report was not kept: {error}") from error
            seconds = 1 if error.again is Again.AT_ONCE else _ATTEMPT_SECONDS << 2 * tries
            raise LaterError(task, seconds, str(error)) from error
        except RetryableTransferError as error:
            raise self._fault(task, str(error), tries) from error
        except DocumentError:
            # The bucket refuses: no fault of the report's, and nothing that ends its task.
            self._store.change(task, collect_attempts=tries)
            raise
        return Fetched(task, kept, kept.unread)

    def _document(self, task: FeedTask, document_id: str) -> tuple[FeedDocument, EncryptionDetails | None]:
        try:
            document = self._feeds(task).document(document_id)
        except NotFoundError as error:
            if task.collect_faults < LEAST_NOT_FOUND:
                raise self._fault(task, str(error), task.collect_attempts) from error
            raise _UnreadError(task, f"Amazon keeps the report no longer: {error}") from error
        except (SellingPartnerError, SellerError) as error:
            raise self._failed(task, error, "Amazon does not give the report") from error
        if document.encryption is None:
            return document, None
        try:
            return document, EncryptionDetails.parse(document.encryption)
        except EncryptionDetailsError as error:
            raise _UnreadError(task, f"the report can't be decrypted: {error}") from error

    def _failed(self, task: FeedTask, error: SellingPartnerError | SellerError, what: str) -> Exception:
        """What a failed call is to be raised as. What a person can mend (authorisation) is waited for."""
        if isinstance(error, ThrottledError):
            return LaterError(task, error.seconds, str(error), quota(error.operation))
        mendable = (UnauthorizedError, CredentialsError, AuthorizationRevokedError)
        if isinstance(error, PermanentError) and not isinstance(error, mendable):
            return _UnreadError(task, f"{what}: {error}")
        return self._fault(task, str(error), task.collect_attempts)

    def _fault(self, task: FeedTask, remark: str, attempts: int) -> Exception:
        """Count a fault, and no download for it; return what is to be raised."""
        faults = task.collect_faults + 1
        if faults > MOST_FAULTS:
            return _UnreadError(task, f"the report could not be fetched in {MOST_FAULTS} tries: {remark}")
        task = self._store.change(task, collect_faults=faults, collect_attempts=attempts)
        return LaterError(task, _FAULT_SECONDS << min(faults - 1, _MOST_DOUBLINGS), remark)
