"""Which messages may be sent about an order, and how getMessagingActionsForOrder lists them. Pure.

Source of the form: the model messaging.json and Amazon's own answers, in which `text` is `rawMessageBody`,
`uploadDestinationId` is `id`, and an action says whether it is `disabled` and why. "Availability of messages"
of the guide names what decides (whether the order was fulfilled, and how many messages were sent) and no
rule; these are assumed: details before shipping, a warranty after it, each where an item is a reason for it,
an invoice in the marketplaces below, and nothing before payment, after a cancellation and thirty days after
shipping ("Communication guidelines": within 30 days of completion). Where nothing is possible, Amazon was
seen to answer 403 in place of an empty list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.message_types import MAXIMUM_ATTACHMENTS, MESSAGE_TYPES, MessageType, described, unknown_type
from simulator.order_book import Form, FulfilledBy, Order, Status

WINDOW_SECONDS = 30 * 24 * 3600
ALREADY_SENT = "You have already sent this message for this order."
# Brazil, of which Amazon's example is, and the countries of the EU endpoint.
INVOICE_MARKETPLACES = frozenset(
    {
        *("A2Q3Y263D00KWC", "A28R8C7NBKEWEA", "A1RKKUPIHCS9HS", "A1F83G8C2ARO7P", "A13V1IB3VIYZZH"),
        *("AMEN7PMS3EDWL", "A1805IZSGTT6HS", "A1PA6795UKMFR9", "APJ6JRA9NG5V4", "A2NODRKZP88ZB9"),
        *("A1C3SOZRARQ6R3", "A33AVAJ2PDY3EV", "A21TJRUUN4KGV"),
    }
)

_OPEN = (Status.UNSHIPPED, Status.PARTIALLY_SHIPPED)


@dataclass(frozen=True)
class Action:
    kind: MessageType
    once: bool = False
    hidden: bool = False
    disabled_reason: str | None = None


def actions(order: Order, sent: frozenset[str], now: float) -> list[Action]:
    """What Amazon lists for an order of which messages of the types `sent` have gone."""
    said = order.messages
    names = _usual(order, now) if said.offered is None else said.offered
    listed = []
    for name in names:
        kind = MESSAGE_TYPES.get(name) or unknown_type(name)
        once = kind.once or name in said.once
        reason = said.disabled.get(name)
        if once and name in sent:
            if said.gone_when_sent:
                continue
            reason = reason or ALREADY_SENT
        listed.append(Action(kind, once, kind.hidden or name in said.hidden, reason))
    return listed


def _usual(order: Order, now: float) -> Iterator[str]:
    is_open, is_shipped = order.status in _OPEN, order.status is Status.SHIPPED
    if not (is_open or is_shipped):
        return
    if order.shipped_at is not None and now - order.shipped_at > WINDOW_SECONDS:
        return
    by_merchant = order.fulfilled_by is FulfilledBy.MERCHANT
    reasons = {
        "confirmCustomizationDetails": is_open and any(item.customized for item in order.items),
        "confirmDeliveryDetails": is_open and by_merchant,
        "legalDisclosure": True,
        "updateFeedback": is_shipped,
        "confirmOrderDetails": is_open and by_merchant,
        "confirmServiceDetails": any(item.home_service for item in order.items),
        "digitalAccessKey": any(item.digital for item in order.items),
        "unexpectedProblem": by_merchant,
        "warranty": is_shipped,
        "sendInvoice": order.marketplace_id in INVOICE_MARKETPLACES,
    }
    yield from (name for name, holds in reasons.items() if holds)


def listing(order: Order, listed: list[Action]) -> dict[str, object]:
    """The body of getMessagingActionsForOrder."""
    path = f"/messaging/v1/orders/{order.order_id}"
    query = f"?marketplaceIds={order.marketplace_id}"

    def link(action: Action) -> dict[str, object]:
        name = action.kind.action
        return {"href": f"{path}/messages/{name}{query}", "name": name}

    body: dict[str, object] = {
        "_links": {"actions": [link(action) for action in listed], "self": {"href": path + query}}
    }
    if order.messages.form is not Form.LINKS:
        body["_embedded"] = {
            "actions": [_embedded(action, link(action), path, order.messages.form) for action in listed]
        }
    return body


def _embedded(action: Action, link: dict[str, object], path: str, form: Form) -> dict[str, object]:
    kind = action.kind
    schema_link = {"href": f"{path}/messages/{kind.action}/schema", "name": kind.action}
    links = {"_links": {"self": schema_link}}
    schema = _schema(action)
    if form is Form.PAYLOAD:
        return {
            "_links": {"schema": schema_link, "self": link},
            "_embedded": {"schema": {**links, "payload": schema}},
            "payload": {"name": kind.action},
        }
    return {
        "_links": {"schema": schema_link, "self": link},
        "_embedded": {"schema": {**links, **schema}},
        "name": kind.action,
        "title": kind.title,
    }


def _schema(action: Action) -> dict[str, object]:
    kind = action.kind
    properties: dict[str, object] = {}
    if kind.attachments:
        properties["attachments"] = _attachments(*kind.attachments)
    if kind.text:
        properties["rawMessageBody"] = _text(kind.text, kind.links)
    if kind.coverage:
        for name, title in (("coverageStartDate", "Start"), ("coverageEndDate", "End")):
            properties[name] = {
                "type": "string",
                "format": "date-time",
                "title": f"{title} of the warranty coverage",
                "x-ui-field-type": "date",
            }
    return {
        "type": "object",
        "name": kind.action,
        "title": kind.title,
        "description": described(kind, once=action.once),
        "disabled": action.disabled_reason is not None,
        "disabledReason": action.disabled_reason,
        "properties": properties,
        # As Amazon has it: attachments are required even where none at all is enough.
        "required": [name for name in ("attachments", "rawMessageBody") if name in properties],
        "$schema": "http://json-schema.org/draft-04/schema#",
        "x-ui-hidden": action.hidden,
    }


def _attachments(fewest: int, most: int = MAXIMUM_ATTACHMENTS) -> dict[str, object]:
    item = {"fileName": {"type": "string"}, "id": {"type": "string"}}
    return {
        "type": "array",
        "items": {"type": "object", "required": [], "properties": item},
        "title": "Add attachment",
        "description": "You can upload text files, PDFs, Word documents, and these image file types: .jpg, "
        ".gif, and .png. The total size of attachments must be less than 10 MB.",
        "x-ui-field-type": "attachments",
        **({"minItems": fewest} if fewest else {}),
        "maxItems": most,
    }


def _text(longest: int, links: str) -> dict[str, object]:
    return {
        "type": "string",
        "title": "Explain why you are contacting and any action you need your customer to take. ",
        "description": f"{longest} character limit. Only links related to {links} are allowed, no HTML or "
        "email addresses.",
        "x-ui-field-type": "text",
        "minLength": 1,
        "maxLength": longest,
    }
