"""Adds many sellers at once, with a few threads. Every row is one write: what is done is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ops import parallel
from ops.errors import aws_not_reached, aws_refusal
from ops.seller_file import SellerRow
from ops.seller_input import own_types
from sellerbus.sellers.registry import SellerExistsError
from sellerbus.sellers.rows import Seller


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
    failing = parallel.Streak()

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
            failure: Exception = error
            return failure
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


def _reason(error: Exception) -> str:
    return aws_refusal(error) if isinstance(error, ClientError) else aws_not_reached(error)
