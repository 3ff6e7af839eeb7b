"""The simulator as one ASGI application: the only place where its parts are put together."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from simulator.control import Control
from simulator.faults import LWA
from simulator.frontdoor import Answer, FrontDoor
from simulator.gateway import Gateway
from simulator.lwa import LwaError, issue_token
from simulator.mint import Clock, Mint
from simulator.notifications import NotificationsApi
from simulator.publisher import Publisher, Sleep
from simulator.queues import Queues
from simulator.sandbox import SandboxApi
from simulator.world import Application, World

TOKEN_PATH = "/auth/o2/token"
CONTROL_PATH = "/_simulator"

# What a client may send, so that a method that Amazon does not know gets Amazon's answer and not the
# framework's.
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    *,
    applications: Iterable[Application] = (),
    queues: Queues | None = None,
    clock: Clock = time.time,
    randomness: random.Random | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Starlette:
    """Builds the application; without `queues` destinations are not checked and nothing can be published."""
    mint = Mint(randomness or random.SystemRandom(), clock)
    world = World(mint=mint, clock=clock, applications=applications)
    door = FrontDoor(world, sleep)
    publisher = Publisher(world, queues, sleep)
    production = Gateway(world, door, NotificationsApi(world, queues))
    sandbox = Gateway(world, door, SandboxApi(world, publisher), sandbox=True)

    async def token(request: Request) -> Response:
        return await _serve_token(world, door, request)

    return Starlette(
        routes=[
            Mount(CONTROL_PATH, routes=Control(world, publisher).routes()),
            Route(TOKEN_PATH, token, methods=["POST"]),
            Route("/sandbox/{path:path}", sandbox.serve, methods=_METHODS),
            Route("/{path:path}", production.serve, methods=_METHODS),
        ]
    )


async def _serve_token(world: World, door: FrontDoor, request: Request) -> Response:
    headers = {
        "x-amzn-RequestId": world.mint.identifier(),
        "Cache-Control": "no-store",
        "Pragma": "no-cache",
    }

    async def carry_out() -> Answer:
        try:
            body = issue_token(world, request.headers.get("content-type", ""), await request.body())
        except LwaError as error:
            return Answer(error.status, error.body(), headers)
        return Answer(200, body, headers)

    def fail(status: int) -> Answer:
        error = LwaError(
            status, "server_error", "The authorization server encountered an unexpected condition"
        )
        return Answer(status, error.body(), headers)

    return await door.serve(request, LWA, carry_out, fail, path=TOKEN_PATH)
