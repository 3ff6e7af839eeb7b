"""`sellerbus messages actions`: what an order's buyer can be sent now, and what not and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from ops import console, seller_input
from ops import message_actions_words as words
from ops.errors import WRONG_INPUT, CommandError
from ops.message_actions_answers import Action, Actions
from ops.message_actions_lookup import LookUp
from ops.message_actions_whom import MarketplaceName, SellerName, Whom, country, the_one
from ops.message_words import resuming
from ops.options import AsJson, StageName, opened
from sellerbus.messaging.request import ORDER_ID

OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="The Amazon order id.", show_default=False)]


def actions(
    order: OrderId,
    stage: StageName,
    seller: SellerName = None,
    marketplace: MarketplaceName = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also the types that Amazon marks as not to be shown to sellers."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask Amazon what the buyer of an order can be sent now, with the limits, and what not and why.

    Which types are possible depends on the order's state, its fulfilment and what was sent before: the
    answer holds for now. Nothing is sent.

    Printed with --json: {"amazonOrderId", "sellerId", "marketplaceId", "locale", "actions": [{"name",
    "operation", "title", "description", "allowed", "why", "hidden", "oncePerOrder", "text", "attachments",
    "coverage", "schema", "coverageRequired"}]}, the hidden ones included.
    """
    order_id = checked_order_id(order)
    whose = the_one(opened(stage), seller, marketplace)
    found = LookUp(whose.cell, whose.seller_id, whose.marketplace_ids[0]).actions(order_id)
    if as_json:
        console.show_json(_document(whose, order_id, found))
    else:
        _show(whose, order_id, found, everything)


def checked_order_id(text: str) -> str:
    """Return an order id that can be part of a path; raises CommandError."""
    found = text.strip().upper()
    if not ORDER_ID.fullmatch(found):
        raise CommandError(
            f"{seller_input.shown(text)} is no Amazon order id: they look like 902-6786204-8179805.",
            WRONG_INPUT,
        )
    return found


def _show(whose: Whom, order_id: str, found: Actions, everything: bool) -> None:
    shown = [row for row in found.actions if everything or not row.hidden]
    where = country(whose.marketplace_ids[0])
    console.show_table(
        f"Messages to the buyer of order {order_id} ({whose.seller_id}, {where})",
        ("Now", "Type", "Title", "Takes", "What for, or why not"),
        [_line(row) for row in shown],
        prose=("What for, or why not",),
        worded=("Title", "Takes"),
    )
    for note in words.notes(found):
        console.say(f"{note[0].upper()}{note[1:]}.")
    hidden = len(found.actions) - len(shown)
    if hidden:
        console.say(
            f"{console.counted(hidden, 'type')} that Amazon marks as not to be shown: --all shows them."
        )
    stage = whose.cell.stage_name
    if whose.paused:
        console.say(f"The seller is paused: nothing is sent before {resuming(whose.seller_id, stage)}")
    elif any(row.allowed for row in shown):
        console.show_line(
            f"Write one: bin/sellerbus messages compose {order_id} --stage {stage} "
            f"--seller {whose.seller_id} --marketplace {where}"
        )


def _line(action: Action) -> tuple[str, ...]:
    why = words.why_not(action)
    once = " Once per order." if action.once_per_order and why is None else ""
    return (
        "yes" if why is None else "no",
        action.name,
        action.title,
        words.takes(action) if why is None else "",
        (why if why is not None else f"{action.description}{once}").strip(),
    )


def _document(whose: Whom, order_id: str, found: Actions) -> dict[str, Any]:
    return {
        "amazonOrderId": order_id,
        "sellerId": whose.seller_id,
        "marketplaceId": whose.marketplace_ids[0],
        "locale": found.locale,
        "actions": [_action_document(row) for row in found.actions],
    }


def _action_document(action: Action) -> dict[str, Any]:
    row = asdict(action)
    row["oncePerOrder"] = row.pop("once_per_order")
    row["coverageRequired"] = row.pop("coverage_required")
    return row
