"""`sellerbus notifications tail`: what is published, as it is published."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from ops import console, times
from ops.cells import RegionName
from ops.errors import NOT_FOUND, CommandError
from ops.notification_events import Sellers, Sku, Types, Wanted, archives, document, read_ahead
from ops.options import AsJson, StageName, opened
from ops.printable import plain
from ops.stage import Cell
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.archive import Archive, ArchivedEvent, moment

_EVERY_SECONDS: Final = 2.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
OVERLAP: Final = timedelta(minutes=5)
"""How far each look goes back and ahead: the writers' clocks and this one differ, and writing takes time."""
_REMEMBERED: Final = timedelta(hours=2)
"""For how long an event's id is known, which the archive may hold twice."""


class Follower:
    """One cell's archive, looked at again and again; each event is told once.

    since: events published before it are not told. now: this machine's clock. A look that fails changes
    nothing, so that the next one begins where the last good one did.
    """

    def __init__(
        self, archive: Archive, *, since: datetime, now: Callable[[], datetime], tell_first: bool
    ) -> None:
        self._archive = archive
        self._since = since
        self._now = now
        self._looked = since
        # With when they were seen: what no look can meet again is forgotten.
        self._keys: dict[str, datetime] = {}
        self._ids: dict[str, datetime] = {}
        self._telling = tell_first

    def look(self) -> list[ArchivedEvent]:
        """Return the events that came since the last look. Raises StoreUnavailableError."""
        now = self._now()
        keys = self._archive.keys(self._looked - OVERLAP, now + OVERLAP)
        unread = [key for key in keys if key not in self._keys]
        objects = read_ahead(self._archive, unread if self._telling else (), damaged=console.say)
        new = [event for held in objects for event in held]
        told = [event for event in new if moment(event.published_at) >= self._since]
        fresh = [event for event in _once(told) if event.event_id not in self._ids]
        self._keys |= dict.fromkeys(unread, now)
        self._ids |= {event.event_id: now for event in fresh}
        self._telling = True
        self._looked = now
        self._keys = {key: at for key, at in self._keys.items() if at >= now - 3 * OVERLAP}
        self._ids = {identity: at for identity, at in self._ids.items() if at >= now - _REMEMBERED}
        return fresh


def tail(
    stage: StageName,
    sellers: Sellers = None,
    types: Types = None,
    sku: Sku = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Those since then first: 2026-11-04T12:30 (UTC), or so long ago: 90m, 24h, 7d.",
            show_default=False,
        ),
    ] = None,
    detail: Annotated[
        bool, typer.Option("--detail", help="The whole event as well. It may hold a buyer's data.")
    ] = False,
    lasting: Annotated[
        float | None,
        typer.Option("--for", min=1, metavar="SECONDS", help="End after so long.", show_default=False),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many; exit code 3 where fewer came.", show_default=False),
    ] = None,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Follow what is published, until Ctrl-C. Events are seen some seconds after their publishing.

    Examples:
        bin/sellerbus notifications tail --stage production
        bin/sellerbus notifications tail --stage production --seller A2EXAMPLE --type ORDER_CHANGE --since 30m
        bin/sellerbus notifications tail --stage production --sku TEA-KETTLE-RED --json | jq .eventId

    Each event is told once. Where AWS is not reached it is tried again, and what was published meanwhile is
    told then; stderr says so. Printed with --json: a line each, {"region", "eventId", "notificationId",
    "notificationType", "sellerId", "marketplaceId", "publishedAt", "eventTime", "entity", "stale", "origin"},
    and with --detail "detail", the event's (docs/events.md).
    """
    wanted = Wanted.typed(sellers, types, sku)
    begin = datetime.now(UTC)
    followers = [
        (
            cell,
            Follower(
                archive,
                since=times.since(since, begin) if since else begin - OVERLAP,
                now=lambda: datetime.now(UTC),
                tell_first=since is not None,
            ),
        )
        for cell, archive in archives(opened(stage), region)
    ]
    filtered = f" of {wanted.words}" if wanted.words else ""
    console.say(f"Following what is published in stage {stage}{filtered}. Ctrl-C ends it.")
    shown = _follow(
        followers, wanted, lasting, count, lambda cell, event: _show(cell, event, detail, as_json)
    )
    if count is not None and shown < count:
        raise CommandError(f"{shown} of {count} came.", NOT_FOUND)


def _follow(
    followers: list[tuple[Cell, Follower]],
    wanted: Wanted,
    lasting: float | None,
    count: int | None,
    show: Callable[[Cell, ArchivedEvent], None],
) -> int:
    """Look again and again; returns how many events were shown."""
    deadline = None if lasting is None else time.monotonic() + lasting
    lost: dict[str, float] = {}
    pause = _EVERY_SECONDS
    shown = 0
    while True:
        for cell, follower in followers:
            try:
                found = follower.look()
            except StoreUnavailableError as error:
                if cell.region not in lost:
                    lost[cell.region] = time.monotonic()
                    console.say(f"{cell.region}: {error}. It is tried again; nothing is lost.")
                continue
            if cell.region in lost:
                gap = times.span(time.monotonic() - lost.pop(cell.region))
                new = console.counted(len(found), "event")
                console.say(f"{cell.region}: back after {gap}; the gap is filled with {new}.")
            for event in filter(wanted.takes, found):
                show(cell, event)
                shown += 1
                if shown == count:
                    return shown
        if deadline is not None and time.monotonic() >= deadline:
            return shown
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS) if lost else _EVERY_SECONDS
        console.wait(pause)


def _show(cell: Cell, event: ArchivedEvent, detail: bool, as_json: bool) -> None:
    if as_json:
        line: dict[str, Any] = document(event, cell.region, with_detail=detail)
        sys.stdout.write(json.dumps(line, sort_keys=True) + "\n")
    else:
        entity = event.detail.get("entity") or {}
        marks = [name for name in ("stale",) if event.detail.get(name)]
        origin = event.detail.get("origin")
        marks += [origin] if origin and origin != "amazon" else []
        parts = (
            event.published_at,
            event.notification_type,
            event.seller_id or "-",
            f"{entity.get('kind')} {entity.get('id')}" if entity else "-",
            event.event_id,
            *marks,
        )
        sys.stdout.write(plain("  ".join(parts)) + "\n")
        if detail:
            sys.stdout.write(json.dumps(event.detail, indent=2, sort_keys=True) + "\n")
    # Piped on, each line is wanted when it comes.
    sys.stdout.flush()


def _once(events: list[ArchivedEvent]) -> list[ArchivedEvent]:
    return list({event.event_id: event for event in events}.values())
