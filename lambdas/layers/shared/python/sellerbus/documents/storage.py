"""Requests presigned URLs: a document comes or goes as a stream of bytes, as they are on the wire.

Nothing is repeated here and no redirect followed.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from requests import Request, RequestException, Response, Session
from urllib3.exceptions import HTTPError

from sellerbus.documents.errors import DamagedDocumentError, DocumentError, RetryableTransferError
from sellerbus.documents.limits import Limits
from sellerbus.documents.presigned import DocumentHosts, host_of, keep_queries_out_of_logs
from sellerbus.documents.refusals import DOCUMENT_HINTS, MOST_BODY_BYTES, refusal

CHUNK_BYTES: Final = 256 << 10
USER_AGENT: Final = "Sellerbus/0.1.0"
CONNECT_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 20.0
"""How long no byte may come before the transfer is given up."""


@dataclass
class Received:
    """An answer's body, to be read once. content_type: the header's value, "" where it is missing."""

    content_type: str
    _raw: Any
    _host: str
    _length: int | None
    _limits: Limits
    transferred_bytes: int = 0

    @property
    def announced_bytes(self) -> int | None:
        """The bytes that shall come; None where the answer doesn't tell."""
        return self._length

    def chunks(self) -> Generator[bytes]:
        """Yield the bytes as sent: no Content-Encoding is undone.

        Raises RetryableTransferError where they end early, and DocumentTooLargeError.
        """
        while chunk := self._read():
            self.transferred_bytes += len(chunk)
            self._limits.check_transferred(self.transferred_bytes)
            yield chunk

    def _read(self) -> bytes:
        try:
            # urllib3 raises where fewer bytes come than Content-Length says, or the last chunk is missing.
            chunk: bytes = self._raw.read(CHUNK_BYTES, decode_content=False)
        except (HTTPError, OSError) as error:
            of = "" if self._length is None else f" of {self._length}"
            raise RetryableTransferError(
                f"the document's download from {self._host} ended after {self.transferred_bytes}{of} bytes "
                f"({type(error).__name__}); try again"
            ) from None
        return chunk

    def interrupt(self) -> None:
        """End a wait for bytes in another thread."""
        # The two say that no connection is held any longer, so that nobody can be waiting.
        with suppress(ValueError, RuntimeError, OSError):
            self._raw.shutdown()


class _Body:
    """What requests sends as it is: iterable and of known length, so that it is not chunked."""

    def __init__(self, chunks: Iterable[bytes], length: int) -> None:
        self._chunks = chunks
        self._length = length
        self.sent_bytes = 0
        self.failure: BaseException | None = None

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        # Kept, since requests would take what comes from a source's own connection for a fault of this one.
        try:
            for chunk in self._chunks:
                self.sent_bytes += len(chunk)
                self._check(self.sent_bytes <= self._length)
                yield chunk
            self._check(self.sent_bytes == self._length)
        except BaseException as error:
            self.failure = error
            raise

    def _check(self, right: bool) -> None:
        if not right:
            raise DamagedDocumentError(
                f"the document's upload was announced with {self._length} bytes, but there are "
                f"{'more' if self.sent_bytes > self._length else self.sent_bytes}; measure it again"
            )


class PresignedStorage:
    """Downloads from and uploads to presigned URLs of the hosts that are allowed."""

    def __init__(
        self,
        session: Session,
        hosts: DocumentHosts,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._session = session
        self._hosts = hosts
        self._timeouts = (connect_seconds, silence_seconds)
        keep_queries_out_of_logs()

    @contextmanager
    def reading(self, url: str, limits: Limits) -> Iterator[Received]:
        """Give the document at `url` while the block runs.

        Raises UrlRefusedError, UrlExpiredError, RetryableTransferError, StorageRefusedError and
        DocumentTooLargeError.
        """
        response = self._request("download", "GET", url, headers={})
        try:
            length = _length(response)
            if length is None and not response.headers.get("Transfer-Encoding"):
                # The connection's end is its end then, which nobody could tell from its being cut short.
                raise DamagedDocumentError(f"the document from {host_of(url)} is of unknown length; refused")
            limits.check_transferred(length or 0)
            content_type = response.headers.get("Content-Type", "")
            yield Received(content_type, response.raw, host_of(url), length, limits)
        finally:
            response.close()

    def write(self, url: str, chunks: Iterable[bytes], *, length: int, content_type: str) -> None:
        """Upload `chunks`, of `length` bytes together, as `content_type`, which the URL's signature holds.

        A repeat does no harm: it stores the same again. An upload is refused only once much of it was sent,
        and the refusal of an expired URL can be lost with the connection: use no old URL for a repeat.
        Raises UrlRefusedError, UrlExpiredError, RetryableTransferError, StorageRefusedError, and what
        iterating over `chunks` raises.
        """
        body = _Body(chunks, length)
        headers = {"Content-Type": content_type}
        try:
            # requests would send what has the length 0 in chunks, which S3 takes for no length.
            sent = body if length else b"".join(body)
            self._request("upload", "PUT", url, headers=headers, body=sent).close()
        except DocumentError:
            if body.failure is not None:
                raise body.failure from None
            raise

    def send(
        self, method: str, url: str, content: bytes, *, headers: Mapping[str, str], success: Container[int]
    ) -> None:
        """Upload `content` with exactly these headers beside the connection's own.

        Raises UrlRefusedError, UrlExpiredError, RetryableTransferError and StorageRefusedError.
        """
        self._request(
            "upload", method, url, headers=dict(headers), body=content, success=success, hints={}
        ).close()

    def _request(
        self,
        doing: str,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: _Body | bytes | None = None,
        success: Container[int] = frozenset({200}),
        hints: Mapping[str, str] = DOCUMENT_HINTS,
    ) -> Response:
        self._hosts.check(url)
        host = host_of(url)
        # Nothing packs what is asked for so.
        headers = {"Accept-Encoding": "identity", "User-Agent": USER_AGENT, **headers}
        request = Request(method, url, headers=headers, data=body).prepare()
        surroundings = self._session.merge_environment_settings(url, {}, True, None, None)
        verify = surroundings["verify"]
        try:
            # Not by the session: told to follow no redirect, it still reads one's whole body into memory, and
            # it adds what the person's .netrc holds for the host.
            response = self._session.get_adapter(url).send(
                request,
                stream=True,
                timeout=self._timeouts,
                verify=True if verify is None else verify,
                proxies=surroundings["proxies"],
            )
        except (RequestException, HTTPError) as error:
            # Not its text, which can hold the query.
            raise RetryableTransferError(
                f"the document's {doing} got no answer from {host} ({type(error).__name__}); try again"
            ) from None
        if response.status_code in success:
            return response
        with response:
            raise refusal(doing, host, response.status_code, _start(response), hints)


def _length(response: Response) -> int | None:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _start(response: Response) -> bytes:
    try:
        body: bytes = response.raw.read(MOST_BODY_BYTES, decode_content=False)
    except (HTTPError, OSError):
        # The status tells enough.
        return b""
    return body
