"""Which cells of a stage a command works on, and in which one a seller is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.errors import NOT_FOUND, WRONG_INPUT, CommandError
from ops.stage import FOUNDATION, Cell, Stage
from sellerbus.sellers.registry import SellerRegistry
from sellerbus.sellers.rows import Seller

RegionName = Annotated[
    str | None,
    typer.Option(
        "--region",
        help="Only this region of Amazon: na, eu or fe. Without it all regions of the stage.",
        show_default=False,
    ),
]


def chosen(stage: Stage, region: str | None) -> tuple[Cell, ...]:
    """Return the cell of `region`, or all; calls nothing. Raises CommandError where it is not configured."""
    if region is None:
        return stage.cells
    return (stage.cell(region.strip().lower()),)


def deployed(stage: Stage, region: str | None = None) -> list[Cell]:
    """Return the cells that can hold sellers by now; raises CommandError where there is none."""
    cells = chosen(stage, region)
    found = [cell for cell in cells if cell.outputs(FOUNDATION) is not None]
    if not found:
        # Says which stack is missing and how it is deployed.
        cells[0].foundation()
    return found


def registry(cell: Cell) -> SellerRegistry:
    return SellerRegistry(
        dynamodb=cell.client("dynamodb"),
        kms=cell.client("kms"),
        table_name=cell.output("SellerRegistryTableName"),
        key_id=cell.output("KeyArn"),
        stage=cell.stage_name,
        clock=lambda: datetime.now(UTC),
    )


def locate(stage: Stage, seller_id: str, region: str | None = None) -> tuple[Cell, Seller]:
    """Return the seller's row and its cell; raises CommandError where it is nowhere, or in several cells."""
    found = [
        (cell, seller)
        for cell in deployed(stage, region)
        if (seller := registry(cell).find(seller_id)) is not None
    ]
    if not found:
        raise unknown(stage, seller_id, region)
    if len(found) > 1:
        regions = " and ".join(cell.region for cell, _ in found)
        raise CommandError(
            f"Seller {seller_id} is in several regions of stage {stage.name}: {regions}. "
            "Say which with --region.",
            WRONG_INPUT,
        )
    return found[0]


@dataclass(frozen=True)
class Found:
    """A seller to work on: where it is, and its status. marketplace_ids: of one that was named."""

    cell: Cell
    seller_id: str
    status: str
    marketplace_ids: tuple[str, ...] = ()


def whom(stage: Stage, named: Sequence[str], region: str | None) -> list[Found]:
    """Return the named sellers, without names every one; raises CommandError where there is nobody."""
    if named:
        rows = [locate(stage, seller_id, region) for seller_id in dict.fromkeys(named)]
        return [Found(cell, seller.seller_id, seller.status, seller.marketplace_ids) for cell, seller in rows]
    found = [
        Found(cell, seller_id, status)
        for cell in deployed(stage, region)
        for seller_id, status in sorted(registry(cell).ids())
    ]
    if not found:
        raise CommandError(
            f"Stage {stage.name} has no seller yet. Add one: "
            f"bin/sellerbus sellers add <seller id> --stage {stage.name} --marketplaces <codes>",
            NOT_FOUND,
        )
    return found


def unknown(stage: Stage, seller_id: str, region: str | None) -> CommandError:
    where = f"region {region} of stage {stage.name}" if region else f"stage {stage.name}"
    return CommandError(
        f"Seller {seller_id} is not in {where}. See: bin/sellerbus sellers list --stage {stage.name}",
        NOT_FOUND,
    )


def named(cells: Sequence[Cell]) -> str:
    return ", ".join(cell.region for cell in cells)
