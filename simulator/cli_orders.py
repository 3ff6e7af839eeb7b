"""The commands for customers' orders, and for what Amazon lists of messages about them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from simulator.command import AsJson, Region, Url, call, with_query
from simulator.printing import show
from simulator.wording import ORDER_OPTIONS

ORDER_COLUMNS = (
    "sellerId",
    "marketplaceId",
    "amazonOrderId",
    "status",
    "fulfilledBy",
    "createdAt",
    "actions",
    "disabled",
    "sent",
)

orders = typer.Typer(help="Customers' orders, and what may be written about them.", no_args_is_help=True)

Status = Annotated[
    str | None,
    typer.Option(
        help="PENDING_AVAILABILITY, PENDING, UNSHIPPED, PARTIALLY_SHIPPED, SHIPPED, CANCELLED or "
        "UNFULFILLABLE.",
        show_default=False,
    ),
]
Seller = Annotated[str | None, typer.Option(help="Needed where several have the order.", show_default=False)]
Locale = Annotated[
    str | None,
    typer.Option(help="The buyer's, as en-US; the marketplace's if not given.", show_default=False),
]
Form = Annotated[
    str | None,
    typer.Option(
        help="Where the schemas of actions stand: embedded (as Amazon answers), payload (as its model has "
        "it), links (there are none).",
        show_default=False,
    ),
]
Offer = Annotated[
    list[str] | None,
    typer.Option(help="An action that Amazon lists, in place of those of the state; may be repeated."),
]
Hide = Annotated[list[str] | None, typer.Option(help="An action with x-ui-hidden; may be repeated.")]
Disable = Annotated[
    list[str] | None, typer.Option(help="ACTION=REASON: it is listed as disabled; may be repeated.")
]
Once = Annotated[
    list[str] | None, typer.Option(help="An action that may be sent once per order; may be repeated.")
]
Gone = Annotated[
    bool | None,
    typer.Option(
        "--gone-when-sent/--disabled-when-sent",
        help="What becomes of those of --once when they are sent.",
        show_default=False,
    ),
]


@orders.command("add")
def add_order(
    seller: Annotated[str, typer.Argument(help="The seller's id.", show_default=False)],
    order_id: Annotated[
        str | None, typer.Option("--id", help="In 3-7-7 format; made up if not given.")
    ] = None,
    url: Url = None,
    marketplace: Annotated[str | None, typer.Option(help="Its id; that of the US if not given.")] = None,
    region: Annotated[str | None, typer.Option(help="na, eu or fe; the marketplace's if not given.")] = None,
    status: Status = None,
    fulfilled_by: Annotated[str | None, typer.Option(help="MERCHANT or AMAZON.")] = None,
    days_ago: Annotated[
        float | None, typer.Option(help="When it was placed; an hour ago if not given.")
    ] = None,
    locale: Locale = None,
    customized: Annotated[
        bool, typer.Option("--customized", help="Of an item with the buyer's name.")
    ] = False,
    digital: Annotated[bool, typer.Option("--digital", help="Of an item with digital content.")] = False,
    home_service: Annotated[bool, typer.Option("--home-service", help="Of a service at home.")] = False,
    regulated: Annotated[
        bool, typer.Option("--regulated", help="Of an item that takes a prescription.")
    ] = False,
    count: Annotated[int, typer.Option(help="How many such orders.")] = 1,
    form: Form = None,
    offer: Offer = None,
    hide: Hide = None,
    disable: Disable = None,
    once: Once = None,
    gone_when_sent: Gone = None,
    as_json: AsJson = False,
) -> None:
    """A buyer orders something.

    Orders are UNSHIPPED unless --status says otherwise.
    """
    body = {
        "sellerId": seller,
        "amazonOrderId": order_id,
        "marketplaceId": marketplace,
        "region": region,
        "status": status,
        "fulfilledBy": fulfilled_by,
        "daysAgo": days_ago,
        "locale": locale,
        "items": [{"customized": customized, "digital": digital, "homeService": home_service}],
        "regulated": regulated,
        "count": count,
        **_settings(form, offer, hide, disable, once, gone_when_sent),
    }
    given = {name: value for name, value in body.items() if value is not None}
    _show(call(url, "POST", "orders", given, options=ORDER_OPTIONS), as_json)


@orders.command("list")
def list_orders(
    url: Url = None,
    seller: Annotated[str | None, typer.Option(help="Of this seller only.")] = None,
    as_json: AsJson = False,
) -> None:
    """All orders, their actions, and the messages sent.

    The actions are what Amazon lists for an order; `disabled` ones it lists as not possible now.
    """
    _show(call(url, "GET", with_query("orders", sellerId=seller)), as_json)


@orders.command("change")
def change_order(
    order_id: Annotated[str, typer.Argument(show_default=False)],
    url: Url = None,
    status: Status = None,
    days_older: Annotated[float | None, typer.Option(help="It becomes older by so many days.")] = None,
    locale: Locale = None,
    form: Form = None,
    offer: Offer = None,
    hide: Hide = None,
    disable: Disable = None,
    once: Once = None,
    gone_when_sent: Gone = None,
    seller: Seller = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Something happens to an order.

    Or Amazon lists other actions for it.
    """
    body = {
        "status": status,
        "daysOlder": days_older,
        "locale": locale,
        **_settings(form, offer, hide, disable, once, gone_when_sent),
        "sellerId": seller,
        "region": region,
    }
    given = {name: value for name, value in body.items() if value is not None}
    changed = call(url, "POST", f"orders/{quote(order_id, safe='')}", given, options=ORDER_OPTIONS)
    _show([changed], as_json)


def _settings(
    form: str | None,
    offer: list[str] | None,
    hide: list[str] | None,
    disable: list[str] | None,
    once: list[str] | None,
    gone_when_sent: bool | None,
) -> dict[str, object]:
    reasons = dict(_reason(text) for text in disable) if disable else None
    return {
        "form": form,
        "offered": offer or None,
        "hidden": hide or None,
        "disabled": reasons,
        "once": once or None,
        "goneWhenSent": gone_when_sent,
    }


def _reason(text: str) -> tuple[str, str]:
    name, equals, reason = text.partition("=")
    if not equals or not name or not reason:
        raise typer.BadParameter(f"{text!r} is not ACTION=REASON", param_hint="--disable")
    return name, reason


def _show(held: list[dict[str, Any]], as_json: bool) -> None:
    show(held, as_json, "Orders", [order_row(order) for order in held])


def order_row(order: dict[str, Any]) -> dict[str, object]:
    """An order on one line; lists as people write them."""
    cells = {name: order[name] for name in ORDER_COLUMNS}
    return {name: ", ".join(cell) or None if isinstance(cell, list) else cell for name, cell in cells.items()}
