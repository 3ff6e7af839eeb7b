"""Uploads a message's attachments to Amazon: destinations one after the other, the files beside each other.

What was uploaded is used again by a later try, while it is young enough to be relied upon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api.booking import Booking
from sellerbus.api.errors import RetryableError, SellingPartnerError, ThrottledError
from sellerbus.api.uploads import UploadDestination, content_md5
from sellerbus.documents.errors import DocumentError, RetryableTransferError, UrlExpiredError
from sellerbus.messaging.attachment_files import AttachmentFile

LIFE_SECONDS: Final = 840.0
"""How long an upload is used again. Amazon tells no life of what was uploaded, only of its URL: 900 s. The
message that uses it again still has to wait for its turn and to arrive.
"""
BOOKING_SECONDS: Final = 2.0
_AT_ONCE: Final = 5
_ROUNDS: Final = 2
"""A URL that has expired before its file was there is made anew once."""

Count = Callable[[str, float], None]
_Failure = SellingPartnerError | DocumentError


class Destinations(Protocol):
    """The part of sellerbus.api.uploads.UploadsApi used here."""

    def book(self, count: int, most_seconds: float) -> Booking: ...

    def create_destination(self, resource: str, marketplace_id: str, md5: str) -> UploadDestination: ...


class Storage(Protocol):
    """See sellerbus.documents.destinations.DestinationStorage."""

    def upload(self, url: str, headers: Mapping[str, str], content: bytes, file_name: str) -> None: ...


@dataclass(frozen=True)
class Upload:
    """A file that Amazon has. uploaded_at: seconds since 1970, when its destination was made."""

    upload_destination_id: str
    content_md5: str
    uploaded_at: float

    def to_document(self) -> dict[str, object]:
        return {
            "uploadDestinationId": self.upload_destination_id,
            "contentMd5": self.content_md5,
            "uploadedAt": self.uploaded_at,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Upload:
        """Read what to_document wrote. Raises ValueError."""
        destination, md5, at = (
            document.get(name) for name in ("uploadDestinationId", "contentMd5", "uploadedAt")
        )
        if isinstance(destination, str) and isinstance(md5, str) and isinstance(at, int | float):
            return cls(destination, md5, float(at))
        raise ValueError("an upload has uploadDestinationId and contentMd5 as texts, uploadedAt as a number")


@dataclass(frozen=True)
class Uploaded:
    """uploads: by attachment, in their order; None for one that is not there yet.

    failure: why not all are: keep what there is, then treat it as if it were raised. A UrlExpiredError is one
    that a later try may mend.
    """

    uploads: tuple[Upload | None, ...]
    failure: _Failure | None = None

    @property
    def kept(self) -> tuple[Upload, ...]:
        """What a later try may use again."""
        return tuple(each for each in self.uploads if each is not None)


class Uploader:
    """now: seconds since 1970. count: writes a metric."""

    def __init__(self, storage: Storage, *, now: Callable[[], float], count: Count) -> None:
        self._storage = storage
        self._now = now
        self._count = count

    def upload(
        self,
        api: Destinations,
        resource: str,
        marketplace_id: str,
        files: Sequence[AttachmentFile],
        earlier: Sequence[Upload] = (),
    ) -> Uploaded:
        """Upload what of `files` is not among the `earlier` uploads that can still be used.

        resource: see sellerbus.api.messaging.upload_resource. The files' contents must have been read.
        Raises ValueError where one's was not, as they are too large together.
        """
        batch = _Batch(resource, marketplace_id, [_digested(each) for each in files])
        uploads = self._usable(batch.files, earlier)
        failures: list[_Failure] = []
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="upload") as pool:
            for _ in range(_ROUNDS):
                wanted = [index for index, each in enumerate(uploads) if each is None]
                if not wanted:
                    break
                done, failures = self._round(api, batch, wanted, pool)
                for index, upload in done.items():
                    uploads[index] = upload
                if not all(isinstance(each, UrlExpiredError) for each in failures):
                    break
        return Uploaded(tuple(uploads), _gravest(failures))

    def _usable(self, files: Sequence[_Digested], earlier: Sequence[Upload]) -> list[Upload | None]:
        """Give each file an earlier upload of its own with the same content, where there is one."""
        young = [each for each in earlier if 0 <= self._now() - each.uploaded_at < LIFE_SECONDS]
        found: list[Upload | None] = []
        for each in files:
            upload = next((one for one in young if one.content_md5 == each.md5), None)
            if upload is not None:
                young.remove(upload)
            found.append(upload)
        return found

    def _round(
        self, api: Destinations, batch: _Batch, wanted: Sequence[int], pool: ThreadPoolExecutor
    ) -> tuple[dict[int, Upload], list[_Failure]]:
        begun: list[tuple[int, Upload, Future[None]]] = []
        failures: list[_Failure] = []
        try:
            api.book(len(wanted), BOOKING_SECONDS)
            for index in wanted:
                digested = batch.files[index]
                made_at = self._now()
                made = api.create_destination(batch.resource, batch.marketplace_id, digested.md5)
                upload = Upload(made.destination_id, digested.md5, made_at)
                sending = pool.submit(
                    self._storage.upload, made.url, made.headers, digested.content, digested.file_name
                )
                begun.append((index, upload, sending))
        except SellingPartnerError as error:
            failures.append(error)
        done: dict[int, Upload] = {}
        for index, upload, sending in begun:
            try:
                sending.result()
            except DocumentError as error:
                failures.append(error)
            else:
                done[index] = upload
                self._count("MessageAttachmentsUploaded", 1)
                self._count("MessageAttachmentBytes", len(batch.files[index].content))
        return done, failures


@dataclass(frozen=True)
class _Digested:
    content: bytes
    md5: str
    file_name: str


@dataclass(frozen=True)
class _Batch:
    resource: str
    marketplace_id: str
    files: Sequence[_Digested]


def _digested(file: AttachmentFile) -> _Digested:
    if file.content is None:
        raise ValueError("attachments that are too large together are not uploaded")
    return _Digested(file.content, content_md5(file.content), file.file_name)


def _gravest(failures: Sequence[_Failure]) -> _Failure | None:
    """What a repeat will not mend comes first: it decides what becomes of the message."""
    mendable = (ThrottledError, RetryableError, RetryableTransferError, UrlExpiredError)
    return min(failures, key=lambda each: isinstance(each, mendable), default=None)
