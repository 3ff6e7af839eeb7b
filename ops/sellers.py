"""`sellerbus sellers`: the sellers that a stage works for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ops import console
from ops.errors import EXISTS, NOT_FOUND, WRONG_INPUT, CommandError
from ops.options import AsJson, StageName, opened
from ops.stage import NOTIFICATIONS, Stage
from sellerbus.api import endpoints
from sellerbus.api.endpoints import Marketplace, UnknownMarketplaceError
from sellerbus.sellers.registry import (
    REMOVING,
    Seller,
    SellerExistsError,
    SellerRegistry,
    UnknownSellerError,
    checked_seller_id,
)

app = typer.Typer(no_args_is_help=True, help="The sellers that a stage works for.")

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
            help="Country codes or marketplace ids, separated by commas; may be given several times.",
            show_default=False,
        ),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace token and marketplaces of a seller that is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a seller; no deployment is needed.

    The refresh token of the seller's authorisation is asked for and not shown, or read from stdin.
    """
    target = opened(stage)
    identifier = _checked_id(seller_id)
    region, chosen = _checked_marketplaces(target, marketplaces)
    token = checked_token(
        console.ask_hidden(f"Refresh token of {identifier} (not shown)")
        if console.interactive()
        else console.read_stdin("refresh token")
    )
    try:
        seller = _registry(target).add(
            identifier,
            region=region,
            marketplace_ids=[row.marketplace_id for row in chosen],
            refresh_token=token,
            replace=replace,
        )
    except SellerExistsError as error:
        raise CommandError(
            f"Seller {identifier} is in stage {stage} already (status {error.status}). "
            "To replace the refresh token and marketplaces, and to make the seller active: --replace",
            EXISTS,
        ) from error
    if as_json:
        console.show_json(_document(seller))
    else:
        console.show_facts(f"Seller {identifier} is in stage {stage}.", _facts(seller))
    if target.outputs(NOTIFICATIONS) is None:
        console.say(f"Its subscriptions are made when the stage is deployed: make deploy STAGE={stage}")
    else:
        console.say("Its subscriptions follow within about a minute.")


@app.command("list")
def list_sellers(stage: StageName, as_json: AsJson = False) -> None:
    """List the sellers. Tokens are not decrypted."""
    rows = sorted(_registry(opened(stage)).sellers(), key=lambda seller: seller.seller_id)
    if as_json:
        console.show_json([_document(seller) for seller in rows])
        return
    console.show_table(
        f"Sellers of stage {stage}: {len(rows)}",
        ("Seller", "Region", "Marketplaces", "Status", "Updated"),
        [
            (row.seller_id, row.region, _countries(row), row.status, row.updated_at[:19].replace("T", " "))
            for row in rows
        ],
    )


