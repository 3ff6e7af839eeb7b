"""Presigned storage on real connections: what goes over the wire, and what is made of what comes."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
import requests

from sellerbus.documents.errors import (
    DocumentTooLargeError,
    RetryableTransferError,
    StorageRefusedError,
    UrlExpiredError,
)
from sellerbus.documents.limits import Limits
from sellerbus.documents.objects import ObjectLocation
from sellerbus.documents.presigned import DocumentHosts
from sellerbus.documents.storage import PresignedStorage
from sellerbus.documents.transfer import DocumentTransfer
from sellerbus.runtime import bootstrap
from tests.unit.documents.fake_s3 import FakeS3
from tests.unit.documents.test_refusals import EXPIRED

# A key as Amazon had them, with an empty first segment and a percent-encoded slash: both are signed.
PATH = "//NinetyDays/%2Famzn1.tortuga.3.x?X-Amz-SignedHeaders=content-type%3Bhost&X-Amz-Signature=5ec2e7"
SECRET = "5ec2e7"
TYPE = "text/xml; charset=UTF-8"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SILENCE_SECONDS = 0.3


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Server:
    """Answers every connection's request alike. early: before the body of the request was read."""

    def __init__(self, told: bytes, *, early: bool = False, stay_silent: bool = False) -> None:
        self._told = told
        self._early = early
        self._stay_silent = stay_silent
        self._over = threading.Event()
        self.head = b""
        self.body = b""
        self.requests = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with closing(connection), suppress(OSError):
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65_536)
        self.requests += 1
        self.head, _, self.body = received.partition(b"\r\n\r\n")
        length = int(self.header("content-length") or 0)
        while len(self.body) < length and not self._early:
            piece = connection.recv(1 << 20)
            if not piece:
                return
            self.body += piece
        connection.sendall(self._told)
        if self._stay_silent:
            self._over.wait(5)
        if self._early:
            # Read on, so that what is not read yet does not reset the connection under the answer.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 20):
                pass

    def header(self, name: str) -> str:
        for line in self.head.decode().split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name:
                return value
        return ""

    @property
    def url(self) -> str:
        return f"http://{self.host}{PATH}"

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


class Scene:
    def __init__(self) -> None:
        self.session: requests.Session = bootstrap.http.__wrapped__()
        self.servers: list[Server] = []

    def server(self, told: bytes, *, early: bool = False, stay_silent: bool = False) -> Server:
        self.servers.append(Server(told, early=early, stay_silent=stay_silent))
        return self.servers[-1]

    def storage(self, server: Server) -> PresignedStorage:
        return PresignedStorage(self.session, DocumentHosts([server.host]), silence_seconds=SILENCE_SECONDS)


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    try:
        yield scene
    finally:
        scene.session.close()
        for server in scene.servers:
            server.close()


def read(storage: PresignedStorage, server: Server, limits: Limits | None = None) -> bytes:
    with storage.reading(server.url, limits or Limits()) as received:
        return b"".join(received.chunks())


def test_the_url_is_requested_as_it_was_signed(scene: Scene) -> None:
    server = scene.server(answer(b"x"))
    assert read(scene.storage(server), server) == b"x"
    assert server.head.split(b"\r\n")[0].decode() == f"GET {PATH} HTTP/1.1"
    assert server.header("host") == server.host
    assert server.header("accept-encoding") == "identity"
    assert server.header("authorization") == ""


def test_an_upload_is_sent_as_it_was_signed_and_with_its_length(scene: Scene) -> None:
    server = scene.server(OK)
    chunks = [bytes(300_000), b"", b"x" * 300_000]
    scene.storage(server).write(server.url, chunks, length=600_000, content_type=TYPE)
    assert server.head.split(b"\r\n")[0].decode() == f"PUT {PATH} HTTP/1.1"
    assert server.header("content-type") == TYPE
    assert server.header("content-length") == "600000"
    assert server.header("transfer-encoding") == ""
    assert server.body == b"".join(chunks)


def test_an_empty_upload_has_a_length_too(scene: Scene) -> None:
    server = scene.server(OK)
    scene.storage(server).write(server.url, [], length=0, content_type=TYPE)
    assert server.header("content-length") == "0"
    assert server.header("transfer-encoding") == ""


