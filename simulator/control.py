"""The control API under /_simulator: how tests and people set the scene and see what happened.

Bodies and answers are JSON; a refusal is `{"error": text}` with 400 (cannot be understood), 404 (no such
thing) or 409 (cannot be done now). No answer ever holds a client secret or an access token.

    GET    health
    POST   reset
    POST   applications {clientId, clientSecret, scopes?}
    POST   sellers {sellerId, refreshToken?, marketplaceIds?, clientId?} -> {sellerId, refreshToken}
    POST   sellers/{sellerId}/revoke
    POST   faults {operation, count?, status?, body?, delaySeconds?, cut?, carriedOut?}      DELETE faults
    POST   rates {operation, ratePerSecond, burst}
    POST   tokens {expiresInSeconds}
    POST   notification-types {name, payloadVersions?, workflow?, filterExpression?, camelCase?}
    GET    requests?operation=      DELETE requests
    GET    state
    POST   publish {sellerId?, notification | body, copies?, delaySeconds?, jitterSeconds?, keepMetadata?,
                    via?, destinationId?} -> {notificationId, notificationIds, sent}
    POST   publish-batch {items: [...], shuffleSeed?} -> [{notificationId, notificationIds, sent}]
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.catalogue import NotificationType, Workflow
from simulator.faults import LWA, Cut, Fault
from simulator.fields import FieldError, Fields
from simulator.operations import OPERATIONS, Rate
from simulator.orders import read_order
from simulator.publisher import Publisher, PublishError
from simulator.world import SCOPES, Application, World

Handler = Callable[[Request], Awaitable[object]]


class NotFoundError(Exception):
    """Something named in a control request does not exist."""


class Control:
    def __init__(self, world: World, publisher: Publisher) -> None:
        self._world = world
        self._publisher = publisher

    def routes(self) -> list[Route]:
        return [
            _route("GET", "/health", self._health),
            _route("POST", "/reset", self._reset),
            _route("POST", "/applications", self._add_application),
            _route("POST", "/sellers", self._add_seller),
            _route("POST", "/sellers/{seller_id}/revoke", self._revoke_seller),
            _route("POST", "/faults", self._add_fault),
            _route("DELETE", "/faults", self._clear_faults),
            _route("POST", "/rates", self._set_rate),
            _route("POST", "/tokens", self._set_token_lifetime),
            _route("POST", "/notification-types", self._add_notification_type),
            _route("GET", "/requests", self._requests),
            _route("DELETE", "/requests", self._clear_requests),
            _route("GET", "/state", self._state),
            _route("POST", "/publish", self._publish),
            _route("POST", "/publish-batch", self._publish_batch),
        ]

    async def _health(self, _: Request) -> object:
        return {"status": "ok", "applications": sorted(self._world.applications)}

    async def _reset(self, _: Request) -> object:
        self._world.reset()
        return {}

    async def _add_application(self, request: Request) -> object:
        fields = Fields(await _content(request))
        application = Application(
            fields.text("clientId"), fields.text("clientSecret"), frozenset(fields.texts("scopes")) or SCOPES
        )
        fields.done()
        self._world.applications[application.client_id] = application
        return {"clientId": application.client_id, "applicationId": application.application_id}

    async def _add_seller(self, request: Request) -> object:
        fields = Fields(await _content(request))
        seller_id, refresh_token = fields.text("sellerId"), fields.optional_text("refreshToken")
        marketplace_ids, client_id = fields.texts("marketplaceIds"), fields.optional_text("clientId")
        fields.done()
        token = self._world.authorise(seller_id, self._client_id(client_id), marketplace_ids, refresh_token)
        return {"sellerId": seller_id, "refreshToken": token}

    def _client_id(self, wanted: str | None) -> str:
        """The application that a seller authorises: the one named, else the only one there is."""
        known = sorted(self._world.applications)
        if wanted is not None:
            if wanted not in known:
                raise NotFoundError(f"clientId: no application {wanted}; known are {known}")
            return wanted
        if len(known) != 1:
            raise FieldError(f"clientId: there are {len(known)} applications {known}; add one, or name one")
        return known[0]

    async def _revoke_seller(self, request: Request) -> object:
        seller = self._world.sellers.get(request.path_params["seller_id"])
        if seller is None:
            raise NotFoundError(f"no seller {request.path_params['seller_id']}")
        seller.revoked = True
        return {"sellerId": seller.seller_id, "revoked": True}

    async def _add_fault(self, request: Request) -> object:
        fields = Fields(await _content(request))
        operation = _operation(fields, (*OPERATIONS, LWA))
        cut = fields.choice("cut", tuple(kind.value for kind in Cut))
        fault = Fault(
            operation=operation,
            status=fields.optional_integer("status"),
            body=fields.optional_text("body"),
            delay_seconds=fields.number("delaySeconds"),
            cut=Cut(cut) if cut else None,
            carried_out=fields.flag("carriedOut"),
        )
        count = fields.integer("count", 1)
        fields.done()
        self._world.faults.add(fault, count)
        return {"waiting": self._world.faults.left()}

    async def _clear_faults(self, _: Request) -> object:
        self._world.faults.clear()
        return {}

    async def _set_rate(self, request: Request) -> object:
        fields = Fields(await _content(request))
        operation = _operation(fields, tuple(OPERATIONS))
        rate = Rate(fields.number("ratePerSecond"), fields.integer("burst", 0))
        fields.done()
        self._world.throttle.set_rate(operation, rate)
        return {"operation": operation, "ratePerSecond": rate.per_second, "burst": rate.burst}

    async def _set_token_lifetime(self, request: Request) -> object:
        fields = Fields(await _content(request))
        seconds = fields.integer("expiresInSeconds", 0)
        fields.done()
        if seconds < 1:
            raise FieldError(
                "expiresInSeconds must be an integer of at least 1; it counts for tokens issued from now"
            )
        self._world.token_lifetime_seconds = seconds
        return {"expiresInSeconds": seconds}

    async def _add_notification_type(self, request: Request) -> object:
        fields = Fields(await _content(request))
        kind = NotificationType(
            name=fields.text("name"),
            payload_versions=fields.texts("payloadVersions") or ("1.0",),
            workflow=Workflow(fields.choice("workflow", tuple(kind.value for kind in Workflow)) or "sqs"),
            camel_case=fields.flag("camelCase"),
            filter_expression=fields.flag("filterExpression"),
        )
        fields.done()
        self._world.notification_types[kind.name] = kind
        return {"name": kind.name}

    async def _requests(self, request: Request) -> object:
        operation = request.query_params.get("operation")
        return [entry.as_json() for entry in self._world.journal.entries(operation)]

    async def _clear_requests(self, _: Request) -> object:
        self._world.journal.clear()
        return {}

    async def _state(self, _: Request) -> object:
        world = self._world
        return {
            "applications": [
                {
                    "clientId": held.client_id,
                    "applicationId": held.application_id,
                    "scopes": sorted(held.scopes),
                }
                for held in world.applications.values()
            ],
            "sellers": [
                {"sellerId": held.seller_id, "marketplaceIds": held.marketplace_ids, "revoked": held.revoked}
                for held in world.sellers.values()
            ],
            "destinations": [
                {**held.as_json(), "clientId": held.client_id} for held in world.destinations.values()
            ],
            "subscriptions": [
                {
                    **held.as_json(),
                    "clientId": held.client_id,
                    "sellerId": held.seller_id,
                    "notificationType": held.notification_type,
                }
                for held in world.subscriptions.values()
            ],
            "faults": world.faults.left(),
        }

    async def _publish(self, request: Request) -> object:
        order = read_order(await _content(request), "the body")
        return (await self._publisher.publish([order]))[0].as_json()

    async def _publish_batch(self, request: Request) -> object:
        fields = Fields(await _content(request))
        items, seed = fields.items("items"), fields.optional_integer("shuffleSeed")
        fields.done()
        orders = [read_order(item, f"items[{number}]") for number, item in enumerate(items)]
        return [outcome.as_json() for outcome in await self._publisher.publish(orders, seed)]


def _operation(fields: Fields, allowed: tuple[str, ...]) -> str:
    operation = fields.choice("operation", allowed)
    if operation is None:
        raise FieldError(f"operation is required, one of {', '.join(allowed)}")
    return operation


async def _content(request: Request) -> object:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise FieldError(f"the body is not JSON: {error}") from error


def _route(method: str, path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await handler(request))
        except (FieldError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        except NotFoundError as error:
            return JSONResponse({"error": str(error)}, 404)
        except PublishError as error:
            return JSONResponse({"error": str(error)}, 409)

    return Route(path, endpoint, methods=[method])
