"""The storage behind upload destinations: a PUT for a message's attachment, a form for A+ content.

Source: the S3 API reference, PutObject and POST Object, and what S3 was seen to answer at such URLs
(amzn/selling-partner-api-models#1755). The signature is looked at before the digest, which is assumed.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from simulator import policy_form
from simulator.blob import Blob, BlobWriter
from simulator.frontdoor import Answer, FrontDoor
from simulator.presigned import Signer, StorageError, of_status
from simulator.upload_book import UploadDestination
from simulator.world import World

UPLOADS_PATH = "/_uploads"
UPLOAD_ATTACHMENT = "uploadAttachment"
_BUCKET = "aplus-media"
# The form's other fields and its boundaries come to the file's bytes.
_LARGEST_FORM_BYTES = 2 * policy_form.LARGEST_BYTES
_ENCRYPTION = {"x-amz-server-side-encryption": "aws:kms"}


class AttachmentStorage:
    """Makes the URLs, and serves the requests to them."""

    def __init__(self, world: World, door: FrontDoor) -> None:
        self._world = world
        self._door = door
        self._secret = world.mint.secret(32)
        self._signer = Signer(self._secret)

    def invite(self, destination: UploadDestination, served_at: str, *, in_form: bool) -> dict[str, object]:
        """`UploadDestination` of the model, with a URL that takes the file."""
        now, book = self._world.clock(), self._world.uploads
        digest = {"Content-MD5": destination.content_md5}
        if in_form:
            destination.form = policy_form.signed_fields(
                self._secret,
                bucket=_BUCKET,
                key=destination.destination_id.removeprefix(f"{_BUCKET}/"),
                owner=destination.seller_id,
                now=now,
                expires=now + book.form_seconds,
            )
            # Slashes and equals signs as in Amazon's URL; a plus sign of the base64 would be a blank.
            query = urlencode(destination.form, quote_via=quote, safe="/=")
            url, headers = f"{served_at}{UPLOADS_PATH}/{_BUCKET}/?{query}", digest
        else:
            path = UPLOADS_PATH + destination.path
            signed = {
                "host": served_at.split("://", 1)[1],
                "content-md5": destination.content_md5,
                **_ENCRYPTION,
            }
            query = self._signer.query("PUT", path, signed, now=now, expires_seconds=book.url_seconds)
            url, headers = f"{served_at}{path}?{query}", {**digest, **_ENCRYPTION}
        return {"uploadDestinationId": destination.destination_id, "url": url, "headers": headers}

    async def serve(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1").split("?", 1)[0]
        headers = {"x-amz-request-id": self._world.mint.identifier(), "Server": "AmazonS3"}
        destination = self._world.uploads.at(path.removeprefix(UPLOADS_PATH))

        def refuse(error: StorageError) -> Answer:
            body = error.body(headers["x-amz-request-id"])
            return Answer(error.status, Response(body, error.status, headers, "application/xml"))

        async def carry_out() -> Answer:
            try:
                response = await self._carry_out(request, path, destination)
            except StorageError as error:
                return refuse(error)
            response.headers.update(headers)
            return Answer(response.status_code, response)

        return await self._door.serve(
            request,
            UPLOAD_ATTACHMENT,
            carry_out,
            lambda status: refuse(of_status(status)),
            path=path,
            seller_id=destination.seller_id if destination else None,
        )

    async def _carry_out(
        self, request: Request, path: str, destination: UploadDestination | None
    ) -> Response:
        in_form = path == f"{UPLOADS_PATH}/{_BUCKET}/" and request.method == "POST"
        try:
            if not in_form:
                self._admit(request, path)
                if destination is None:
                    raise of_status(404)
            _check_framing(request)
        except StorageError:
            # A client that still sends could not read the answer.
            async for _ in request.stream():
                pass
            raise
        return await (self._take_form(request) if destination is None else _put(request, destination))

    def _admit(self, request: Request, path: str) -> None:
        """Raises StorageError for a method or a URL that S3 does not take."""
        if request.method not in ("PUT", "GET", "HEAD"):
            raise StorageError(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
                {"Method": request.method, "ResourceType": "OBJECT"},
            )
        query = dict(request.query_params)
        self._signer.check(request.method, path, query, request.headers, self._world.clock())

    async def _take_form(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            if len(body) <= _LARGEST_FORM_BYTES:
                body += chunk
        if len(body) > _LARGEST_FORM_BYTES:
            text = "Your proposed upload exceeds the maximum allowed size"
            raise StorageError(400, "EntityTooLarge", text)
        form = policy_form.read(request.headers.get("content-type", ""), bytes(body))
        policy_form.check(self._secret, form, _BUCKET, self._world.clock())
        destination = self._world.uploads.of_key(form.fields["key"])
        if destination is None:
            raise of_status(404)
        writer = BlobWriter()
        writer.write(form.file)
        _store(destination, writer.finish())
        return Response(status_code=204)


def _check_framing(request: Request) -> None:
    """S3 takes no chunked upload: with Transfer-Encoding it answers 501, without a Content-Length 411."""
    if "transfer-encoding" in request.headers:
        raise StorageError(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            {"Header": "Transfer-Encoding"},
        )
    if "content-length" not in request.headers:
        raise StorageError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")


async def _put(request: Request, destination: UploadDestination) -> Response:
    told = request.headers.get("content-md5", "")
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
    if not _is_digest(told):
        writer.abandon()
        raise StorageError(
            400, "InvalidDigest", "The Content-MD5 you specified was invalid.", {"Content-MD5": told}
        )
    received = base64.b64encode(writer.md5()).decode()
    if told != received:
        writer.abandon()
        raise StorageError(
            400,
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
            {"ExpectedDigest": told, "CalculatedDigest": received},
        )
    content = writer.finish()
    _store(destination, content)
    return Response(headers={"ETag": f'"{content.md5.hex()}"', **_ENCRYPTION})


def _store(destination: UploadDestination, content: Blob) -> None:
    destination.content = content
    destination.uploads += 1


def _is_digest(told: str) -> bool:
    """Whether it is base64 of sixteen bytes; hex is base64 of twenty-four, and of hex of thirty-two."""
    try:
        return len(base64.b64decode(told, validate=True)) == 16
    except (ValueError, binascii.Error):
        return False
