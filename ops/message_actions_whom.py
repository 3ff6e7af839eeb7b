"""Whose orders are meant, and in which marketplace: what is not said is told where there is only one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from ops import cells, seller_input
from ops.errors import WRONG_INPUT, CommandError
from ops.stage import Cell, Stage
from sellerbus.api.endpoints import UnknownMarketplaceError, marketplace
from sellerbus.sellers.rows import ACTIVE, PAUSED

SellerName = Annotated[
    str | None,
    typer.Option(
        "--seller",
        help="The seller id (merchant token). Not needed where the stage has one seller.",
        show_default=False,
        metavar="ID",
    ),
]
MarketplaceName = Annotated[
    str | None,
    typer.Option(
        "--marketplace",
        help="The country code or marketplace id that the order was placed in. Not needed where the seller "
        "sells in one.",
        show_default=False,
        metavar="CODE",
    ),
]


@dataclass(frozen=True)
class Whom:
    """A seller, and the marketplaces that are meant: those of the seller where none was named."""

    cell: Cell
    seller_id: str
    marketplace_ids: tuple[str, ...]
    paused: bool = False


def sellers(stage: Stage, named: str | None) -> Sequence[cells.Found]:
    """Return the named seller, or all that messages can be sent for; raises CommandError for nobody."""
    given = [seller_input.seller_id(named)] if named else []
    found = cells.whom(stage, given, None)
    if named:
        return found
    active = [row for row in found if row.status == ACTIVE]
    if not active:
        raise CommandError(
            f"No seller of stage {stage.name} is active: see bin/sellerbus sellers list --stage {stage.name}",
            WRONG_INPUT,
        )
    return active


def whom(stage: Stage, found: cells.Found, named: str | None) -> Whom:
    """Return the seller with the named marketplace, or with all that it sells in; raises CommandError."""
    cell, row = cells.locate(stage, found.seller_id, found.cell.region)
    if named is None:
        return Whom(cell, row.seller_id, row.marketplace_ids, row.status == PAUSED)
    try:
        wanted = marketplace(named)
    except UnknownMarketplaceError as error:
        raise CommandError(f"--marketplace: {error}", WRONG_INPUT) from None
    if wanted.marketplace_id not in row.marketplace_ids:
        sold = ", ".join(country(name) for name in row.marketplace_ids)
        raise CommandError(
            f"Seller {row.seller_id} does not sell in {wanted.country} as far as stage {stage.name} knows, "
            f"only in {sold}. See: bin/sellerbus sellers list --stage {stage.name}",
            WRONG_INPUT,
        )
    return Whom(cell, row.seller_id, (wanted.marketplace_id,), row.status == PAUSED)


def the_one(stage: Stage, seller: str | None, marketplace_name: str | None) -> Whom:
    """Return the one seller and marketplace that can be meant; raises CommandError where there are more."""
    found = sellers(stage, seller)
    if len(found) > 1:
        raise CommandError(
            f"Say whose order it is with --seller: stage {stage.name} has {len(found)} sellers.", WRONG_INPUT
        )
    chosen = whom(stage, found[0], marketplace_name)
    if len(chosen.marketplace_ids) > 1:
        codes = ", ".join(country(name) for name in chosen.marketplace_ids)
        raise CommandError(
            f"Say where the order was placed with --marketplace: {chosen.seller_id} sells in {codes}.",
            WRONG_INPUT,
        )
    return chosen


def country(marketplace_id: str) -> str:
    """Return the marketplace's country code, or the id of one that is not known here."""
    try:
        return marketplace(marketplace_id).country
    except UnknownMarketplaceError:
        return marketplace_id
