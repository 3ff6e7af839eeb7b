"""The part of the control API for the application itself, whose client secret Amazon makes anew.

    GET    applications                                    each with its secrets' times, never a secret
    POST   applications/{clientId}/queues {newSecretQueueArn?, expiryQueueArn?, queueArn?}
               what its owner registers in the Developer Console; queueArn for both; "" unregisters
    POST   applications/{clientId}/pace {worksAfterSeconds?, messageAfterSeconds?, oldLastsSeconds?}
    POST   applications/{clientId}/announce-expiry {ofPrevious?} -> {notificationId}
    POST   applications/{clientId}/rotate                  at the Developer Console, by hand
    POST   clock {aheadSeconds}                            all times of the simulator; 0 for the real one

`only` as clientId means the only application that there is.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.routing import Route

from simulator.applications import ApplicationsApi
from simulator.control_route import ConflictError, client_id, content, route
from simulator.fields import FieldError, Fields
from simulator.movable_clock import MovableClock
from simulator.world import Application, World

ONLY = "only"


class ApplicationControl:
    def __init__(self, world: World, api: ApplicationsApi, clock: MovableClock) -> None:
        self._world = world
        self._api = api
        self._clock = clock

    def routes(self) -> list[Route]:
        one = "/applications/{client_id}"
        return [
            route("GET", "/applications", self._list),
            route("POST", f"{one}/queues", self._register),
            route("POST", f"{one}/pace", self._set_pace),
            route("POST", f"{one}/announce-expiry", self._announce),
            route("POST", f"{one}/rotate", self._rotate),
            route("POST", "/clock", self._set_clock),
        ]

    async def _list(self, _: Request) -> object:
        return [self._shown(application) for application in self._world.applications.values()]

    async def _register(self, request: Request) -> object:
        application = self._named(request)
        fields = Fields(await content(request))
        both = fields.optional_text("queueArn")
        new_secret, expiry = fields.optional_text("newSecretQueueArn"), fields.optional_text("expiryQueueArn")
        fields.done()
        held = self._world.secrets_of(application)
        told = [arn for arn in (both, new_secret, expiry) if arn is not None]
        if not told:
            raise FieldError("give queueArn, or newSecretQueueArn or expiryQueueArn")
        if any(arn and not arn.startswith("arn:aws:sqs:") for arn in told):
            raise FieldError("a queue is named by its ARN, arn:aws:sqs:...")
        if (arn := both if new_secret is None else new_secret) is not None:
            held.new_secret_queue = arn
        if (arn := both if expiry is None else expiry) is not None:
            held.expiry_queue = arn
        return self._shown(application)

    async def _set_pace(self, request: Request) -> object:
        application = self._named(request)
        fields = Fields(await content(request))
        held = self._world.secrets_of(application)
        names = {
            "works_after": "worksAfterSeconds",
            "message_after": "messageAfterSeconds",
            "old_lasts": "oldLastsSeconds",
        }
        changed = {part: fields.number(name) for part, name in names.items() if fields.has(name)}
        fields.done()
        if any(seconds < 0 for seconds in changed.values()):
            raise FieldError("seconds must not be negative")
        held.pace = replace(held.pace, **changed)
        return self._shown(application)

    async def _announce(self, request: Request) -> object:
        application = self._named(request)
        fields = Fields(await content(request))
        of_previous = fields.flag("ofPrevious")
        fields.done()
        held = self._world.secrets_of(application)
        if not held.expiry_queue:
            raise ConflictError("no queue is registered for the expiry: applications/{clientId}/queues")
        if of_previous and len(held.secrets) < 2:
            raise ConflictError("there is no secret before the present one")
        return {"notificationId": self._api.announce_expiry(application, of_previous=of_previous)}

    async def _rotate(self, request: Request) -> object:
        application = self._named(request)
        Fields(await content(request)).done()
        self._api.rotate(application, at_the_console=True)
        return self._shown(application)

    async def _set_clock(self, request: Request) -> object:
        fields = Fields(await content(request))
        ahead = fields.number("aheadSeconds")
        fields.done()
        self._clock.ahead_seconds = ahead
        return {"aheadSeconds": ahead, "now": self._world.mint.timestamp()}

    def _named(self, request: Request) -> Application:
        named = str(request.path_params["client_id"])
        return self._world.applications[client_id(self._world, None if named == ONLY else named)]

    def _shown(self, application: Application) -> dict[str, object]:
        held, now = self._world.secrets_of(application), self._world.clock()
        timestamp = self._world.mint.timestamp
        return {
            "clientId": application.client_id,
            "newSecretQueueArn": held.new_secret_queue or None,
            "expiryQueueArn": held.expiry_queue or None,
            "pace": {
                "worksAfterSeconds": held.pace.works_after,
                "messageAfterSeconds": held.pace.message_after,
                "oldLastsSeconds": held.pace.old_lasts,
            },
            "secrets": [
                {
                    "issuedAt": timestamp(secret.issued_at),
                    "worksFrom": timestamp(secret.works_from),
                    "endsAt": timestamp(secret.ends_at),
                    "works": secret.works(now),
                }
                for secret in held.secrets
            ],
        }
