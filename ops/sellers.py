"""`sellerbus sellers`: the sellers that a stage works for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ops import cells, console, seller_import, seller_input, seller_removal, seller_views
from ops.cells import RegionName
from ops.errors import EXISTS, FAILED, PARTLY, WRONG_INPUT, CommandError
from ops.options import AsJson, NoInput, StageName, opened
from ops.seller_states import STATES, States
from ops.seller_views import View, seller_document, seller_facts
from ops.stage import NOTIFICATIONS
from sellerbus.sellers.advice import REFUSED_BY_AMAZON, add_again
from sellerbus.sellers.registry import SellerExistsError
from sellerbus.sellers.rows import ACTIVE, PAUSED, REMOVING, REVOKED, Seller, UnknownSellerError

app = typer.Typer(
    no_args_is_help=True,
    help="The sellers that a stage works for. A change of a seller is followed within about a minute, "
    "without a deployment.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; on the seller registry "
    "dynamodb:GetItem, UpdateItem, DeleteItem and Scan; on the table SubscriptionState dynamodb:GetItem "
    "and Scan; on the stage's key kms:Encrypt (add, import) and kms:Decrypt, through DynamoDB.",
)

SellerId = Annotated[str, typer.Argument(help="The seller id (merchant token).", show_default=False)]


@app.command()
def add(
    seller_id: SellerId,
    stage: StageName,
    marketplaces: Annotated[
        list[str],
        typer.Option(
            "--marketplaces",
            "--marketplace",
            help="Country codes or marketplace ids, separated by commas; may be given several times. "
            "They say which region the seller belongs to.",
            show_default=False,
        ),
    ],
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--types",
            "--type",
            help="The seller's own notification types, a part of the configured ones, separated by commas. "
            "`all` are those that are configured, now and later; that is also what a new seller gets without "
            "this option. A seller that is replaced keeps its list without it.",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Replace token, marketplaces and types of a seller that is there, and make it active.",
        ),
    ] = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Add a seller; no deployment is needed.

    The refresh token of the seller's authorisation is asked for and not shown, or read from stdin.

    Printed with --json: {"sellerId", "region", "marketplaceIds", "notificationTypes" (null: all), "status",
    "createdAt", "updatedAt"}.
    """
    del no_input
    target = opened(stage)
    identifier = seller_input.seller_id(seller_id)
    try:
        cell, chosen = seller_input.marketplaces(target, seller_input.split(",".join(marketplaces)))
    except CommandError as error:
        raise CommandError(f"--marketplaces: {error}", WRONG_INPUT) from None
    try:
        given = seller_input.types([cell], seller_input.split(",".join(types or ())))
    except CommandError as error:
        raise CommandError(f"--types: {error}", WRONG_INPUT) from None
    token = seller_input.token(
        console.ask_hidden(f"Refresh token of {identifier} (not shown)")
        if console.interactive()
        else console.read_stdin("refresh token")
    )
    registry = cells.registry(cell)
    present = registry.find(identifier) if replace else None
    try:
        seller = registry.add(
            identifier,
            region=cell.region,
            marketplace_ids=chosen,
            refresh_token=token,
            notification_types=seller_input.own_types(given, present),
            replace=replace,
        )
    except SellerExistsError as error:
        raise CommandError(
            f"Seller {identifier} is in region {cell.region} of stage {stage} already (status "
            f"{error.status}). To replace its refresh token, marketplaces and types, and to make the seller "
            "active: --replace",
            EXISTS,
        ) from error
    if as_json:
        console.show_json(seller_document(seller))
    else:
        console.show_facts(f"Seller {identifier} is in stage {stage}.", seller_facts(seller))
    if cell.outputs(NOTIFICATIONS) is None:
        console.say(f"Its subscriptions are made when the stage is deployed: make deploy STAGE={stage}")
    else:
        console.say(
            "Its subscriptions follow within about a minute: "
            f"bin/sellerbus sellers show {identifier} --stage {stage}"
        )


