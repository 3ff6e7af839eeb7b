"""The two operations of the Orders API 2026-01-01, over the simulated world.

Source: the model orders_2026-01-01.json. A dataset comes only where includedData names it, so that whoever
asks for no buyer gets none. Lists have the oldest order first, which is assumed, as is that an order of
another seller answers 404.
"""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

from simulator.call import Call
from simulator.errors import not_found
from simulator.marketplaces import MARKETPLACE
from simulator.order_book import Buyer, Item, Order, Package, Status
from simulator.order_rules import OrderFilter, included_data, order_filter
from simulator.paging import read_order_token, write_order_token
from simulator.times import time
from simulator.world import World


class OrdersApi:
    def __init__(self, world: World) -> None:
        self._world = world

    async def carry_out(self, call: Call) -> dict[str, object]:
        """Returns the body of a success, or raises ApiError."""
        included = included_data(call.query)
        if "orderId" in call.path:
            order = self._world.orders.of(call.region, call.seller, call.path["orderId"])
            if order is None:
                raise not_found(f"No order with id {call.path['orderId']}")
            return {"order": as_json(order, included)}
        wanted = order_filter(call.query, call.region, self._world.clock())
        page = listed(self._world, call, wanted, "paginationToken")
        body: dict[str, object] = {"orders": [as_json(order, included) for order in page.orders]}
        if page.token:
            body["pagination"] = {"nextToken": page.token}
        body["lastUpdatedBefore" if page.wanted.by_update else "createdBefore"] = time(page.wanted.until)
        return body


class Page:
    """One page of a list: its orders, the filter that it is of, and the token of the next."""

    def __init__(self, orders: list[Order], wanted: OrderFilter, token: str | None) -> None:
        self.orders = orders
        self.wanted = wanted
        self.token = token


def listed(world: World, call: Call, wanted: OrderFilter | str, name: str) -> Page:
    """The page that a filter begins with, or that a token, the parameter `name`, goes on with."""
    listing = [call.application.client_id, call.seller, call.region, call.operation]
    after = (0.0, 0)
    if isinstance(wanted, str):
        after, filters = read_order_token(wanted, name, listing)
        wanted = OrderFilter(**filters)
    rest = [
        order
        for order in world.orders.sellers(call.region, call.seller)
        if (order.created_at, order.sequence) > after and wanted.fits(order)
    ]
    page = rest[: wanted.page_size]
    token = None
    if len(rest) > len(page):
        last = (page[-1].created_at, page[-1].sequence)
        token = write_order_token(last, asdict(wanted), listing)
    return Page(page, wanted, token)


def as_json(order: Order, included: frozenset[str]) -> dict[str, object]:
    """`Order` of the model."""
    marketplace = MARKETPLACE[order.marketplace_id]
    body: dict[str, object] = {
        "orderId": order.order_id,
        "createdTime": time(order.created_at),
        "lastUpdatedTime": time(order.updated_at),
        "programs": [],
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": order.marketplace_id,
            "marketplaceName": marketplace.channel,
        },
    }
    if "BUYER" in included:
        body["buyer"] = {"buyerName": order.buyer.name, "buyerEmail": order.buyer.email}
    if "RECIPIENT" in included:
        body["recipient"] = {"deliveryAddress": _address(order.buyer)}
    if "PROCEEDS" in included and order.status is not Status.PENDING:
        body["proceeds"] = {"grandTotal": _money(order.total, order.currency)}
    if "FULFILLMENT" in included:
        body["fulfillment"] = {
            "fulfillmentStatus": order.status.value,
            "fulfilledBy": order.fulfilled_by.value,
            "fulfillmentServiceLevel": "STANDARD",
        }
    body["orderItems"] = [_item(order, item, included) for item in order.items]
    if "PACKAGES" in included and order.packages:
        body["packages"] = [_package(package) for package in order.packages]
    return body


def _item(order: Order, item: Item, included: frozenset[str]) -> dict[str, object]:
    body: dict[str, object] = {
        "orderItemId": item.item_id,
        "quantityOrdered": item.quantity,
        "product": {
            "asin": item.asin,
            "title": item.title,
            "sellerSku": item.sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
            "price": {"unitPrice": _money(item.price, order.currency)},
        },
    }
    if "PROCEEDS" in included:
        total = _money(item.price * item.quantity, order.currency)
        body["proceeds"] = {
            "proceedsTotal": total,
            "breakdowns": [{"type": "ITEM", "subtotal": total}],
        }
    if "CANCELLATION" in included and order.status is Status.CANCELLED:
        body["cancellation"] = {"cancellationExecution": {"cancelledBy": "BUYER"}}
    if "FULFILLMENT" in included:
        body["fulfillment"] = {
            "quantityFulfilled": item.shipped,
            "quantityUnfulfilled": item.quantity - item.shipped,
        }
    return body


def _package(package: Package) -> dict[str, object]:
    return {
        "packageReferenceId": package.reference,
        "packageStatus": {"status": "SHIPPED"},
        "carrier": package.carrier,
        "shipTime": time(package.shipped_at),
        "trackingNumber": package.tracking_number,
        "packageItems": [{"orderItemId": name, "quantity": count} for name, count in package.quantities],
    }


def _address(buyer: Buyer) -> dict[str, object]:
    return {
        "name": buyer.name,
        "addressLine1": buyer.address_line,
        "city": buyer.city,
        "stateOrRegion": buyer.state,
        "postalCode": buyer.postal_code,
        "countryCode": buyer.country,
        "phone": buyer.phone,
        "addressType": "RESIDENTIAL",
    }


def _money(amount: Decimal, currency: str) -> dict[str, object]:
    return {"amount": str(amount), "currencyCode": currency}
