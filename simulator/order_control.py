"""The part of the control API for orders, for messages about them, and for what is uploaded for those.

    POST   orders {sellerId, marketplaceId?, region?, amazonOrderId?, status?, fulfilledBy?, locale?,
                   createdAt? | daysAgo?, items?: [{asin?, sku?, title?, quantity?, price?, customized?,
                   digital?, homeService?}], regulated?, count?, form?, offered?, hidden?, disabled?, once?,
                   goneWhenSent?}
               -> a list of the orders made; of `count` only without amazonOrderId
    GET    orders?sellerId=
    POST   orders/{amazonOrderId} {status?, locale?, form?, offered?, hidden?, disabled?, once?,
                   goneWhenSent?, daysOlder?, sellerId?, region?}
    GET    outbox?sellerId=&amazonOrderId=      what buyers were sent, oldest first
    DELETE outbox
    GET    uploads?sellerId=                    upload destinations
    DELETE uploads/{uploadDestinationId}        Amazon forgets one
    POST   uploads/url-lifetime {seconds}

What Amazon lists of messages follows from an order's state, unless `offered` says it: a list of action names
as getMessagingActionsForOrder has them (sendInvoice, not invoice), unknown and withdrawn ones too. `hidden`
and `once` are such names, `disabled` has a reason for each; `goneWhenSent` has those of `once` leave the list
when they are sent, where they would be disabled. `form` is where the schemas stand: embedded, payload, links.
"""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.routing import Route

from simulator import order_fields
from simulator.control_route import ConflictError, NotFoundError, content, route
from simulator.fields import FieldError, Fields
from simulator.message_actions import actions
from simulator.order_book import Order
from simulator.regions import REGIONS
from simulator.world import World

MAXIMUM_ORDERS = 10_000
_SECONDS_A_DAY = 86_400


class OrderControl:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            route("POST", "/orders", self._add),
            route("GET", "/orders", self._list),
            route("POST", "/orders/{order_id}", self._change),
            route("GET", "/outbox", self._outbox),
            route("DELETE", "/outbox", self._clear_outbox),
            route("GET", "/uploads", self._uploads),
            route("POST", "/uploads/url-lifetime", self._set_url_lifetime),
            route("DELETE", "/uploads/{destination_id:path}", self._forget_upload),
        ]

    def state(self) -> dict[str, object]:
        """What the state of the simulator says of orders and messages."""
        return {
            "orders": [self._shown(order) for order in self._world.orders],
            "uploads": len(self._world.uploads.destinations),
            "outbox": len(self._world.outbox),
        }

    async def _add(self, request: Request) -> object:
        given = await content(request)
        fields = Fields(given)
        count, order_id = fields.integer("count", 1), fields.optional_text("amazonOrderId")
        if not 1 <= count <= MAXIMUM_ORDERS:
            raise FieldError(f"count must be from 1 to {MAXIMUM_ORDERS}")
        if order_id and count > 1:
            raise FieldError("give amazonOrderId, or count")
        return [self._made(Fields(given)) for _ in range(count)]

    def _made(self, fields: Fields) -> dict[str, object]:
        fields.optional_integer("count")
        order = order_fields.order(
            fields,
            now=self._world.clock(),
            number=len(self._world.orders) + 1,
            mint_id=self._world.mint.order_id,
        )
        fields.done()
        if self._world.orders.of(order.region, order.seller_id, order.order_id):
            raise ConflictError(
                f"seller {order.seller_id} has an order {order.order_id} already in {order.region}"
            )
        self._world.orders.add(order)
        return self._shown(order)

    async def _list(self, request: Request) -> object:
        seller_id = request.query_params.get("sellerId")
        return [self._shown(order) for order in self._world.orders if seller_id in (None, order.seller_id)]

    async def _change(self, request: Request) -> object:
        fields = Fields(await content(request))
        order = self._named(request, fields)
        status = order_fields.status(fields)
        settings = order_fields.settings(fields, order.messages)
        older = fields.number("daysOlder") * _SECONDS_A_DAY
        locale = fields.optional_text("locale") if fields.has("locale") else order.locale
        fields.done()
        if older < 0:
            raise FieldError("daysOlder must not be negative")
        if status is not None:
            order.has_become(status, self._world.clock())
        order.messages, order.locale = settings, locale
        order.created_at -= older
        order.updated_at -= older
        if order.shipped_at is not None:
            order.shipped_at -= older
        return self._shown(order)

    def _named(self, request: Request, fields: Fields) -> Order:
        order_id = request.path_params["order_id"]
        seller_id, region = fields.optional_text("sellerId"), fields.choice("region", REGIONS)
        found = self._world.orders.named(order_id, seller_id, region)
        if not found:
            raise NotFoundError(f"no order {order_id}" + (f" of seller {seller_id}" if seller_id else ""))
        if len(found) > 1:
            sellers = ", ".join(sorted({f"{held.seller_id} in {held.region}" for held in found}))
            raise FieldError(f"sellerId: several have an order {order_id}: {sellers}; give sellerId, region")
        return found[0]

    async def _outbox(self, request: Request) -> object:
        seller_id, order_id = (request.query_params.get(name) for name in ("sellerId", "amazonOrderId"))
        return self._world.outbox.overview(
            held
            for held in self._world.outbox
            if seller_id in (None, held.seller_id) and order_id in (None, held.order_id)
        )

    async def _clear_outbox(self, _: Request) -> object:
        cleared = len(self._world.outbox)
        self._world.outbox.clear()
        return {"cleared": cleared}

    async def _uploads(self, request: Request) -> object:
        seller_id = request.query_params.get("sellerId")
        held = self._world.uploads.destinations.values()
        return [upload.overview() for upload in held if seller_id in (None, upload.seller_id)]

    async def _forget_upload(self, request: Request) -> object:
        destination_id = unquote(request.path_params["destination_id"])
        gone = self._world.uploads.destinations.pop(destination_id, None)
        if gone is None:
            raise NotFoundError(f"no upload destination {destination_id}")
        return gone.overview()

    async def _set_url_lifetime(self, request: Request) -> object:
        fields = Fields(await content(request))
        seconds = fields.integer("seconds", 0)
        fields.done()
        if seconds < 1:
            raise FieldError("seconds must be an integer of at least 1; it counts for URLs from now")
        self._world.uploads.url_seconds = self._world.uploads.form_seconds = seconds
        return {"seconds": seconds}

    def _shown(self, order: Order) -> dict[str, object]:
        sent = self._world.outbox.sent(order.region, order.seller_id, order.order_id)
        listed = actions(order, sent, self._world.clock())
        return {
            "amazonOrderId": order.order_id,
            "sellerId": order.seller_id,
            "region": order.region,
            "marketplaceId": order.marketplace_id,
            "status": order.status.value,
            "fulfilledBy": order.fulfilled_by.value,
            "createdAt": self._world.mint.timestamp(order.created_at),
            "locale": order.locale,
            "total": f"{order.total} {order.currency}",
            "form": order.messages.form.value,
            "actions": [held.kind.action for held in listed if held.disabled_reason is None],
            "disabled": [held.kind.action for held in listed if held.disabled_reason is not None],
            "sent": sorted(sent),
        }
