"""The control API under /_simulator: how tests and people set the scene and see what happened.

Bodies and answers are JSON; a refusal is `{"error": text}` with 400 (cannot be understood), 404 (no such
thing) or 409 (cannot be done now). No answer ever holds a client secret or an access token.

    GET    health
    POST   reset
    POST   applications {clientId, clientSecret, scopes?}
    POST   sellers {sellerId, refreshToken?, marketplaceIds?, region?, clientId?}
               -> {sellerId, refreshToken, region}; the region is that of the marketplaces, or na
    POST   sellers/{sellerId}/revoke {region?}
    By somebody else, and the queue is not looked at; a move deletes and makes anew:
    POST   destinations {name, queueArn, region?, clientId?}
    DELETE subscriptions/{subscriptionId}
    POST   subscriptions/{subscriptionId}/move {destinationId}
    POST   faults {operation, sellerId?, count?, status?, body?, delaySeconds?, cut?, carriedOut?, damage?}
    DELETE faults
    POST   rates {operation, ratePerSecond, burst}
    POST   tokens {expiresInSeconds}
    POST   notification-types {name, payloadVersions?, workflow?, filterExpression?, camelCase?}
    GET    requests?operation=&sellerId=      DELETE requests
    GET    state
    POST   publish {sellerId?, notification | body, copies?, delaySeconds?, jitterSeconds?, keepMetadata?,
                    via?, destinationId?, region?} -> {notificationId, notificationIds, sent}
    POST   publish-batch {items: [...], shuffleSeed?} -> [{notificationId, notificationIds, sent}]

Those for feeds are in `feed_control`, for orders and messages in `order_control`, for the application's
client secret, and for the clock, in `application_control`.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from simulator.attachment_storage import UPLOAD_ATTACHMENT
from simulator.behind_the_back import BehindTheBack
from simulator.catalogue import NotificationType, Workflow
from simulator.control_route import NotFoundError, client_id, content, route
from simulator.faults import LWA, Cut, Damage, Fault
from simulator.feed_control import FeedControl
from simulator.feed_life import FeedLife
from simulator.fields import FieldError, Fields
from simulator.operations import OPERATIONS, PLANS, Rate
from simulator.order_control import OrderControl
from simulator.publish_request import read_publish_request
from simulator.publisher import Publisher
from simulator.regions import REGIONS, region_of
from simulator.storage import DOWNLOAD, STORAGE_OPERATIONS
from simulator.world import SCOPES, Application, Seller, World


class Control:
    def __init__(self, world: World, publisher: Publisher, life: FeedLife) -> None:
        self._world = world
        self._publisher = publisher
        self._feeds = FeedControl(world, life)
        self._orders = OrderControl(world)

    def routes(self) -> list[Route]:
        return [
            route("GET", "/health", self._health),
            route("POST", "/reset", self._reset),
            route("POST", "/applications", self._add_application),
            route("POST", "/sellers", self._add_seller),
            route("POST", "/sellers/{seller_id}/revoke", self._revoke_seller),
            route("POST", "/faults", self._add_fault),
            route("DELETE", "/faults", self._clear_faults),
            route("POST", "/rates", self._set_rate),
            route("POST", "/tokens", self._set_token_lifetime),
            route("POST", "/notification-types", self._add_notification_type),
            route("GET", "/requests", self._requests),
            route("DELETE", "/requests", self._clear_requests),
            route("GET", "/state", self._state),
            route("POST", "/publish", self._publish),
            route("POST", "/publish-batch", self._publish_batch),
            *BehindTheBack(self._world).routes(),
            *self._feeds.routes(),
            *self._orders.routes(),
        ]

    async def _health(self, _: Request) -> object:
        return {"status": "ok", "applications": sorted(self._world.applications)}

    async def _reset(self, _: Request) -> object:
        self._world.reset()
        return {}

    async def _add_application(self, request: Request) -> object:
        fields = Fields(await content(request))
        application = Application(
            fields.text("clientId"), fields.text("clientSecret"), frozenset(fields.texts("scopes")) or SCOPES
        )
        fields.done()
        self._world.applications[application.client_id] = application
        return {"clientId": application.client_id, "applicationId": application.application_id}

    async def _add_seller(self, request: Request) -> object:
        fields = Fields(await content(request))
        seller_id, refresh_token = fields.text("sellerId"), fields.optional_text("refreshToken")
        marketplace_ids, application = fields.texts("marketplaceIds"), fields.optional_text("clientId")
        region = fields.choice("region", REGIONS) or region_of(marketplace_ids)
        fields.done()
        token = self._world.authorise(
            seller_id, client_id(self._world, application), marketplace_ids, refresh_token, region
        )
        return {"sellerId": seller_id, "refreshToken": token, "region": region}

    async def _revoke_seller(self, request: Request) -> object:
        fields = Fields(await content(request))
        region = fields.choice("region", REGIONS)
        fields.done()
        seller = self._seller(request.path_params["seller_id"], region)
        seller.revoked = True
        return {"sellerId": seller.seller_id, "region": seller.region, "revoked": True}

    def _seller(self, seller_id: str, region: str | None) -> Seller:
        found = [
            seller
            for (where, named), seller in self._world.sellers.items()
            if named == seller_id and region in (None, where)
        ]
        if not found:
            raise NotFoundError(f"no seller {seller_id}" + (f" in {region}" if region else ""))
        if len(found) > 1:
            raise FieldError(f"region: seller {seller_id} has authorised the application in several")
        return found[0]

    async def _add_fault(self, request: Request) -> object:
        fields = Fields(await content(request))
        operation = fields.required_choice(
            "operation", (*OPERATIONS, LWA, *STORAGE_OPERATIONS, UPLOAD_ATTACHMENT)
        )
        cut = fields.choice("cut", tuple(kind.value for kind in Cut))
        damage = fields.choice("damage", tuple(kind.value for kind in Damage))
        if damage and operation != DOWNLOAD:
            raise FieldError(f"damage is done to {DOWNLOAD} only")
        fault = Fault(
            operation=operation,
            seller_id=fields.optional_text("sellerId"),
            damage=Damage(damage) if damage else None,
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
        fields = Fields(await content(request))
        operation = fields.required_choice("operation", tuple(PLANS))
        rate = Rate(fields.number("ratePerSecond"), fields.integer("burst", 0))
        fields.done()
        self._world.throttle.set_rate(operation, rate)
        return {"operation": operation, "ratePerSecond": rate.per_second, "burst": rate.burst}

    async def _set_token_lifetime(self, request: Request) -> object:
        fields = Fields(await content(request))
        seconds = fields.integer("expiresInSeconds", 0)
        fields.done()
        if seconds < 1:
            raise FieldError(
                "expiresInSeconds must be an integer of at least 1; it counts for tokens issued from now"
            )
        self._world.token_lifetime_seconds = seconds
        return {"expiresInSeconds": seconds}

    async def _add_notification_type(self, request: Request) -> object:
        fields = Fields(await content(request))
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
        operation, seller_id = (request.query_params.get(name) for name in ("operation", "sellerId"))
        return [
            entry.as_json()
            for entry in self._world.journal.entries(operation)
            if seller_id in (None, entry.caller)
        ]

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
                {
                    "sellerId": held.seller_id,
                    "region": held.region,
                    "marketplaceIds": held.marketplace_ids,
                    "revoked": held.revoked,
                }
                for held in world.sellers.values()
            ],
            "destinations": [
                {**held.as_json(), "clientId": held.client_id, "region": held.region}
                for held in world.destinations.values()
            ],
            "subscriptions": [
                {
                    **held.as_json(),
                    "clientId": held.client_id,
                    "sellerId": held.seller_id,
                    "notificationType": held.notification_type,
                    "region": held.region,
                }
                for held in world.subscriptions.values()
            ],
            **self._feeds.state(),
            **self._orders.state(),
            "faults": world.faults.left(),
        }

    async def _publish(self, request: Request) -> object:
        asked = read_publish_request(await content(request), "the body")
        return (await self._publisher.publish([asked]))[0].as_json()

    async def _publish_batch(self, request: Request) -> object:
        fields = Fields(await content(request))
        items, seed = fields.items("items"), fields.optional_integer("shuffleSeed")
        fields.done()
        asked = [read_publish_request(item, f"items[{number}]") for number, item in enumerate(items)]
        return [outcome.as_json() for outcome in await self._publisher.publish(asked, seed)]