@app.command()
def remove(
    seller_id: SellerId,
    stage: StageName,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Without a deployed stack: delete the row, whatever stands at Amazon."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a seller: first the subscriptions at Amazon, then the row with the refresh token."""
    target = opened(stage)
    identifier = _checked_id(seller_id)
    deployed = target.outputs(NOTIFICATIONS) is not None
    if not deployed and not forget and target.settings.removal_policy == "retain":
        raise CommandError(_kept_at_amazon(target, identifier), WRONG_INPUT)
    if not yes:
        _confirmed(identifier, stage)
    registry = _registry(target)
    try:
        seller = registry.set_status(identifier, REMOVING)
    except UnknownSellerError as error:
        raise CommandError(
            f"Seller {identifier} is not in stage {stage}. See: sellerbus sellers list --stage {stage}",
            NOT_FOUND,
        ) from error
    # Without the stack nobody follows the change; what stood at Amazon was deleted with it, or is let be.
    removed = not deployed and registry.delete_removed(identifier)
    if as_json:
        console.show_json(_document(seller) | {"removed": removed})
    else:
        console.show_facts(
            f"Seller {identifier} is {'removed from' if removed else 'being removed from'} stage {stage}.",
            _facts(seller),
        )
    if not removed:
        console.say("Its subscriptions are deleted within about a minute, then its row goes.")


def _kept_at_amazon(stage: Stage, seller_id: str) -> str:
    return (
        f"The stack {stage.stack_name(NOTIFICATIONS)} is not there, and the stage keeps what stands at "
        "Amazon (removal_policy: retain): if it was deployed before, Amazon goes on sending for seller "
        f"{seller_id}, and the row that would be deleted holds the only token to change that with. "
        "Deploy the stage again with existing_subscriptions: replace, and remove the seller then: "
        f"make deploy STAGE={stage.name}. Where nothing was ever deployed, or the seller has withdrawn the "
        "authorisation at Amazon: --forget"
    )


def checked_token(text: str) -> str:
    """Return a refresh token that can be one; raises CommandError, which never repeats it."""
    token = text.strip()
    if len(token.split()) != 1 or len(token) < 8:
        raise CommandError(
            "The refresh token is too short or has spaces or lines in it: give the token alone.", WRONG_INPUT
        )
    if token.startswith(("Atza|", "Atc|")):
        raise CommandError(
            "This is an access token; it lasts an hour. Give the refresh token: it begins with Atzr|",
            WRONG_INPUT,
        )
    if token.startswith(("amzn1.", "{")):
        raise CommandError(
            "This is a client id, a client secret or JSON. Give the refresh token: it begins with Atzr|",
            WRONG_INPUT,
        )
    return token


def _checked_id(text: str) -> str:
    try:
        return checked_seller_id(text)
    except ValueError as error:
        raise CommandError(str(error), WRONG_INPUT) from error


def _checked_marketplaces(stage: Stage, given: list[str]) -> tuple[str, tuple[Marketplace, ...]]:
    names = [name for part in given for name in part.split(",") if name.strip()]
    try:
        region, chosen = endpoints.one_region(names)
    except UnknownMarketplaceError as error:
        raise CommandError(f"--marketplaces: {error}", WRONG_INPUT) from error
    expected = stage.settings.sp_api.region
    if region != expected:
        raise CommandError(
            f"--marketplaces: {', '.join(row.country for row in chosen)} are of region {region}, but stage "
            f"{stage.name} is of region {expected} (config/{stage.name}.yaml, sp_api.region). "
            "Add the seller in a stage of its region.",
            WRONG_INPUT,
        )
    strange = [row.country for row in chosen if row.marketplace_id not in stage.settings.marketplaces]
    if strange:
        raise CommandError(
            f"--marketplaces: {', '.join(strange)} is not among the marketplaces of stage {stage.name}. "
            f"Add it to `marketplaces` in config/{stage.name}.yaml if this stage shall work for it.",
            WRONG_INPUT,
        )
    return region, chosen


def _confirmed(seller_id: str, stage: str) -> None:
    if not console.interactive():
        raise CommandError("Nobody can be asked here: confirm with --yes.", WRONG_INPUT)
    if not console.confirm(f"Remove seller {seller_id} from stage {stage}, with all its subscriptions?"):
        raise CommandError("Nothing was done.", WRONG_INPUT)


def _registry(stage: Stage) -> SellerRegistry:
    return SellerRegistry(
        dynamodb=stage.client("dynamodb"),
        kms=stage.client("kms"),
        table_name=stage.output("SellerRegistryTableName"),
        key_id=stage.output("KeyArn"),
        clock=lambda: datetime.now(UTC),
    )


def _countries(seller: Seller) -> str:
    countries = {row.marketplace_id: row.country for row in endpoints.MARKETPLACES}
    return ", ".join(countries.get(name, name) for name in seller.marketplace_ids)


def _document(seller: Seller) -> dict[str, object]:
    return {
        "sellerId": seller.seller_id,
        "region": seller.region,
        "marketplaceIds": list(seller.marketplace_ids),
        "status": seller.status,
        "createdAt": seller.created_at,
        "updatedAt": seller.updated_at,
    }


def _facts(seller: Seller) -> dict[str, str]:
    return {
        "Region": seller.region,
        "Marketplaces": _countries(seller),
        "Status": seller.status,
        "Added": seller.created_at,
        "Updated": seller.updated_at,
    }
