"""Objects are read whole or not, and written whole or not at all."""

from __future__ import annotations

import io
import threading
import time

import pytest
from botocore.exceptions import EndpointConnectionError, IncompleteReadError

from sellerbus.documents.errors import RetryableTransferError, SourceChangedError, StorageRefusedError
from sellerbus.documents.objects import ObjectLocation, ObjectWriter, reading
from tests.unit.documents.fake_s3 import FakeS3, etag, failing, failure

LOCATION = ObjectLocation("inbox", "feeds/A1/x.json")
KEY = ("inbox", "feeds/A1/x.json")
PART = 100


def small() -> FakeS3:
    return FakeS3(least_part_bytes=PART)


def writer(s3: FakeS3) -> ObjectWriter:
    return ObjectWriter(s3.client, LOCATION, more={"ContentType": "text/xml"}, part_bytes=PART)


def write(s3: FakeS3, content: bytes, size: int = 7) -> str:
    with writer(s3) as opened:
        for at in range(0, len(content), size):
            opened.write(content[at : at + size])
    return opened.etag


def content_of(length: int) -> bytes:
    return bytes(number % 251 for number in range(length))


def test_one_version_is_read_whatever_has_replaced_it() -> None:
    s3 = small()
    s3.objects[KEY] = b"newer"
    s3.versions[(*KEY, "v1")] = b"older"
    location = ObjectLocation(*KEY, "v1")
    with reading(s3.client, location, etag=etag(b"older")) as content:
        assert b"".join(content.chunks) == b"older"
    assert str(location) == "s3://inbox/feeds/A1/x.json"
    with (
        pytest.raises(SourceChangedError, match="NoSuchVersion"),
        reading(s3.client, ObjectLocation(*KEY, "gone")),
    ):
        raise AssertionError("there is no such version")


@pytest.mark.parametrize("length", [0, 1, PART - 1, PART])
def test_what_fits_into_a_part_is_put_at_once(length: int) -> None:
    s3 = small()
    assert write(s3, content_of(length)) == etag(content_of(length))
    assert s3.objects == {KEY: content_of(length)}
    assert s3.told[KEY] == {"ContentType": "text/xml"}
    assert s3.calls == {"put_object": 1}


@pytest.mark.parametrize("length", [PART + 1, 2 * PART, 2 * PART + 1, 10 * PART + 50])
@pytest.mark.parametrize("size", [7, PART, 5000])
def test_what_is_larger_is_written_in_parts(length: int, size: int) -> None:
    s3 = small()
    assert write(s3, content_of(length), size) == etag(content_of(length))
    assert s3.objects == {KEY: content_of(length)}
    assert s3.told[KEY] == {"ContentType": "text/xml"}
    assert s3.uploads == {}
    assert s3.calls["upload_part"] == -(-length // PART)
    assert s3.calls["abort_multipart_upload"] == 0


def test_two_parts_are_on_their_way_and_no_more_are_held() -> None:
    s3 = small()
    both = threading.Barrier(2, timeout=10)

    def fault(operation: str, count: int) -> None:
        if operation == "upload_part" and count <= 2:
            both.wait()

    s3.fault = fault
    write(s3, content_of(8 * PART))
    assert s3.most_at_once == 2


def test_what_waits_for_s3_is_bounded() -> None:
    s3 = small()
    gate = threading.Event()
    arrived = threading.Semaphore(0)
    taken = []

    def fault(operation: str, count: int) -> None:
        if operation == "upload_part":
            arrived.release()
            assert gate.wait(10)

    def write_parts() -> None:
        with writer(s3) as opened:
            for number in range(20):
                taken.append(number)
                opened.write(content_of(PART))

    s3.fault = fault
    thread = threading.Thread(target=write_parts)
    thread.start()
    assert arrived.acquire(timeout=10)
    assert arrived.acquire(timeout=10)
    # Whoever does not wait has long taken all of them by then.
    thread.join(0.2)
    assert len(taken) <= 4
    gate.set()
    thread.join(10)
    assert len(s3.objects[KEY]) == 20 * PART


def test_parts_on_their_way_have_ended_before_the_rest_is_removed() -> None:
    s3 = small()
    both = threading.Barrier(2, timeout=10)
    on_their_way = []

    def fault(operation: str, count: int) -> None:
        if operation == "upload_part":
            both.wait()
            if count == 1:
                raise failure("AccessDenied", 403)
            time.sleep(0.1)
        if operation == "abort_multipart_upload":
            on_their_way.append(s3.at_once)

    s3.fault = fault
    with pytest.raises(StorageRefusedError):
        write(s3, content_of(2 * PART))
    assert on_their_way == [0]
    assert s3.uploads == {}


@pytest.mark.parametrize("given", [PART + 1, 5 * PART])
def test_a_cancelled_writing_leaves_nothing(given: int) -> None:
    s3 = small()
    with pytest.raises(KeyboardInterrupt), writer(s3) as opened:  # noqa: PT012
        opened.write(content_of(given))
        raise KeyboardInterrupt
    assert (s3.objects, s3.uploads) == ({}, {})
    assert s3.calls["complete_multipart_upload"] == 0


def test_a_writing_cancelled_before_its_first_part_asks_nothing() -> None:
    s3 = small()
    with pytest.raises(KeyError), writer(s3) as opened:  # noqa: PT012
        opened.write(b"x")
        raise KeyError
    assert s3.calls == {}


@pytest.mark.parametrize(
    ("operation", "at"),
    [("upload_part", 1), ("upload_part", 3), ("upload_part", 6), ("complete_multipart_upload", 1)],
)
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (failure("SlowDown", 503), RetryableTransferError),
        (failure("InternalError", 500), RetryableTransferError),
        (EndpointConnectionError(endpoint_url="https://s3"), RetryableTransferError),
        (failure("AccessDenied", 403), StorageRefusedError),
    ],
)
def test_a_failed_writing_leaves_nothing(
    operation: str, at: int, error: Exception, kind: type[Exception]
) -> None:
    s3 = small()
    s3.fault = failing(operation, error, at=at)
    with pytest.raises(kind, match=r"the writing.* of s3://inbox/feeds/A1/x.json"):
        write(s3, content_of(6 * PART))
    assert (s3.objects, s3.uploads) == ({}, {})
    assert s3.calls["abort_multipart_upload"] == 1