@app.command("list")
def list_sellers(stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """List the sellers of all regions, with how many of the wanted subscriptions each has. Decrypts nothing.

    The times are of the last run's end. A state's meaning is told below the table where it occurs.

    Printed with --json: a list of what `show` prints, but for `busy`, and with the number of subscriptions in
    place of the subscriptions.
    """
    target = opened(stage)
    now = datetime.now(UTC)
    views: list[View] = []
    for cell in cells.deployed(target, region):
        states = States(cell).all()
        views += [
            View(cell, seller, states.get(seller.seller_id), now) for seller in cells.registry(cell).sellers()
        ]
    views.sort(key=lambda view: (view.seller.seller_id, view.seller.region))
    if as_json:
        console.show_json([view.document() for view in views])
    else:
        seller_views.table(f"Sellers of stage {stage}: {len(views)}", views)


@app.command()
def show(seller_id: SellerId, stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """Show everything that is known of a seller, but for its token. Amazon is not asked: see `subscriptions`.

    Printed with --json: {"sellerId", "region", "marketplaceIds", "notificationTypes" (its own list; null:
    all), "status" (active, paused, revoked, removing), "createdAt", "updatedAt", "state" (settled, blocked,
    pending, working, failing, paused, revoked), "subscriptions": [{"notificationType", "subscriptionId"}],
    "wanted" (how many it shall have), "blocked" (those that others keep out), "finishedAt" (of the last run),
    "lastError", "busy"}.
    """
    target = opened(stage)
    cell, seller = cells.locate(target, seller_input.seller_id(seller_id), region)
    state = States(cell).of([seller.seller_id]).get(seller.seller_id)
    view = View(cell, seller, state, datetime.now(UTC))
    if as_json:
        console.show_json(view.full_document())
        return
    console.show_facts(f"Seller {seller.seller_id} of stage {stage}", view.facts())
    console.say(f"{view.standing}: {STATES[view.standing]}.")
    if seller.status == REVOKED:
        console.say(_bring_back(seller, stage))


@app.command()
def pause(seller_id: SellerId, stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """Delete a seller's subscriptions at Amazon and keep its row, until it is resumed."""
    _set(seller_id, stage, region, PAUSED, as_json=as_json)


@app.command()
def resume(seller_id: SellerId, stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """Bring back a paused seller and its subscriptions. One that has revoked needs a new token: `add`."""
    _set(seller_id, stage, region, ACTIVE, as_json=as_json)


app.command("remove")(seller_removal.remove)
app.command("import")(seller_import.import_file)


def _set(seller_id: str, stage: str, region: str | None, status: str, *, as_json: bool) -> None:
    target = opened(stage)
    cell, seller = cells.locate(target, seller_input.seller_id(seller_id), region)
    if seller.status == REVOKED:
        raise CommandError(_bring_back(seller, stage), PARTLY)
    if seller.status == REMOVING:
        raise CommandError(
            f"Seller {seller.seller_id} is being removed. To keep it after all: "
            f"{add_again(seller.seller_id, stage, seller.marketplace_ids)}",
            PARTLY,
        )
    changed = seller.status != status
    if changed:
        try:
            seller = cells.registry(cell).set_status(seller.seller_id, status, seen=seller)
        except UnknownSellerError as error:
            raise CommandError(
                f"Seller {seller.seller_id} was changed by somebody else meanwhile: look again.", FAILED
            ) from error
    if as_json:
        console.show_json(seller_document(seller))
    else:
        title = f"Seller {seller.seller_id} is {'now' if changed else 'already'} {seller.status}."
        console.show_facts(title, seller_facts(seller))
    if changed and cell.outputs(NOTIFICATIONS) is not None:
        done = "deleted" if status == PAUSED else "made"
        console.say(f"Its subscriptions are {done} within about a minute.")


def _bring_back(seller: Seller, stage: str) -> str:
    return (
        f"Nothing can be done for seller {seller.seller_id}: {REFUSED_BY_AMAZON}. Let the seller authorise "
        "the application again, then give the new refresh token: "
        f"{add_again(seller.seller_id, stage, seller.marketplace_ids)}"
    )
