"""From S3 to a presigned URL and back: packed, encrypted, damaged, cancelled."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator

import pytest
import requests

from sellerbus.documents.cipher import EncryptionDetails, encrypted
from sellerbus.documents.errors import (
    DamagedDocumentError,
    DocumentTooLargeError,
    RetryableTransferError,
    SourceChangedError,
    StorageRefusedError,
    UrlExpiredError,
    UrlRefusedError,
)
from sellerbus.documents.limits import Limits
from sellerbus.documents.objects import ObjectLocation
from sellerbus.documents.transfer import DocumentTransfer
from tests.unit.documents.fake_s3 import FakeS3, etag, failing, failure
from tests.unit.documents.test_refusals import EXPIRED
from tests.unit.documents.wire import SECRET, URL, Answer, Storage, answering

LOCATION = ObjectLocation("bucket", "document")
KEY = ("bucket", "document")
PART = 1000
TYPE = "text/tab-separated-values; charset=UTF-8"
DETAILS = EncryptionDetails(key=bytes(range(32)), vector=bytes(range(16)))
CONTENT = b"".join(b"%d\tSKU-%d\tnot valid\n" % (number, number * number) for number in range(2000))
PACKED = gzip.compress(CONTENT, mtime=0)


@pytest.fixture(autouse=True)
def _no_thread_remains() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def sealed(content: bytes) -> bytes:
    return b"".join(encrypted([content], DETAILS))


class Scene:
    def __init__(self, *answers: Answer, limits: Limits | None = None) -> None:
        self.s3 = FakeS3(least_part_bytes=PART)
        self.storage: Storage = answering(*answers)
        self.transfer = DocumentTransfer(
            s3=self.s3.client, storage=self.storage.presigned(), limits=limits or Limits(), part_bytes=PART
        )

    @property
    def nothing_is_left(self) -> bool:
        return not self.s3.objects and not self.s3.uploads


def stored(content: bytes, *answers: Answer, limits: Limits | None = None) -> Scene:
    scene = Scene(*(answers or [Answer()]), limits=limits)
    scene.s3.objects[KEY] = content
    return scene


@pytest.mark.parametrize("encryption", [None, DETAILS])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_down(encryption: EncryptionDetails | None, packed: bool, content: bytes) -> None:
    document = gzip.compress(content) if packed else content
    body = document if encryption is None else sealed(document)
    scene = Scene(Answer(body=body, headers={"Content-Type": "text/plain; charset=Cp1252"}))
    result = scene.transfer.download(URL, LOCATION, encryption=encryption)
    assert scene.s3.objects == {KEY: content}
    assert scene.s3.told[KEY] == {"ContentType": "text/plain; charset=Cp1252"}
    assert scene.s3.uploads == {}
    assert result.content_type == "text/plain; charset=Cp1252"
    assert (result.was_gzip, result.etag) == (packed, etag(content))
    assert (result.transferred_bytes, result.content_bytes) == (len(body), len(content))
    assert scene.storage.sent[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("document", [CONTENT, PACKED])
def test_content_encoding_is_not_believed(document: bytes) -> None:
    scene = Scene(Answer(body=document, headers={"Content-Encoding": "gzip"}))
    scene.transfer.download(URL, LOCATION)
    assert scene.s3.objects == {KEY: CONTENT}


def test_an_untold_content_type_is_not_made_up() -> None:
    scene = Scene(Answer(body=CONTENT))
    assert scene.transfer.download(URL, LOCATION).content_type == ""
    assert scene.s3.told[KEY] == {}


@pytest.mark.parametrize(
    ("body", "encryption"),
    [
        (PACKED[:-1], None),
        (PACKED[:-1] + b"!", None),
        (PACKED + b"more", None),
        (sealed(PACKED)[:-16], DETAILS),
        (sealed(PACKED)[:-1], DETAILS),
        (sealed(PACKED[:-1]), DETAILS),
        (PACKED, DETAILS),
        (sealed(PACKED), EncryptionDetails(key=bytes(32), vector=bytes(16))),
    ],
)
def test_what_is_damaged_leaves_nothing(body: bytes, encryption: EncryptionDetails | None) -> None:
    scene = Scene(Answer(body=body))
    with pytest.raises(DamagedDocumentError):
        scene.transfer.download(URL, LOCATION, encryption=encryption)
    assert scene.nothing_is_left


@pytest.mark.parametrize("said", [len(CONTENT) + 1, 2 * len(CONTENT)])
def test_what_ends_early_leaves_nothing(said: int) -> None:
    scene = Scene(Answer(body=CONTENT, said_length=said))
    with pytest.raises(RetryableTransferError, match=rf"{len(CONTENT)} of {said} bytes"):
        scene.transfer.download(URL, LOCATION)
    assert scene.nothing_is_left


def test_a_document_whose_end_nobody_can_tell_is_refused() -> None:
    scene = Scene(Answer(body=CONTENT, said_length=-1))
    with pytest.raises(DamagedDocumentError, match="unknown length"):
        scene.transfer.download(URL, LOCATION)


def test_a_document_is_refused_by_its_length_before_it_is_read() -> None:
    scene = Scene(Answer(body=CONTENT), limits=Limits(transferred_bytes=len(CONTENT) - 1))
    with pytest.raises(DocumentTooLargeError):
        scene.transfer.download(URL, LOCATION)
    assert scene.storage.responses[0].raw.tell() == 0
    assert scene.s3.calls == {}


def test_a_bomb_leaves_nothing() -> None:
    limits = Limits(ratio=100, always_allowed_bytes=10 * PART)
    scene = Scene(Answer(body=gzip.compress(bytes(5 << 20))), limits=limits)
    with pytest.raises(DocumentTooLargeError, match="bomb"):
        scene.transfer.download(URL, LOCATION)
    assert scene.nothing_is_left


def test_a_download_is_cancelled_by_what_watches_it() -> None:
    scene = Scene(Answer(body=sealed(CONTENT)))
    seen = []

    def watch(passed: int) -> None:
        seen.append(passed)
        raise TimeoutError("no time left")

    with pytest.raises(TimeoutError, match="no time left"):
        scene.transfer.download(URL, LOCATION, encryption=DETAILS, progress=watch)
    assert scene.nothing_is_left
    assert scene.s3.calls["abort_multipart_upload"] == 1
    assert 0 < seen[0] <= len(CONTENT)


def test_a_download_that_s3_does_not_take_leaves_nothing() -> None:
    scene = Scene(Answer(body=CONTENT))
    scene.s3.fault = failing("upload_part", failure("AccessDenied", 403), at=2)
    with pytest.raises(StorageRefusedError):
        scene.transfer.download(URL, LOCATION)
    assert scene.nothing_is_left


def test_a_document_can_be_read_without_being_kept() -> None:
    scene = Scene(Answer(body=sealed(PACKED), headers={"Content-Type": "text/xml"}))
    with scene.transfer.opened(URL, encryption=DETAILS) as content:
        assert content.content_type == "text/xml"
        assert b"".join(content) == CONTENT
        assert content.is_gzip
    assert scene.s3.calls == {}


def test_a_document_may_be_left_before_its_end() -> None:
    scene = Scene(Answer(body=CONTENT * 100))
    with scene.transfer.opened(URL) as content:
        assert next(iter(content)).startswith(b"0\tSKU-0")


@pytest.mark.parametrize("encryption", [None, DETAILS])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_up(encryption: EncryptionDetails | None, packed: bool, content: bytes) -> None:
    scene = stored(gzip.compress(content) if packed else content)
    measured = scene.transfer.measure(LOCATION)
    assert (measured.content_bytes, measured.is_gzip) == (len(content), packed)
    assert measured.sha256 == hashlib.sha256(content).hexdigest()
    sent_bytes = scene.transfer.upload(measured, URL, content_type=TYPE, encryption=encryption)
    (sent,) = scene.storage.sent
    assert sent.body == (content if encryption is None else sealed(content))
    assert (sent.method, sent.url) == ("PUT", URL)
    assert sent.headers["Content-Type"] == TYPE
    assert sent.headers["Content-Length"] == str(len(sent.body)) == str(sent_bytes)
    assert "Transfer-Encoding" not in sent.headers
    assert "Content-Encoding" not in sent.headers


def test_what_measures_shows_the_content_to_a_check() -> None:
    scene = stored(PACKED)
    seen = bytearray()
    scene.transfer.measure(LOCATION, observe=seen.extend)
    assert bytes(seen) == CONTENT

    def refuse(chunk: bytes) -> None:
        raise ValueError("no feed")

    with pytest.raises(ValueError, match="no feed"):
        scene.transfer.measure(LOCATION, observe=refuse)


@pytest.mark.parametrize("content", [PACKED[:-1], PACKED + b"x"])
def test_a_damaged_object_is_told_before_anything_is_sent(content: bytes) -> None:
    scene = stored(content)
    with pytest.raises(DamagedDocumentError):
        scene.transfer.measure(LOCATION)


def test_an_object_that_was_replaced_is_not_sent() -> None:
    scene = stored(CONTENT)
    measured = scene.transfer.measure(LOCATION)
    scene.s3.objects[KEY] = CONTENT + b"more"
    with pytest.raises(SourceChangedError):
        scene.transfer.upload(measured, URL, content_type=TYPE)
    assert scene.storage.sent == []


def test_an_object_that_is_too_large_is_told() -> None:
    scene = stored(CONTENT, limits=Limits(content_bytes=100))
    with pytest.raises(DocumentTooLargeError):
        scene.transfer.measure(LOCATION)
    larger = stored(CONTENT, limits=Limits(transferred_bytes=len(CONTENT)))
    measured = larger.transfer.measure(LOCATION)
    larger.transfer.upload(measured, URL, content_type=TYPE)
    with pytest.raises(DocumentTooLargeError):
        larger.transfer.upload(measured, URL, content_type=TYPE, encryption=DETAILS)


def test_an_upload_tells_what_was_sent_and_is_cancelled_by_what_it_is_told_to() -> None:
    scene = stored(CONTENT)
    measured = scene.transfer.measure(LOCATION)
    seen: list[int] = []
    scene.transfer.upload(measured, URL, content_type=TYPE, encryption=DETAILS, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(sealed(CONTENT))

    # requests takes an OSError in the body for its own connection's.
    def watch(passed: int) -> None:
        raise TimeoutError("no time left")

    with pytest.raises(TimeoutError, match="no time left"):
        scene.transfer.upload(measured, URL, content_type=TYPE, progress=watch)


def test_a_source_that_breaks_is_no_fault_of_the_presigned_storage() -> None:
    scene = stored(CONTENT)
    measured = scene.transfer.measure(LOCATION)
    short = CONTENT[:100]
    original = scene.s3.get_object

    def cut(**request: str) -> object:
        answer = dict(original(**request))
        answer["Body"] = scene.s3.body(short)
        return answer

    scene.s3.get_object = cut  # type: ignore[assignment, method-assign]
    with pytest.raises(RetryableTransferError, match=r"the reading of s3://bucket/document"):
        scene.transfer.upload(measured, URL, content_type=TYPE)


def test_a_document_of_another_length_than_announced_is_not_sent_whole() -> None:
    storage = answering(Answer())
    for chunks, says in (([b"12345"], "there are 5"), ([b"12345", b"67890x"], "there are more")):
        with pytest.raises(DamagedDocumentError, match=says):
            storage.presigned().write(URL, chunks, length=10, content_type=TYPE)
    assert storage.sent == []
    with pytest.raises(DamagedDocumentError, match="there are more"):
        storage.presigned().write(URL, [b"1"], length=0, content_type=TYPE)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(403, EXPIRED), UrlExpiredError),
        (Answer(403), StorageRefusedError),
        (Answer(503), RetryableTransferError),
        (Answer(307, headers={"Location": "https://bucket.s3.amazonaws.com/y"}), StorageRefusedError),
        (Answer(error=requests.ConnectionError(f"HTTPSConnectionPool: {URL}")), RetryableTransferError),
        (Answer(error=requests.ReadTimeout(URL)), RetryableTransferError),
        (Answer(error=requests.exceptions.ChunkedEncodingError(URL)), RetryableTransferError),
    ],
)
def test_a_refusal_is_told_without_the_query(answer: Answer, kind: type[Exception]) -> None:
    scene = stored(CONTENT, answer)
    measured = scene.transfer.measure(LOCATION)
    for attempt in (
        lambda: scene.transfer.download(URL, ObjectLocation("bucket", "report")),
        lambda: scene.transfer.upload(measured, URL, content_type=TYPE),
    ):
        with pytest.raises(kind) as raised:
            attempt()
        assert SECRET not in str(raised.value)
        assert "tortuga-prod-na.s3.amazonaws.com" in str(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert len(scene.storage.sent) == 2
    assert list(scene.s3.objects) == [KEY]


def test_other_hosts_are_not_asked() -> None:
    scene = stored(CONTENT)
    measured = scene.transfer.measure(LOCATION)
    for url in ("https://169.254.169.254/latest", URL.replace("https", "http")):
        with pytest.raises(UrlRefusedError):
            scene.transfer.download(url, LOCATION)
        with pytest.raises(UrlRefusedError):
            scene.transfer.upload(measured, url, content_type=TYPE)
    assert scene.storage.sent == []
