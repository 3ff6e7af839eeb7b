"""The storage behind presigned URLs: PUT a feed, GET a feed or a report, with S3's answers.

Source: the S3 API reference, PutObject and GetObject. S3 takes no chunked upload: without a Content-Length it
answers 411, with Transfer-Encoding 501.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from simulator.blob import Blob, BlobWriter
from simulator.feed_book import Document
from simulator.frontdoor import Answer, FrontDoor
from simulator.presigned import Signer, StorageError, of_status
from simulator.world import World

STORAGE_PATH = "/_documents"
UPLOAD, DOWNLOAD = "uploadDocument", "downloadDocument"
STORAGE_OPERATIONS = (UPLOAD, DOWNLOAD)

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_GIVEN_ENCODING = "response-content-encoding"


class Storage:
    """Makes the URLs, and serves the requests to them."""

    def __init__(self, world: World, door: FrontDoor) -> None:
        self._world = world
        self._door = door
        self._signer = Signer(world.mint.secret(32))

    def upload_url(self, document: Document, served_at: str) -> str:
        """For a PUT with exactly the document's content type."""
        return self._url("PUT", document, served_at, {"content-type": document.content_type})

    def download_url(self, document: Document, served_at: str, *, content_encoding: bool = False) -> str:
        """For a GET; with `content_encoding` the answer to it has that header where it is compressed."""
        given = "gzip" if content_encoding else "identity"
        return self._url("GET", document, served_at, {}, {_GIVEN_ENCODING: given} if document.gzip else {})

    def _url(
        self,
        method: str,
        document: Document,
        served_at: str,
        headers: dict[str, str],
        parameters: dict[str, str] | None = None,
    ) -> str:
        path = STORAGE_PATH + document.path
        query = self._signer.query(
            method,
            path,
            {"host": served_at.split("://", 1)[1], **headers},
            now=self._world.clock(),
            expires_seconds=self._world.feeds.url_seconds,
            parameters=parameters,
        )
        return f"{served_at}{path}?{query}"

    async def serve(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1").split("?", 1)[0]
        headers = {"x-amz-request-id": self._world.mint.identifier(), "Server": "AmazonS3"}
        document = self._world.feeds.document_at(path.removeprefix(STORAGE_PATH))
        seller_id = document.seller_id if document else None

        def refuse(error: StorageError) -> Answer:
            body = error.body(headers["x-amz-request-id"])
            return Answer(error.status, Response(body, error.status, headers, "application/xml"))

        async def carry_out() -> Answer:
            try:
                response = await self._carry_out(request, path)
            except StorageError as error:
                return refuse(error)
            response.headers.update(headers)
            return Answer(response.status_code, response)

        return await self._door.serve(
            request,
            UPLOAD if request.method == "PUT" else DOWNLOAD,
            carry_out,
            lambda status: refuse(of_status(status)),
            path=path,
            seller_id=seller_id,
        )

    async def _carry_out(self, request: Request, path: str) -> Response:
        try:
            document = self._admitted(request, path)
        except StorageError:
            # A client that still sends could not read the answer.
            async for _ in request.stream():
                pass
            raise
        if request.method == "PUT":
            return await _put(request, document)
        return _get(document, request.headers.get("range"), request.query_params.get(_GIVEN_ENCODING))

    def _admitted(self, request: Request, path: str) -> Document:
        query = dict(request.query_params)
        self._signer.check(request.method, path, query, request.headers, self._world.clock())
        if "transfer-encoding" in request.headers:
            raise StorageError(
                501,
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
                {"Header": "Transfer-Encoding"},
            )
        if request.method == "PUT" and "content-length" not in request.headers:
            raise StorageError(
                411, "MissingContentLength", "You must provide the Content-Length HTTP header."
            )
        document = self._world.feeds.document_at(path.removeprefix(STORAGE_PATH))
        if document is None:
            raise of_status(404)
        return document


async def _put(request: Request, document: Document) -> Response:
    writer = BlobWriter()
    finished = False
    try:
        async for chunk in request.stream():
            writer.write(chunk)
        finished = True
    finally:
        # Whoever leaves in the middle has stored nothing.
        if not finished:
            writer.abandon()
    told = request.headers.get("content-md5")
    if told is not None and told != base64.b64encode(writer.md5()).decode():
        writer.abandon()
        raise StorageError(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
    document.content = writer.finish()
    return Response(headers={"ETag": _tag(document.content)})


def _get(document: Document, wanted: str | None, encoding: str | None) -> Response:
    content = document.content
    if content is None:
        raise of_status(404)
    headers = {"Content-Type": document.content_type, "ETag": _tag(content), "Accept-Ranges": "bytes"}
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    start, end, status = 0, content.size, 200
    if wanted is not None and (asked := _RANGE.fullmatch(wanted)):
        start = int(asked[1])
        end = min(content.size, int(asked[2]) + 1) if asked[2] else content.size
        if start >= end:
            raise StorageError(416, "InvalidRange", "The requested range is not satisfiable")
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(_stream(content, start, end), status, headers)


async def _stream(content: Blob, start: int, end: int) -> AsyncIterator[bytes]:
    for chunk in content.chunks(start, end):
        yield chunk


def _tag(content: Blob) -> str:
    return f'"{content.md5.hex()}"'
