"""The simulator as one ASGI application: the only place where its parts are put together.

The endpoints of Amazon's regions lie under /regions/na, /regions/eu and /regions/fe, each with its /sandbox;
without /regions/... it is that of na. Login with Amazon, the storage of feed documents and the control API
are one for all.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from simulator.application_control import ApplicationControl
from simulator.applications import ApplicationsApi, ApplicationsSandbox
from simulator.attachment_storage import UPLOADS_PATH, AttachmentStorage
from simulator.call import Api
from simulator.control import Control
from simulator.deliveries import Sleep
from simulator.event_sources import EventSources
from simulator.faults import LWA
from simulator.feed_life import FeedLife
from simulator.feed_sandbox import FeedsSandbox
from simulator.feeds import FeedsApi
from simulator.frontdoor import Answer, FrontDoor
from simulator.gateway import Gateway
from simulator.lwa import LwaError, issue_token
from simulator.messaging import MessagingApi
from simulator.mint import Clock, Mint
from simulator.movable_clock import MovableClock
from simulator.notifications import NotificationsApi
from simulator.operations import (
    APPLICATIONS_API,
    FEEDS_VERSIONS,
    MESSAGING_API,
    NOTIFICATIONS_API,
    ORDERS_API,
    ORDERS_V0_API,
    UPLOADS_API,
)
from simulator.orders import OrdersApi
from simulator.orders_v0 import OrdersV0Api
from simulator.publisher import Publisher
from simulator.queues import Queues
from simulator.regions import DEFAULT_REGION, REGIONS
from simulator.sandbox import SandboxApi
from simulator.static_sandbox import StaticSandbox, models_folder
from simulator.storage import STORAGE_PATH, Storage
from simulator.uploads import UploadsApi
from simulator.world import Application, World

TOKEN_PATH = "/auth/o2/token"
CONTROL_PATH = "/_simulator"
SANDBOX_PATH = "/sandbox"

# What a client may send, so that a method that Amazon does not know gets Amazon's answer and not the
# framework's.
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    *,
    applications: Iterable[Application] = (),
    queues: Queues | None = None,
    event_sources: EventSources | None = None,
    clock: Clock = time.time,
    randomness: random.Random | None = None,
    sleep: Sleep = asyncio.sleep,
    models: Path | None = None,
) -> Starlette:
    """Builds the application.

    Without `queues` and `event_sources` destinations are not checked and nothing can be published. `models`
    is the folder of Amazon's models, whose cases the static sandbox answers with; else see `models_folder`.
    """
    movable = MovableClock(clock)
    mint = Mint(randomness or random.SystemRandom(), movable)
    world = World(mint=mint, clock=movable, applications=applications)
    door = FrontDoor(world, sleep)
    publisher = Publisher(world, queues, event_sources, sleep)
    storage = Storage(world, door)
    attachments = AttachmentStorage(world, door)
    life = FeedLife(world, publisher, sleep)
    owner = ApplicationsApi(world, queues, sleep)
    production: dict[str, Api] = {
        APPLICATIONS_API: owner,
        NOTIFICATIONS_API: NotificationsApi(world, queues, event_sources),
        MESSAGING_API: MessagingApi(world),
        UPLOADS_API: UploadsApi(world, attachments),
        ORDERS_API: OrdersApi(world),
        ORDERS_V0_API: OrdersV0Api(world),
    }
    sandbox: dict[str, Api] = {
        NOTIFICATIONS_API: SandboxApi(world, publisher),
        APPLICATIONS_API: ApplicationsSandbox(),
    }
    for api in (MESSAGING_API, UPLOADS_API, ORDERS_API, ORDERS_V0_API):
        sandbox[api] = StaticSandbox(api, models or models_folder(os.environ))
    for version in FEEDS_VERSIONS:
        production[f"feeds/{version}"] = FeedsApi(world, storage, life, version)
        sandbox[f"feeds/{version}"] = FeedsSandbox(version)

    def endpoint(path: str, region: str, *, in_sandbox: bool) -> Route:
        apis = sandbox if in_sandbox else production
        gateway = Gateway(world, door, apis, sandbox=in_sandbox, region=region)
        return Route(path + "/{path:path}", gateway.serve, methods=_METHODS)

    async def token(request: Request) -> Response:
        return await _serve_token(world, door, request)

    return Starlette(
        routes=[
            Mount(
                CONTROL_PATH,
                routes=[
                    *Control(world, publisher, life).routes(),
                    *ApplicationControl(world, owner, movable).routes(),
                ],
            ),
            Route(STORAGE_PATH + "/{key:path}", storage.serve, methods=_METHODS),
            Route(UPLOADS_PATH + "/{key:path}", attachments.serve, methods=_METHODS),
            Route(TOKEN_PATH, token, methods=["POST"]),
            *(
                endpoint(f"/regions/{region}{path}", region, in_sandbox=bool(path))
                for region in REGIONS
                for path in (SANDBOX_PATH, "")
            ),
            endpoint(SANDBOX_PATH, DEFAULT_REGION, in_sandbox=True),
            endpoint("", DEFAULT_REGION, in_sandbox=False),
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