@pytest.mark.parametrize(("operation", "length"), [("put_object", 5), ("create_multipart_upload", 5 * PART)])
def test_a_writing_that_cannot_begin_is_told(operation: str, length: int) -> None:
    s3 = small()
    s3.fault = failing(operation, failure("AccessDenied", 403))
    with pytest.raises(StorageRefusedError) as raised:
        write(s3, content_of(length))
    assert (raised.value.status, raised.value.code) == (403, "AccessDenied")
    assert s3.calls["abort_multipart_upload"] == 0


def test_parts_that_cannot_be_removed_are_told_beside_the_fault() -> None:
    s3 = small()

    def fault(operation: str, count: int) -> None:
        if operation in {"complete_multipart_upload", "abort_multipart_upload"}:
            raise failure("SlowDown", 503)

    s3.fault = fault
    with pytest.raises(RetryableTransferError, match="the writing of") as raised:
        write(s3, content_of(3 * PART))
    assert "lifecycle rule" in raised.value.__notes__[0]


def test_a_completion_whose_answer_was_lost_is_told_as_retryable() -> None:
    s3 = small()
    completed = s3.complete_multipart_upload

    def lost(**request: object) -> None:
        completed(**request)  # type: ignore[arg-type]
        raise EndpointConnectionError(endpoint_url="https://s3")

    s3.complete_multipart_upload = lost  # type: ignore[assignment]
    with pytest.raises(RetryableTransferError) as raised:
        write(s3, content_of(3 * PART))
    assert not hasattr(raised.value, "__notes__")
    assert s3.objects == {KEY: content_of(3 * PART)}


def test_an_object_is_read_by_chunks() -> None:
    s3 = small()
    s3.objects[KEY] = content_of(600_000)
    with reading(s3.client, LOCATION) as opened:
        chunks = list(opened.chunks)
    assert b"".join(chunks) == content_of(600_000)
    assert max(map(len, chunks)) <= 256 << 10
    assert opened.etag == etag(content_of(600_000))


def test_another_content_than_was_asked_for_is_not_read() -> None:
    s3 = small()
    s3.objects[KEY] = b"new"
    with reading(s3.client, LOCATION, etag=etag(b"new")):
        pass
    with pytest.raises(SourceChangedError), reading(s3.client, LOCATION, etag=etag(b"old")):
        pass
    del s3.objects[KEY]
    with pytest.raises(SourceChangedError, match=str(LOCATION)), reading(s3.client, LOCATION):
        pass


class Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)
        return super().read(3)


class Short(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        return super().read(3) if self.tell() == 0 else b""


@pytest.mark.parametrize("body", [Broken, Short])
def test_an_object_that_ends_early_is_told(body: type[io.BytesIO]) -> None:
    s3 = small()
    s3.objects[KEY] = b"content"
    s3.body = body
    with (
        reading(s3.client, LOCATION) as opened,
        pytest.raises(RetryableTransferError, match="the reading of"),
    ):
        list(opened.chunks)


def test_a_body_is_closed_when_it_is_left() -> None:
    s3 = small()
    s3.objects[KEY] = b"content"
    bodies: list[io.BytesIO] = []
    s3.body = lambda content: bodies.append(io.BytesIO(content)) or bodies[-1]  # type: ignore[func-returns-value]
    with pytest.raises(KeyError), reading(s3.client, LOCATION):
        raise KeyError
    assert bodies[0].closed
