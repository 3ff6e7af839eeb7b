"""Orders as control requests write them: new ones, and what shall change of one. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.fields import FieldError, Fields
from simulator.marketplaces import MARKETPLACE
from simulator.message_types import BY_SEGMENT
from simulator.order_book import Form, FulfilledBy, Item, MessageSettings, Order, Status
from simulator.regions import REGIONS, region_of

USUAL_MARKETPLACE = "ATVPDKIKX0DER"
_SECONDS_A_DAY = 86_400
_USUAL_AGE_SECONDS = 3600


def settings(fields: Fields, held: MessageSettings) -> MessageSettings:
    """What control says of messages about an order; what is not said stays as it is held."""
    form = fields.choice("form", tuple(kind.value for kind in Form))
    offered, hidden, once = (_actions(fields, name) for name in ("offered", "hidden", "once"))
    disabled = fields.optional_object("disabled")
    gone = fields.optional_flag("goneWhenSent")
    if disabled is not None and not all(isinstance(reason, str) for reason in disabled.values()):
        raise FieldError("disabled must be an object of action names and reasons")
    said: dict[str, Any] = {
        "form": Form(form) if form else None,
        "offered": offered,
        "hidden": None if hidden is None else frozenset(hidden),
        "disabled": disabled,
        "once": None if once is None else frozenset(once),
        "gone_when_sent": gone,
    }
    return replace(held, **{name: value for name, value in said.items() if value is not None})


def _actions(fields: Fields, name: str) -> tuple[str, ...] | None:
    """Names of actions, which may be unknown; None where nothing is said."""
    given = fields.texts(name)
    for action in given:
        kind = BY_SEGMENT.get(action)
        if kind and kind.action != action:
            raise FieldError(f"{name}: Amazon's list calls {action} by its template, {kind.action}")
    return given if fields.has(name) else None


def status(fields: Fields) -> Status | None:
    value = fields.choice("status", tuple(known.value for known in Status))
    return Status(value) if value else None


def order(fields: Fields, *, now: float, number: int, mint_id: Callable[[], str]) -> Order:
    """A new order, the `number`th of all; `mint_id` gives the order id that the request leaves out."""
    marketplace_id = fields.optional_text("marketplaceId") or USUAL_MARKETPLACE
    if marketplace_id not in MARKETPLACE:
        raise FieldError(f"marketplaceId: {marketplace_id} is no marketplace of Amazon's")
    marketplace = MARKETPLACE[marketplace_id]
    created_at = _created_at(fields, now)
    fulfilled_by = fields.choice("fulfilledBy", tuple(known.value for known in FulfilledBy))
    items = [
        item(Fields(content, f"items[{place}]"), f"{number:08d}{place:06d}")
        for place, content in enumerate(fields.items("items") if fields.has("items") else [{}])
    ]
    locale = fields.optional_text("locale") if fields.has("locale") else marketplace.locale
    made = Order(
        order_id=fields.optional_text("amazonOrderId") or mint_id(),
        sequence=number,
        seller_id=fields.text("sellerId"),
        region=fields.choice("region", REGIONS) or region_of([marketplace_id]),
        marketplace_id=marketplace_id,
        status=Status.PENDING,
        fulfilled_by=FulfilledBy(fulfilled_by) if fulfilled_by else FulfilledBy.MERCHANT,
        created_at=created_at,
        updated_at=created_at,
        items=items,
        currency=marketplace.currency,
        locale=locale,
        regulated=fields.flag("regulated"),
        messages=settings(fields, MessageSettings()),
    )
    made.has_become(status(fields) or Status.UNSHIPPED, created_at)
    return made


def item(fields: Fields, item_id: str) -> Item:
    try:
        price = Decimal(fields.optional_text("price") or "19.99")
    except InvalidOperation as error:
        raise FieldError(f'price must be a decimal number as text, such as "19.99": {error}') from error
    made = Item(
        item_id=item_id,
        asin=fields.optional_text("asin") or "B000000001",
        sku=fields.optional_text("sku") or "SKU-1",
        title=fields.optional_text("title") or "Mug with a name on it",
        quantity=fields.integer("quantity", 1),
        price=price,
        customized=fields.flag("customized"),
        digital=fields.flag("digital"),
        home_service=fields.flag("homeService"),
    )
    fields.done()
    if made.quantity < 1:
        raise FieldError("quantity must be at least 1")
    return made


def _created_at(fields: Fields, now: float) -> float:
    value, days = fields.optional_text("createdAt"), fields.number("daysAgo")
    if value is None:
        # Amazon lists orders when they are two minutes old.
        return now - (days * _SECONDS_A_DAY if fields.has("daysAgo") else _USUAL_AGE_SECONDS)
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise FieldError(f"createdAt must be a date and time in ISO 8601 format: {error}") from error
    if time.tzinfo is None:
        raise FieldError("createdAt must name its offset from UTC")
    return time.timestamp()
