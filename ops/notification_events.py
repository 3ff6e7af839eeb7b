"""A stage's published events as its archive has them, and which of them are wanted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import typer

from ops import cells, parallel
from ops.errors import FAILED, CommandError
from ops.stage import NOTIFICATIONS, Cell, Stage
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.archive import (
    LATENESS,
    Archive,
    ArchivedEvent,
    UnreadableArchiveError,
    moment,
    oldest_in,
)

_SKU_NAMES: Final = ("sku", "sellersku", "skus")
_AHEAD: Final = 4 * parallel.WORKERS

Sellers = Annotated[
    list[str] | None,
    typer.Option(
        "--seller", metavar="ID", help="Only this seller's; may be given several times.", show_default=False
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="Only this notification type; may be given several times.",
        show_default=False,
    ),
]
Sku = Annotated[
    str | None,
    typer.Option("--sku", help="Only what names this SKU anywhere in its payload.", show_default=False),
]


@dataclass(frozen=True)
class Wanted:
    """Which events are wanted; empty: no matter. types: in capitals. ids: of events or notifications."""

    sellers: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    sku: str | None = None
    ids: frozenset[str] = frozenset()

    @classmethod
    def typed(
        cls,
        sellers: Iterable[str] | None = None,
        types: Iterable[str] | None = None,
        sku: str | None = None,
        ids: Iterable[str] | None = None,
    ) -> Wanted:
        """Return what the options say."""
        return cls(
            sellers=frozenset(each.strip() for each in sellers or ()),
            types=frozenset(each.strip().upper().replace("-", "_") for each in types or ()),
            sku=sku,
            ids=frozenset(each.strip() for each in ids or ()),
        )

    def takes(self, event: ArchivedEvent) -> bool:
        return (
            (not self.sellers or event.seller_id in self.sellers)
            and (not self.types or event.notification_type in self.types)
            and (not self.ids or event.event_id in self.ids or event.notification_id in self.ids)
            and (self.sku is None or names_sku(event.detail, self.sku))
        )

    @property
    def words(self) -> str:
        """Return the filter as a person reads it; "" where everything is wanted."""
        named = {
            "seller": sorted(self.sellers),
            "type": sorted(self.types),
            "SKU": [self.sku] if self.sku else [],
            "id": sorted(self.ids),
        }
        return ", ".join(f"{name} {' or '.join(values)}" for name, values in named.items() if values)


def names_sku(value: Any, sku: str) -> bool:
    """Whether a SKU stands anywhere in a payload under one of the names that Amazon gives it."""
    if isinstance(value, list):
        return any(names_sku(each, sku) for each in value)
    if not isinstance(value, Mapping):
        return False
    return any(
        (name.casefold() in _SKU_NAMES and (each == sku or (isinstance(each, list) and sku in each)))
        or names_sku(each, sku)
        for name, each in value.items()
    )


def archives(stage: Stage, region: str | None) -> list[tuple[Cell, Archive]]:
    """Return the archives of the cells that have one by now; raises CommandError where none has."""
    places = cells.chosen(stage, region)
    found = [
        (cell, Archive(cell.client("s3"), outputs["ArchiveBucketName"]))
        for cell in places
        if (outputs := cell.outputs(NOTIFICATIONS)) and outputs.get("ArchiveBucketName")
    ]
    if not found:
        # Says which stack or output is missing and how it is deployed.
        places[0].output("ArchiveBucketName", NOTIFICATIONS)
    return found


def events(
    archive: Archive,
    since: datetime,
    until: datetime,
    *,
    damaged: Callable[[str], None],
    lateness: timedelta = LATENESS,
) -> Iterator[ArchivedEvent]:
    """Yield each event that was published in [since, until) once, in the order of writing.

    As Archive.events does, but reads ahead with a few threads. damaged: is told of an object that cannot be
    read, and the others are. Raises CommandError where AWS does not answer.
    """
    seen: set[str] = set()
    try:
        keys = (key for key in archive.keys(since, until + lateness) if oldest_in(key) < until)
        for held in read_ahead(archive, keys, damaged=damaged):
            for event in held:
                if since <= moment(event.published_at) < until and event.event_id not in seen:
                    seen.add(event.event_id)
                    yield event
    except StoreUnavailableError as error:
        raise CommandError(f"The archive can't be read now: {error}", FAILED) from error


def read_ahead(
    archive: Archive, keys: Iterable[str], *, damaged: Callable[[str], None]
) -> Iterator[list[ArchivedEvent]]:
    """Yield what each object holds, in order; raises StoreUnavailableError."""
    rest = iter(keys)
    with ThreadPoolExecutor(max_workers=parallel.WORKERS) as pool:
        while some := list(itertools.islice(rest, _AHEAD)):
            for outcome in pool.map(lambda key: _read(archive, key), some):
                if isinstance(outcome, str):
                    damaged(outcome)
                else:
                    yield outcome


def _read(archive: Archive, key: str) -> list[ArchivedEvent] | str:
    try:
        return archive.read(key)
    except UnreadableArchiveError as error:
        return str(error)


def document(event: ArchivedEvent, region: str, *, with_detail: bool) -> dict[str, Any]:
    """Return an event as --json has it; its detail may hold a buyer's data."""
    shown = {
        "region": region,
        "eventId": event.event_id,
        "notificationId": event.notification_id,
        "notificationType": event.notification_type,
        "sellerId": event.seller_id,
        "marketplaceId": event.marketplace_id,
        "publishedAt": event.published_at,
        "eventTime": event.detail.get("eventTime"),
        "entity": event.detail.get("entity"),
        "stale": event.detail.get("stale"),
        "origin": event.detail.get("origin"),
    }
    return {**shown, "detail": event.detail} if with_detail else shown
