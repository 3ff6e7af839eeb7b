"""`sellerbus sellers import`: many sellers at once, from a file."""

from __future__ import annotations

import stat
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Protocol

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops import cells, console, parallel, seller_file
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError, aws_refusal
from ops.options import AsJson, StageName, opened
from ops.seller_file import SellerRow
from ops.seller_input import own_types
from ops.stage import FOUNDATION, Cell, Stage
from sellerbus.api.redaction import redact
from sellerbus.sellers.registry import SellerExistsError
from sellerbus.sellers.rows import Seller

STDIN: Final = "-"

_MOST_FAILURES_IN_A_ROW: Final = 20
"""So many say that the cause lies in no row: expired credentials, a right that is missing."""

_LISTED_FAILURES: Final = 10


class Registry(Protocol):
    """The part of a cell's seller registry that is used."""

    def add(
        self,
        seller_id: str,
        *,
        region: str,
        marketplace_ids: Sequence[str],
        refresh_token: str,
        notification_types: Sequence[str] | None,
        replace: bool,
    ) -> Seller: ...


@dataclass(frozen=True)
class Failure:
    row: SellerRow
    reason: str


@dataclass
class Imported:
    """What became of the rows. not_reached: those that were not begun when the import stopped."""

    added: list[SellerRow] = field(default_factory=list)
    replaced: list[SellerRow] = field(default_factory=list)
    skipped: list[SellerRow] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    not_reached: int = 0
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        return not self.failed and not self.not_reached

    def document(self, stage: str) -> dict[str, object]:
        return {
            "stage": stage,
            "added": len(self.added),
            "replaced": len(self.replaced),
            "skipped": len(self.skipped),
            "notReached": self.not_reached,
            "failed": [
                {
                    "line": failure.row.line,
                    "sellerId": failure.row.seller_id,
                    "region": failure.row.region,
                    "reason": failure.reason,
                }
                for failure in self.failed
            ],
        }


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
    name = "stdin" if str(file) == STDIN else file.name
    rows = seller_file.read(seller_file.decoded(_content(file), name), name, target)
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


def add_all(
    rows: Sequence[SellerRow],
    registries: Mapping[str, Registry],
    *,
    present: Mapping[tuple[str, str], Seller],
    replace: bool,
    advance: Callable[[], None],
) -> Imported:
    """Add the rows with a few threads. registries: by region. present: who is there, by region
    and seller id.

    Stops where many rows in a row fail, and on Ctrl-C: every row is one write, so what is done is done.
    """
    done = Imported()
    todo = []
    for row in rows:
        if (row.region, row.seller_id) in present and not replace:
            done.skipped.append(row)
            advance()
        else:
            todo.append(row)
    stop = parallel.Stop()
    failing = _Streak()

    def add(row: SellerRow, _: parallel.Stop) -> Exception | None:
        try:
            registries[row.region].add(
                row.seller_id,
                region=row.region,
                marketplace_ids=row.marketplace_ids,
                refresh_token=row.refresh_token,
                notification_types=own_types(row.types, present.get((row.region, row.seller_id))),
                replace=replace,
            )
        except SellerExistsError as error:
            return error
        except (ClientError, BotoCoreError) as error:
            if failing.grew():
                stop.set()
            return error
        failing.broke()
        return None

    reached = 0
    try:
        for row, error in parallel.each(todo, add, stop=stop):
            reached += 1
            advance()
            if error is None:
                (done.replaced if (row.region, row.seller_id) in present else done.added).append(row)
            elif isinstance(error, SellerExistsError):
                # Somebody has added it since the look at who is there.
                done.skipped.append(row)
            else:
                done.failed.append(Failure(row, _reason(error)))
    except KeyboardInterrupt:
        done.interrupted = True
    done.not_reached = len(todo) - reached
    return done


class _Streak:
    """Counts failures without a success between them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def grew(self) -> bool:
        """Note a failure; True where there are too many."""
        with self._lock:
            self._count += 1
            return self._count >= _MOST_FAILURES_IN_A_ROW

    def broke(self) -> None:
        with self._lock:
            self._count = 0


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


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == STDIN else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", WRONG_INPUT) from error


def _told_about_the_file(file: Path) -> None:
    if str(file) == STDIN:
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
    lines = [
        f"  line {failure.row.line}: {failure.row.seller_id}: {failure.reason}"
        for failure in done.failed[:_LISTED_FAILURES]
    ]
    if len(done.failed) > _LISTED_FAILURES:
        lines.append(f"  ... and {len(done.failed) - _LISTED_FAILURES} more (--json lists all)")
    begin = "Interrupted" if done.interrupted else "Not all sellers were added"
    stopped = f", {done.not_reached} were not reached" if done.not_reached else ""
    failed = f"{len(done.failed)} failed" if done.failed else "none failed"
    return "\n".join(
        [
            f"{begin}: {failed}{stopped}. Run the same command again when the cause is mended: what is "
            "there by then is skipped.",
            *lines,
        ]
    )


def _reason(error: Exception) -> str:
    return (
        aws_refusal(error) if isinstance(error, ClientError) else f"AWS was not reached: {redact(str(error))}"
    )