def test_content_encoding_is_undone_by_nobody(scene: Scene) -> None:
    packed = gzip.compress(b"report")
    server = scene.server(answer(packed, "Content-Encoding: gzip"))
    assert read(scene.storage(server), server) == packed
    # Each answers once, and ends its connection.
    server = scene.server(answer(packed, "Content-Encoding: gzip"))
    s3 = FakeS3()
    transfer = DocumentTransfer(s3=s3.client, storage=scene.storage(server))
    assert transfer.download(server.url, ObjectLocation("b", "k")).was_gzip
    assert s3.objects == {("b", "k"): b"report"}


def test_a_chunked_answer_is_read_and_its_loss_noticed(scene: Scene) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = scene.server(head + b"3\r\nabc\r\n0\r\n\r\n")
    assert read(scene.storage(server), server) == b"abc"
    cut = scene.server(head + b"3\r\nabc\r\n")
    with pytest.raises(RetryableTransferError):
        read(scene.storage(cut), cut)


def test_an_answer_that_is_cut_short_is_noticed(scene: Scene) -> None:
    server = scene.server(answer(b"abc", length=4))
    with pytest.raises(RetryableTransferError, match=r"download from 127\.0\.0\.1") as raised:
        read(scene.storage(server), server)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("told", [b"", answer(b"abc", length=4)])
def test_silence_is_not_waited_for_longer_than_told(scene: Scene, told: bytes) -> None:
    server = scene.server(told, stay_silent=True)
    began = time.monotonic()
    with pytest.raises(RetryableTransferError):
        read(scene.storage(server), server)
    assert time.monotonic() - began < 10 * SILENCE_SECONDS
    assert server.requests == 1


def test_a_wait_for_bytes_ends_with_what_they_are_waited_for(scene: Scene) -> None:
    server = scene.server(answer(bytes(300_000), length=10_000_000), stay_silent=True)
    hosts = DocumentHosts([server.host])
    storage = PresignedStorage(scene.session, hosts, silence_seconds=60)
    transfer = DocumentTransfer(s3=FakeS3().client, storage=storage)

    def watch(passed: int) -> None:
        raise TimeoutError("no time left")

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        transfer.download(server.url, ObjectLocation("b", "k"), progress=watch)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary Redirect"])
def test_redirects_are_not_followed_nor_read_through(scene: Scene, status: str) -> None:
    other = scene.server(answer(b"other"))
    server = scene.server(
        answer(b"", f"Location: {other.url}", status=status, length=1 << 40), stay_silent=True
    )
    with pytest.raises(StorageRefusedError, match="redirects are not followed"):
        read(scene.storage(server), server)
    assert (server.requests, other.requests) == (1, 0)


def test_an_expired_url_is_told_even_when_it_is_refused_early(scene: Scene) -> None:
    server = scene.server(answer(EXPIRED, "Connection: close", status="403 Forbidden"), early=True)
    chunks = [bytes(1 << 18)] * 16
    with pytest.raises(UrlExpiredError):
        scene.storage(server).write(server.url, chunks, length=1 << 22, content_type=TYPE)


def test_a_connection_that_breaks_under_an_upload_is_told(scene: Scene) -> None:
    server = scene.server(b"")
    with pytest.raises(RetryableTransferError) as raised:
        scene.storage(server).write(server.url, [b"x"], length=1, content_type=TYPE)
    assert SECRET not in str(raised.value)
    assert server.requests == 1


def test_nobody_listening_is_told(scene: Scene) -> None:
    server = scene.server(OK)
    server.close()
    with pytest.raises(RetryableTransferError, match="ConnectionError"):
        read(scene.storage(server), server)


def test_more_than_was_allowed_is_not_read(scene: Scene) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = scene.server(head + b"a\r\n0123456789\r\n0\r\n\r\n")
    with pytest.raises(DocumentTooLargeError):
        read(scene.storage(server), server, Limits(transferred_bytes=9))


def test_the_query_is_in_no_log(
    scene: Scene, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scene.server(answer(b"x"))
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        # What an earlier test may have installed.
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
    with caplog.at_level(logging.DEBUG):
        read(scene.storage(server), server)
    assert any("GET //NinetyDays/" in message for message in caplog.messages)
    assert not any(SECRET in message for message in caplog.messages)
