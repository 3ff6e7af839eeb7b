"""`sellerbus sellers import`: many sellers at once, from a file."""

from __future__ import annotations

import stat
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ops import cells, console, csv_file, seller_file
from ops.bulk_add import Imported, add_all
from ops.errors import FAILED, PARTLY, CommandError
from ops.options import AsJson, StageName, opened
from ops.seller_file import SellerRow
from ops.stage import FOUNDATION, Cell, Stage


def import_file(
    file: Annotated[Path, typer.Argument(help="The file; - for stdin.", show_default=False)],
    stage: StageName,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace token, marketplaces and types of sellers that are there."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add the sellers of a CSV file. Sellers that are there are skipped, so it can be run again.

    The first line names the columns: sellerId, marketplaces (country codes or ids, in quotation marks where
    commas are between them, else separated by spaces), refreshToken, and optionally types, as `add --types`
    takes them. Columns are separated by commas or semicolons; the file is UTF-8.

    The whole file is checked first: every problem is told with its line, and nothing is called.

    Exit code 5 where some sellers were not added: the output says which and why. Printed with --json:
    {"stage", "added", "replaced", "skipped", "notReached" (counts), "failed": [{"line", "sellerId",
    "region", "reason"}]}.
    """
    target = opened(stage)
    name = "stdin" if str(file) == csv_file.STDIN else file.name
    rows = seller_file.read(csv_file.decoded(csv_file.content(file), name), name, target)
    _told_about_the_file(file)
    places = _places(target, {row.region for row in rows})
    done = _done(rows, places, replace=replace)
    if as_json:
        console.show_json(done.document(stage))
    else:
        console.show_facts(f"Sellers of {name} in stage {stage}", _facts(done))
    if not done.complete:
        raise CommandError(
            _told_about_failures(done), PARTLY if done.added or done.replaced or done.skipped else FAILED
        )


def _done(rows: Sequence[SellerRow], places: Sequence[Cell], *, replace: bool) -> Imported:
    registries = {cell.region: cells.registry(cell) for cell in places}
    # Who is there is listed once: a thousand look-ups would take a thousand calls.
    present = {
        (region, seller.seller_id): seller
        for region, registry in registries.items()
        for seller in registry.sellers()
    }
    with console.progress(len(rows), "Adding sellers") as bar:
        return add_all(rows, registries, present=present, replace=replace, advance=bar.advance)


def _places(stage: Stage, regions: Collection[str]) -> list[Cell]:
    """Return the cells of the rows; raises CommandError where one of them is not deployed."""
    places = [cell for cell in stage.cells if cell.region in regions]
    for cell in places:
        if cell.outputs(FOUNDATION) is None:
            cell.foundation()
    return places


def _told_about_the_file(file: Path) -> None:
    if str(file) == csv_file.STDIN:
        return
    others = file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if others:
        console.say(f"Others on this machine may read {file}, and it has tokens in it: chmod 600 {file}")
    console.say(f"Delete {file} when all its sellers are added: the registry keeps the tokens encrypted.")


def _facts(done: Imported) -> dict[str, str]:
    facts = {
        "Added": str(len(done.added)),
        "Replaced": str(len(done.replaced)),
        "Skipped": f"{len(done.skipped)}{' (were there; --replace replaces them)' if done.skipped else ''}",
        "Failed": str(len(done.failed)),
        "Not reached": str(done.not_reached),
    }
    return {name: value for name, value in facts.items() if name in ("Added", "Skipped") or value != "0"}


def _told_about_failures(done: Imported) -> str:
    lines = [f"  line {each.row.line}: {each.row.seller_id}: {each.reason}" for each in done.failed]
    begin = "Interrupted" if done.interrupted else "Not all sellers were added"
    stopped = f", {done.not_reached} were not reached" if done.not_reached else ""
    failed = f"{len(done.failed)} failed" if done.failed else "none failed"
    when = " when the cause is mended" if done.failed else ""
    again = f"Run the same command again{when}: what is there by then is skipped."
    return "\n".join([f"{begin}: {failed}{stopped}. {again}", *console.shortened(lines)])
