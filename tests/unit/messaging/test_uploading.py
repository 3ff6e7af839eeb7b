"""Attachments uploaded: each once, again only what is missing or too old, and several beside each other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from sellerbus.api.booking import Booking
from sellerbus.api.errors import PermanentError, SellingPartnerError, ThrottledError
from sellerbus.api.uploads import UploadDestination, content_md5
from sellerbus.documents.errors import (
    DocumentError,
    RetryableTransferError,
    StorageRefusedError,
    UrlExpiredError,
)
from sellerbus.documents.objects import ObjectLocation
from sellerbus.messaging.attachment_files import AttachmentFile, AttachmentSource
from sellerbus.messaging.uploading import LIFE_SECONDS, Upload, Uploaded, Uploader

RESOURCE = "messaging/v1/orders/902-6786204-8179805/messages/invoice"
US = "ATVPDKIKX0DER"


@dataclass
class Amazon:
    """fault, put_fault: called with the number of the call before it works; what they raise is raised."""

    clock: float = 1_000.0
    booked: list[int] = field(default_factory=list)
    made: list[tuple[str, str, str]] = field(default_factory=list)
    put: dict[str, bytes] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    puts: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    fault: Callable[[int], None] = lambda number: None
    put_fault: Callable[[int, bytes], None] = lambda number, content: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def book(self, count: int, most_seconds: float) -> Booking:
        self.fault(0)
        self.booked.append(count)
        return Booking("o", "A1", count, 0.0, 0.1)

    def create_destination(self, resource: str, marketplace_id: str, md5: str) -> UploadDestination:
        self.fault(len(self.made) + 1)
        self.made.append((resource, marketplace_id, md5))
        self.clock += 1
        return UploadDestination(f"u{len(self.made)}", f"url{len(self.made)}", {"Content-MD5": md5})

    def upload(self, url: str, headers: Mapping[str, str], content: bytes, file_name: str) -> None:
        assert headers == {"Content-MD5": content_md5(content)}
        with self._lock:
            self.puts += 1
            number = self.puts
        self.put_fault(number, content)
        with self._lock:
            self.put[url] = content
            self.names.append(file_name)

    def run(self, *contents: bytes | None, earlier: tuple[Upload, ...] = ()) -> Uploaded:
        uploader = Uploader(self, now=lambda: self.clock, count=self._count)
        files = [
            AttachmentFile(AttachmentSource(ObjectLocation("b", "k"), f"{number}.txt"), 0, b"", content)
            for number, content in enumerate(contents)
        ]
        return uploader.upload(self, RESOURCE, US, files, earlier)

    def _count(self, metric: str, value: float) -> None:
        self.counted[metric] += int(value)


def failing(error: SellingPartnerError | DocumentError, *numbers: int) -> Callable[..., None]:
    def fault(number: int, *_: object) -> None:
        if number in numbers:
            raise error

    return fault


def ids(uploaded: Uploaded) -> list[str | None]:
    return [each.upload_destination_id if each else None for each in uploaded.uploads]


def test_each_file_has_a_destination_of_its_own() -> None:
    it = Amazon()
    uploaded = it.run(b"one", b"two", b"two")
    assert ids(uploaded) == ["u1", "u2", "u3"]
    assert uploaded.failure is None
    assert it.booked == [3]
    assert it.made == [(RESOURCE, US, content_md5(each)) for each in (b"one", b"two", b"two")]
    assert it.put == {"url1": b"one", "url2": b"two", "url3": b"two"}
    assert sorted(it.names) == ["0.txt", "1.txt", "2.txt"]
    assert it.counted == {"MessageAttachmentsUploaded": 3, "MessageAttachmentBytes": 9}
    assert [each.uploaded_at for each in uploaded.kept] == [1_000.0, 1_001.0, 1_002.0]


def test_the_files_go_beside_each_other() -> None:
    it = Amazon()
    together = threading.Barrier(5, timeout=10)

    def meet(number: int, content: bytes) -> None:
        together.wait()

    it.put_fault = meet
    assert len(it.run(b"1", b"2", b"3", b"4", b"5").kept) == 5


def test_what_was_uploaded_is_used_again_while_it_is_young() -> None:
    it = Amazon()
    earlier = it.run(b"one", b"two").kept
    it.clock = earlier[0].uploaded_at + LIFE_SECONDS - 0.5
    uploaded = it.run(b"two", b"three", b"one", earlier=earlier)
    assert ids(uploaded) == ["u2", "u3", "u1"]
    assert it.booked == [2, 1]
    # The first is too old now, the second by a second not yet.
    it.clock = earlier[0].uploaded_at + LIFE_SECONDS
    assert ids(it.run(b"one", b"two", earlier=earlier)) == ["u4", "u2"]


def test_an_upload_is_not_used_for_two_files_nor_before_its_time() -> None:
    it = Amazon()
    earlier = it.run(b"same").kept
    assert ids(it.run(b"same", b"same", earlier=earlier)) == ["u1", "u2"]
    it.clock = earlier[0].uploaded_at - 1
    assert ids(it.run(b"same", earlier=earlier)) == ["u3"]


def test_nothing_to_upload_is_no_call() -> None:
    it = Amazon()
    assert it.run() == Uploaded(())
    assert it.run(b"x", earlier=(Upload("u9", content_md5(b"x"), 1_000.0),)).failure is None
    assert (it.booked, it.made) == ([], [])


def test_a_url_that_has_expired_is_made_anew_once_and_only_for_its_file() -> None:
    it = Amazon()

    def expired(number: int, content: bytes) -> None:
        if content == b"two" and "url3" not in it.put and len(it.made) == 2:
            raise UrlExpiredError("expired")

    it.put_fault = expired
    uploaded = it.run(b"one", b"two")
    assert ids(uploaded) == ["u1", "u3"]
    assert uploaded.failure is None
    assert it.put == {"url1": b"one", "url3": b"two"}
    always = Amazon(put_fault=failing(UrlExpiredError("expired"), 1, 2, 3))
    uploaded = always.run(b"one")
    assert isinstance(uploaded.failure, UrlExpiredError)
    assert len(always.made) == 2


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_used_up_quota_keeps_what_was_uploaded_before(at: int) -> None:
    it = Amazon(fault=failing(ThrottledError("createUploadDestinationForResource", 3.0), at))
    uploaded = it.run(b"one", b"two", b"three")
    assert isinstance(uploaded.failure, ThrottledError)
    assert ids(uploaded) == [["u1", "u2", None], [None] * 3][at < 3]
    it.fault = lambda number: None
    again = it.run(b"one", b"two", b"three", earlier=uploaded.kept)
    assert again.failure is None
    assert len(it.made) == 3
    assert len(it.put) == 3


def test_a_file_that_fails_fails_alone_and_for_good_comes_first() -> None:
    it = Amazon()

    def fault(number: int, content: bytes) -> None:
        match content:
            case b"one":
                raise RetryableTransferError("later")
            case b"two":
                raise StorageRefusedError("never", status=403, code="SignatureDoesNotMatch")
            case b"four":
                raise UrlExpiredError("expired")

    it.put_fault = fault
    uploaded = it.run(b"one", b"two", b"three", b"four")
    assert ids(uploaded) == [None, None, "u3", None]
    assert isinstance(uploaded.failure, StorageRefusedError)
    # What a repeat doesn't mend is not tried again.
    assert len(it.made) == 4


def test_amazons_refusal_is_the_failure() -> None:
    it = Amazon(fault=failing(PermanentError("createUploadDestinationForResource", "no"), 2))
    uploaded = it.run(b"one", b"two")
    assert isinstance(uploaded.failure, PermanentError)
    assert ids(uploaded) == ["u1", None]


def test_a_defect_is_no_failure_of_the_upload() -> None:
    def defect(number: int, content: bytes) -> None:
        raise KeyError("headers")

    with pytest.raises(KeyError):
        Amazon(put_fault=defect).run(b"one")


def test_a_file_that_was_not_read_is_not_uploaded() -> None:
    it = Amazon()
    with pytest.raises(ValueError, match="too large together"):
        it.run(b"one", None)
    assert it.made == []


def test_an_upload_survives_its_document() -> None:
    upload = Upload("u1", "XUFAKrxLKna5cZ2REBfFkg==", 1_000.5)
    document = upload.to_document()
    assert document == {
        "uploadDestinationId": "u1", "contentMd5": "XUFAKrxLKna5cZ2REBfFkg==", "uploadedAt": 1_000.5,
    }  # fmt: skip
    assert Upload.from_document(document) == upload
    for name in document:
        with pytest.raises(ValueError, match="an upload has"):
            Upload.from_document({**document, name: None})
