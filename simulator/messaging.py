"""The eleven operations of the Messaging API, over the simulated world.

Source: the model messaging.json. What it leaves open and is assumed here: an order that is not the seller's,
or is of another marketplace, answers 404; the body is looked at before the order; an attachment that is
unknown, not uploaded, no longer kept, another's or of another resource, and attachments of ten MiB or more,
answer 400. Nothing is refused for what a text says: Amazon looks into that later, if at all.
"""

from __future__ import annotations

from simulator import message_rules
from simulator.call import Call
from simulator.errors import ApiError, invalid, not_found
from simulator.message_actions import Action, actions, listing
from simulator.message_rules import Content
from simulator.message_types import BY_SEGMENT, MessageType
from simulator.operations import OPERATIONS
from simulator.order_book import Order
from simulator.outbox import Attached, Message, attached
from simulator.upload_book import KEPT_SECONDS
from simulator.world import World

# "The total size of attachments must be less than 10 MB"; which megabyte is meant is not said.
MAXIMUM_ATTACHMENT_BYTES = 10 * 1024 * 1024


class MessagingApi:
    def __init__(self, world: World) -> None:
        self._world = world

    async def carry_out(self, call: Call) -> dict[str, object]:
        """Returns the body of a success, or raises ApiError."""
        name = call.operation.rsplit("/", 1)[-1]
        marketplace_id = message_rules.marketplace(call.query, call.region)
        segment = OPERATIONS[call.operation].path.rsplit("/", 1)[-1]
        order_id = message_rules.order_id(call.path["amazonOrderId"])
        if segment in BY_SEGMENT:
            kind = BY_SEGMENT[segment]
            content = message_rules.content(call.body, kind)
            return self._send(call, self._order(call, order_id, marketplace_id), kind, content)
        order = self._order(call, order_id, marketplace_id)
        if name == "GetAttributes":
            return {"buyer": {"locale": order.locale} if order.locale else {}}
        listed = self._actions(order)
        if not listed:
            raise not_allowed()
        return listing(order, listed)

    def _order(self, call: Call, order_id: str, marketplace_id: str) -> Order:
        order = self._world.orders.of(call.region, call.seller, order_id)
        if order is None or order.marketplace_id != marketplace_id:
            raise not_found(f"No order {order_id} in marketplace {marketplace_id}")
        return order

    def _actions(self, order: Order) -> list[Action]:
        sent = self._world.outbox.sent(order.region, order.seller_id, order.order_id)
        return actions(order, sent, self._world.clock())

    def _send(self, call: Call, order: Order, kind: MessageType, content: Content) -> dict[str, object]:
        allowed = [action.kind.action for action in self._actions(order) if action.disabled_reason is None]
        if kind.action not in allowed:
            raise not_allowed()
        resource = f"messaging/v1/orders/{order.order_id}/messages/{kind.segment}"
        files = tuple(self._attached(call, resource, *given) for given in content.attachments)
        if sum(file.size_bytes for file in files) >= MAXIMUM_ATTACHMENT_BYTES:
            raise invalid("The total size of attachments must be less than 10 MB")
        self._world.outbox.add(
            Message(
                message_id=self._world.mint.identifier(),
                time=self._world.mint.timestamp(),
                seller_id=order.seller_id,
                region=order.region,
                marketplace_id=order.marketplace_id,
                order_id=order.order_id,
                kind=kind,
                recipient=order.buyer.email,
                locale=order.locale,
                text=content.text,
                attachments=files,
                coverage=content.coverage,
            )
        )
        return {}

    def _attached(self, call: Call, resource: str, destination_id: str, file_name: str) -> Attached:
        held = self._world.uploads.destinations.get(destination_id)
        wanted = (call.application.client_id, call.seller, call.region, resource)
        if held is None or (held.client_id, held.seller_id, held.region, held.resource) != wanted:
            raise invalid(f"uploadDestinationId {destination_id} does not exist for this message")
        if held.content is None:
            raise invalid(f"uploadDestinationId {destination_id} has not been uploaded to")
        if self._world.clock() - held.created_at >= KEPT_SECONDS:
            raise invalid(f"uploadDestinationId {destination_id} has expired")
        return attached(file_name, held)


def not_allowed() -> ApiError:
    """403 as Amazon words it (amzn/selling-partner-api-models#2032), which is no fault of authorisation."""
    return ApiError(403, "Unauthorized", "Invalid amazonOrderId and template combination.")
