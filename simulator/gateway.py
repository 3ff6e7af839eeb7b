"""The front end of the Selling Partner API: who calls, may they, how often, and in what form.

The order of the checks follows from the headers that the model lists: a 403 names no rate, so authorisation
comes before the usage plan; 413 and 415 name none either. Assumed: a missing user-agent answers 400 (Amazon's
guide requires the header and does not say how its absence is answered), and an unknown path, and a seller's
token at another region's endpoint, answer the same 403 as a token of the wrong grant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from simulator.call import Api, Call
from simulator.errors import ApiError, denied, invalid, of_status
from simulator.frontdoor import Answer, FrontDoor
from simulator.journal import GRANTLESS
from simulator.operations import Grant, Operation, match
from simulator.regions import DEFAULT_REGION
from simulator.throttle import BucketKey
from simulator.world import AccessToken, World

# The payload limit of the kind of gateway that Amazon's answers come from; the model names no number.
MAXIMUM_BODY_BYTES = 10 * 1024 * 1024
UNKNOWN_OPERATION = "unknown"


class Gateway:
    """Serves SP-API requests at one region's endpoint, of production or of the sandbox.

    `apis` go by what `Operation.api` says.
    """

    def __init__(
        self,
        world: World,
        door: FrontDoor,
        apis: Mapping[str, Api],
        *,
        sandbox: bool = False,
        region: str = DEFAULT_REGION,
    ) -> None:
        self._world = world
        self._door = door
        self._apis = apis
        self._sandbox = sandbox
        self._region = region

    async def serve(self, request: Request) -> Response:
        path = "/" + request.path_params["path"]
        found = match(request.method, path)
        headers = {"x-amzn-RequestId": self._world.mint.identifier()}
        media_type = found[0].media_type if found else "application/json"

        async def carry_out() -> Answer:
            if found is None:
                return Answer(403, denied().body(), headers)
            return await self._answer(request, *found, headers)

        def fail(status: int) -> Answer:
            return Answer(status, of_status(status).body(), headers, media_type=media_type)

        presented = self._world.access_tokens.get(request.headers.get("x-amz-access-token", ""))
        return await self._door.serve(
            request,
            found[0].key if found else UNKNOWN_OPERATION,
            carry_out,
            fail,
            path=path,
            sandbox=self._sandbox,
            region=self._region,
            seller_id=presented.seller_id if presented else None,
        )

    async def _answer(
        self, request: Request, operation: Operation, path: dict[str, str], headers: Mapping[str, str]
    ) -> Answer:
        caller: str | None = None
        body: object
        try:
            token = self._identify(request)
            caller = token.seller_id or GRANTLESS
            self._authorise(operation, token)
            self._throttle(operation, token.client_id, caller)
            call = Call(
                operation=operation.key,
                application=self._world.applications[token.client_id],
                seller_id=token.seller_id,
                path=path,
                query=request.query_params.multi_items(),
                body=await _body(request) if operation.has_body else None,
                region=self._region,
                served_at=_served_at(request),
                has_encoded_slash=_has_encoded_slash(request),
            )
            status, body = operation.success, await self._apis[operation.api].carry_out(call)
        except ApiError as error:
            status, body = error.status, error.body()
        all_headers = dict(headers)
        if operation.announces_rate_at(status):
            rate = self._world.throttle.rate(operation.key, sandbox=self._sandbox)
            all_headers["x-amzn-RateLimit-Limit"] = str(rate.per_second)
        return Answer(status, body, all_headers, caller, operation.media_type)

    def _identify(self, request: Request) -> AccessToken:
        presented = request.headers.get("x-amz-access-token", "")
        if not presented:
            raise denied("Access token is missing in the request header.")
        token = self._world.access_tokens.get(presented)
        if token is None or self._world.is_revoked(token):
            raise denied("The access token you provided is revoked, malformed or invalid.")
        if self._world.clock() >= token.expires_at:
            raise denied("The access token you provided has expired.")
        if not request.headers.get("user-agent"):
            raise invalid("The user-agent header is required.")
        return token

    def _authorise(self, operation: Operation, token: AccessToken) -> None:
        if operation.sandbox_only and not self._sandbox:
            raise denied()
        if operation.grant is Grant.GRANTLESS:
            if token.scope != operation.scope:
                raise denied()
        elif token.seller_id is None or token.region != self._region:
            raise denied()

    def _throttle(self, operation: Operation, client_id: str, caller: str) -> None:
        key = BucketKey(client_id, caller, operation.key, self._sandbox, self._region)
        if not self._world.throttle.take(key):
            raise of_status(429)


def _has_encoded_slash(request: Request) -> bool:
    # uvicorn's raw path has the query with it, where an encoded slash is nothing special.
    return b"%2f" in request.scope["raw_path"].split(b"?", 1)[0].lower()


def _served_at(request: Request) -> str:
    # Of the socket, not of the Host header: presigned URLs don't depend on how Amazon was reached either.
    host, port = request.scope["server"]
    return f"{request.url.scheme}://{host}:{port}"


async def _body(request: Request) -> object:
    """The JSON body; 413 over the limit, 415 where its type is not JSON, 400 where its text is not."""
    content = bytearray()
    size = 0
    # A body over the limit is read to its end and dropped: a client that still sends could not read the
    # answer.
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAXIMUM_BODY_BYTES:
            content += chunk
    if size > MAXIMUM_BODY_BYTES:
        raise of_status(413)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise of_status(415)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise invalid("the body is not JSON") from error
