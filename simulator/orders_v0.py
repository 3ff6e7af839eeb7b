"""The seven operations of the Orders API v0 that read, over the simulated world; `shipments` has the others.

Source: the model ordersV0.json. Names, address lines and telephone numbers take a restricted data token, of
which the simulator has none: what is left of a buyer without one is the anonymous e-mail address and the
place. Pending orders have no total and no address. Assumed: lists have the oldest order first, an order of
another seller answers 404, and so does the regulated information of an order that has none.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from simulator.call import Call
from simulator.errors import not_found
from simulator.marketplaces import MARKETPLACE
from simulator.order_book import FulfilledBy, Item, Order, Status
from simulator.order_rules import V0_CHANNELS, V0_STATUSES, v0_filter
from simulator.orders import listed
from simulator.shipments import Shipments
from simulator.times import time
from simulator.verification import regulated_info
from simulator.world import World

Answered = dict[str, object] | None
_PENDING = (Status.PENDING, Status.PENDING_AVAILABILITY)
_SECONDS_A_DAY = 86_400


class OrdersV0Api:
    def __init__(self, world: World) -> None:
        self._world = world
        self._shipments = Shipments(world)
        self._readers: dict[str, Callable[[Order], dict[str, object]]] = {
            "getOrder": as_json,
            "getOrderBuyerInfo": _buyer_info,
            "getOrderAddress": _address,
            "getOrderItems": _items,
            "getOrderItemsBuyerInfo": _items_buyer_info,
            "getOrderRegulatedInfo": regulated_info,
        }

    async def carry_out(self, call: Call) -> Answered:
        """Returns the body of a success, None where that has none, or raises ApiError."""
        name = call.operation.rsplit("/", 1)[-1]
        if name == "getOrders":
            return self._get_orders(call)
        order = self._world.orders.of(call.region, call.seller, call.path["orderId"])
        if order is None:
            raise not_found(f"No order with id {call.path['orderId']}")
        if name in self._readers:
            return {"payload": self._readers[name](order)}
        self._shipments.carry_out(name, order, call.body)
        return None

    def _get_orders(self, call: Call) -> Answered:
        wanted = v0_filter(call.query, call.region, self._world.clock())
        page = listed(self._world, call, wanted, "NextToken")
        payload: dict[str, object] = {"Orders": [as_json(order) for order in page.orders]}
        if page.token:
            payload["NextToken"] = page.token
        payload["LastUpdatedBefore" if page.wanted.by_update else "CreatedBefore"] = time(page.wanted.until)
        return {"payload": payload}


def as_json(order: Order) -> dict[str, object]:
    """`Order` of the model."""
    body: dict[str, object] = {
        "AmazonOrderId": order.order_id,
        "SellerOrderId": order.order_id,
        "PurchaseDate": time(order.created_at),
        "LastUpdateDate": time(order.updated_at),
        "OrderStatus": V0_STATUSES[order.status],
        "FulfillmentChannel": V0_CHANNELS[order.fulfilled_by],
        "SalesChannel": MARKETPLACE[order.marketplace_id].channel,
        "ShipServiceLevel": "Std US D2D Dom",
        "NumberOfItemsShipped": order.shipped_pieces,
        "NumberOfItemsUnshipped": order.unshipped_pieces,
        "PaymentMethod": "Other",
        "PaymentMethodDetails": ["Standard"],
        "MarketplaceId": order.marketplace_id,
        "ShipmentServiceLevelCategory": "Standard",
        "OrderType": "Preorder" if order.status is Status.PENDING_AVAILABILITY else "StandardOrder",
        "EarliestShipDate": time(order.created_at),
        "LatestShipDate": time(order.created_at + 2 * _SECONDS_A_DAY),
        "IsBusinessOrder": False,
        "IsPrime": order.fulfilled_by is FulfilledBy.AMAZON,
        "IsPremiumOrder": False,
        "IsGlobalExpressEnabled": False,
        "IsReplacementOrder": False,
        "IsISPU": False,
        "IsSoldByAB": False,
        "HasRegulatedItems": order.regulated,
        "BuyerInfo": {"BuyerEmail": order.buyer.email},
    }
    if order.status not in _PENDING:
        body["OrderTotal"] = _money(order.total, order.currency)
        body["ShippingAddress"] = _place(order)
    return body


def _buyer_info(order: Order) -> dict[str, object]:
    return {"AmazonOrderId": order.order_id, "BuyerEmail": order.buyer.email}


def _address(order: Order) -> dict[str, object]:
    place = {} if order.status in _PENDING else {"ShippingAddress": _place(order)}
    return {"AmazonOrderId": order.order_id, **place}


def _place(order: Order) -> dict[str, object]:
    return {
        "City": order.buyer.city,
        "StateOrRegion": order.buyer.state,
        "PostalCode": order.buyer.postal_code,
        "CountryCode": order.buyer.country,
    }


def _items(order: Order) -> dict[str, object]:
    return {"AmazonOrderId": order.order_id, "OrderItems": [_item(order, item) for item in order.items]}


def _item(order: Order, item: Item) -> dict[str, object]:
    return {
        "ASIN": item.asin,
        "SellerSKU": item.sku,
        "OrderItemId": item.item_id,
        "Title": item.title,
        "QuantityOrdered": item.quantity,
        "QuantityShipped": item.shipped,
        "ProductInfo": {"NumberOfItems": str(item.quantity)},
        "ItemPrice": _money(item.price * item.quantity, order.currency),
        "IsGift": "false",
        "ConditionId": "New",
        "ConditionSubtypeId": "New",
        "IsTransparency": False,
        **({"BuyerInfo": _customized(item)} if item.customized else {}),
    }


def _items_buyer_info(order: Order) -> dict[str, object]:
    items = [
        {"OrderItemId": item.item_id, **(_customized(item) if item.customized else {})}
        for item in order.items
    ]
    return {"AmazonOrderId": order.order_id, "OrderItems": items}


def _customized(item: Item) -> dict[str, object]:
    return {"BuyerCustomizedInfo": {"CustomizedURL": f"https://zme-caps.example.com/{item.item_id}"}}


def _money(amount: Decimal, currency: str) -> dict[str, object]:
    return {"CurrencyCode": currency, "Amount": str(amount)}
