"""What changes an order through the Orders API v0: shipping it, having it picked up, verifying it.

Source: the requests of the model ordersV0.json and the refusals of its sandbox. Assumed: a seller confirms
the shipment of pieces that are there and not shipped yet, of an order that is paid for and not Amazon's to
fulfil; an order that is picked up is shipped, and one whose pick-up is refused cancelled.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from simulator.errors import ApiError, invalid
from simulator.order_book import FulfilledBy, Order, Package, Status
from simulator.verification import verify
from simulator.world import World

_PICK_UP = {
    "ReadyForPickup": None,
    "PickedUp": Status.SHIPPED,
    "RefusedPickup": Status.CANCELLED,
}


class Shipments:
    def __init__(self, world: World) -> None:
        self._world = world

    def carry_out(self, name: str, order: Order, body: object) -> None:
        """Raises ApiError 400 for what cannot be done."""
        if not isinstance(body, dict):
            raise invalid("payload must be an object")
        if name == "updateVerificationStatus":
            verify(order, body, self._world.clock())
            return
        if body.get("marketplaceId") != order.marketplace_id:
            # The sandbox of the model has this text and this code.
            raise ApiError(400, "InvalidInput", "Marketplace ID is not defined", "1001")
        if name == "confirmShipment":
            self._ship(order, body)
        else:
            self._pick_up(order, body)

    def _pick_up(self, order: Order, body: dict[str, Any]) -> None:
        status = body.get("shipmentStatus")
        if status not in _PICK_UP:
            raise invalid(f"shipmentStatus must be one of {', '.join(_PICK_UP)}")
        become = _PICK_UP[status]
        if become is not None:
            order.has_become(become, self._world.clock())

    def _ship(self, order: Order, body: dict[str, Any]) -> None:
        package = _package(body.get("packageDetail"))
        is_open = order.status in (Status.UNSHIPPED, Status.PARTIALLY_SHIPPED)
        if not is_open or order.fulfilled_by is FulfilledBy.AMAZON:
            raise invalid(f"order {order.order_id} cannot be shipped by the seller now")
        left = {item.item_id: item.quantity - item.shipped for item in order.items}
        wanted: Counter[str] = Counter()
        for item_id, quantity in package.quantities:
            wanted[item_id] += quantity
        for item_id, quantity in wanted.items():
            if quantity > left.get(item_id, 0):
                raise invalid(f"orderItems: {left.get(item_id, 0)} pieces of {item_id} can be shipped")
        for item in order.items:
            item.shipped += wanted[item.item_id]
        order.packages.append(package)
        now = self._world.clock()
        order.has_become(Status.PARTIALLY_SHIPPED if order.unshipped_pieces else Status.SHIPPED, now)


def _package(detail: object) -> Package:
    if not isinstance(detail, dict):
        raise invalid("packageDetail is required")
    texts = {}
    for name in ("packageReferenceId", "carrierCode", "trackingNumber", "shipDate"):
        if not isinstance(detail.get(name), str) or not detail[name]:
            raise invalid(f"packageDetail.{name} is required")
        texts[name] = detail[name]
    try:
        shipped = datetime.fromisoformat(texts["shipDate"])
    except ValueError as error:
        raise ApiError(400, "Invalid Input", "Invalid Input", "shipDate must be a date-time") from error
    if shipped.tzinfo is None:
        raise invalid("shipDate must name its offset from UTC")
    items = detail.get("orderItems")
    if not isinstance(items, list) or not items:
        raise invalid("packageDetail.orderItems must have at least 1 item")
    return Package(
        texts["packageReferenceId"],
        texts["carrierCode"],
        texts["trackingNumber"],
        shipped.timestamp(),
        tuple(_shipped(item) for item in items),
    )


def _shipped(item: object) -> tuple[str, int]:
    if not isinstance(item, dict) or not isinstance(item.get("orderItemId"), str):
        raise invalid("packageDetail.orderItems: orderItemId is required")
    quantity = item.get("quantity")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise invalid("packageDetail.orderItems: quantity must be an integer of at least 1")
    return item["orderItemId"], quantity
