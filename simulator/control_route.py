"""One route of the control API: JSON in, JSON out, refusals as `{"error": text}`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.fields import FieldError
from simulator.publisher import PublishError
from simulator.world import World

Handler = Callable[[Request], Awaitable[object]]


class NotFoundError(Exception):
    """Something named in a control request does not exist."""


class ConflictError(Exception):
    """What a control request asks for cannot be done as things are."""


async def content(request: Request) -> object:
    """The JSON body; {} where there is none. Raises FieldError."""
    body = await request.body()
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError as error:
        raise FieldError(f"the body is not JSON: {error}") from error


def client_id(world: World, wanted: str | None) -> str:
    """The application that a request is about: the one named, else the only one there is."""
    known = sorted(world.applications)
    if wanted is not None:
        if wanted not in known:
            raise NotFoundError(f"clientId: no application {wanted}; known are {known}")
        return wanted
    if len(known) != 1:
        raise FieldError(f"clientId: there are {len(known)} applications {known}; add one, or name one")
    return known[0]


def route(method: str, path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await handler(request))
        except (FieldError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        except NotFoundError as error:
            return JSONResponse({"error": str(error)}, 404)
        except (ConflictError, PublishError) as error:
            return JSONResponse({"error": str(error)}, 409)

    return Route(path, endpoint, methods=[method])
