"""`sellerbus sellers remove`: first what stands at Amazon, then the row with the token."""

from __future__ import annotations

from typing import Annotated

import typer

from ops import cells, console, guard, seller_input
from ops.cells import RegionName
from ops.errors import WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.options import AsJson, NoInput, StageName, opened
from ops.seller_views import seller_document, seller_facts
from ops.stage import NOTIFICATIONS, Cell
from sellerbus.sellers.rows import REMOVING, Seller, UnknownSellerError


def remove(
    seller_id: Annotated[str, typer.Argument(help="The seller id (merchant token).", show_default=False)],
    stage: StageName,
    region: RegionName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Without a deployed stack: delete the row, whatever stands at Amazon."),
    ] = False,
    confirm: Confirm = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Remove a seller: first the subscriptions at Amazon, then the row with the refresh token.

    Printed with --json: what `add` prints, and "removed": whether the row is gone already.
    """
    del no_input
    target = opened(stage)
    cell, seller = cells.locate(target, seller_input.seller_id(seller_id), region)
    deployed = cell.outputs(NOTIFICATIONS) is not None
    if not deployed and not forget and cell.settings.removal_policy == "retain":
        raise CommandError(_kept_at_amazon(cell, seller), WRONG_INPUT)
    guard.allowed(target, confirm, "Removing a seller")
    console.confirmed(
        f"Remove seller {seller.seller_id} from stage {stage}, with all its subscriptions?",
        yes=yes or confirm is not None,
    )
    registry = cells.registry(cell)
    try:
        seller = registry.set_status(seller.seller_id, REMOVING)
    except UnknownSellerError as error:
        raise cells.unknown(target, seller.seller_id, region) from error
    # Without the stack nobody follows the change; what stood at Amazon was deleted with it, or is let be.
    removed = not deployed and registry.delete_removed(seller.seller_id)
    if as_json:
        console.show_json(seller_document(seller) | {"removed": removed})
    else:
        gone = "removed from" if removed else "being removed from"
        console.show_facts(f"Seller {seller.seller_id} is {gone} stage {stage}.", seller_facts(seller))
    if not removed:
        console.say("Its subscriptions are deleted within about a minute, then its row goes.")


def _kept_at_amazon(cell: Cell, seller: Seller) -> str:
    return (
        f"The stack {cell.stack_name(NOTIFICATIONS)} is not there, and the stage keeps what stands at "
        "Amazon (removal_policy: retain): if it was deployed before, Amazon goes on sending for seller "
        f"{seller.seller_id}, and the row that would be deleted holds the only token to change that with. "
        "Deploy the stage again with existing_subscriptions: replace, and remove the seller then: "
        f"make deploy STAGE={cell.stage_name}. Where nothing was ever deployed, or the seller has withdrawn "
        "the authorisation at Amazon: --forget"
    )
