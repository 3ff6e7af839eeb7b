"""`sellerbus notifications show`: one notification, its way through the ledger, and its event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from ops import cells, console, notification_events, times
from ops.cells import RegionName
from ops.errors import NOT_FOUND, CommandError
from ops.notification_events import Wanted, archives
from ops.options import AsJson, StageName, opened
from ops.stage import NOTIFICATIONS, Cell, Stage
from sellerbus.aws.items import plain_item
from sellerbus.notifications.archive import ArchivedEvent
from sellerbus.notifications.ledger import event_id

_DEFAULT_SINCE: Final = "24h"
_AROUND: Final = timedelta(minutes=2)


def show(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="A notificationId, or an eventId.", show_default=False)
    ],
    stage: StageName,
    since: Annotated[
        str, typer.Option(help="How far back the archive is searched for an eventId, which the ledger lacks.")
    ] = _DEFAULT_SINCE,
    detail: Annotated[
        bool, typer.Option("--detail", help="The whole event as well. It may hold a buyer's data.")
    ] = False,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of one notification: when it came, how often it was tried, when it was published.

    Examples:
        bin/sellerbus notifications show 5b1e4d0c-5f0e-4a60-9a36-0a4cf1a4b104 --stage production
        bin/sellerbus notifications show 0b7c3b0e-8d3c-5f6e-9a34-6f4b4b1c9a10 --stage production --since 3d

    A notificationId is looked up in the ledger, which keeps it for retention.completed_days; its event in the
    archive, which keeps it for retention.archive_days. Exit code 3 where neither has it. Printed with --json:
    {"region", "notificationId", "eventId", "ledger" {"status", "attempts", "firstSeenAt", "completedAt",
    "leaseUntil", "busEventId", "messageIds"}, "event" (as `tail` prints one)}; null is what is not there.
    """
    target = opened(stage)
    wanted = identity.strip()
    found = _in_ledger(target, region, wanted) or _in_archive(target, region, wanted, since)
    if found is None:
        raise CommandError(
            f"Neither the ledger of stage {stage} has notification {wanted}, nor the archive since {since} "
            "its event. Further back: --since 7d. Not worked on yet, or a dead letter: bin/sellerbus "
            f"dead-letters list --stage {stage}",
            NOT_FOUND,
        )
    cell, row, event = found
    notification_id = event.notification_id if event else wanted
    document = {
        "region": cell.region,
        "notificationId": notification_id,
        "eventId": event_id(notification_id),
        "ledger": _ledger_document(row) if row else None,
        "event": notification_events.document(event, cell.region, with_detail=detail) if event else None,
    }
    if as_json:
        console.show_json(document)
    else:
        console.show_facts(f"Notification {notification_id}", _facts(document, datetime.now(UTC)))
        if detail and event:
            console.show_line(json.dumps(event.detail, indent=2, sort_keys=True))
    if event is None:
        console.say("Its event is not in the archive: not published yet, published a moment ago, or too old.")
    else:
        again = f"--id {event.event_id} --since {event.published_at} --stage {stage}"
        console.say(f"Publish it again: bin/sellerbus notifications replay {again} --dry-run")


_Found = tuple[Cell, Mapping[str, Any] | None, ArchivedEvent | None]


def _in_ledger(stage: Stage, region: str | None, notification_id: str) -> _Found | None:
    for cell in cells.chosen(stage, region):
        row = _row(cell, notification_id)
        if row is not None:
            event = next(_around(stage, cell, row, notification_id), None)
            return cell, row, event
    return None


def _in_archive(stage: Stage, region: str | None, identity: str, since: str) -> _Found | None:
    now = datetime.now(UTC)
    wanted = Wanted.typed(ids=[identity])
    for cell, archive in archives(stage, region):
        with console.progress(1, f"Searching the archive ({cell.region})"):
            events = notification_events.events(
                archive, times.since(since, now), now + _AROUND, damaged=console.say
            )
            event = next(filter(wanted.takes, events), None)
        if event is not None:
            return cell, _row(cell, event.notification_id), event
    return None


def _row(cell: Cell, notification_id: str) -> Mapping[str, Any] | None:
    outputs = cell.outputs(NOTIFICATIONS)
    if not outputs:
        return None
    key = {"pk": {"S": f"notification#{notification_id}"}}
    answer = cell.client("dynamodb").get_item(
        TableName=outputs["LedgerTableName"], Key=key, ConsistentRead=True
    )
    item = answer.get("Item")
    if not item:
        return None
    # A set of texts is the one kind that the other tables don't have.
    ids = item.pop("messageIds", {}).get("SS", ())
    return {**plain_item(item), "messageIds": ids}


def _around(
    stage: Stage, cell: Cell, row: Mapping[str, Any], notification_id: str
) -> Iterator[ArchivedEvent]:
    """The event of a completed row: the ledger says when it was published."""
    if row.get("completedAt") is None:
        return
    completed = _time(row["completedAt"])
    ((_, archive),) = archives(stage, cell.region)
    events = notification_events.events(
        archive, completed - _AROUND, completed + _AROUND, damaged=console.say
    )
    yield from filter(Wanted.typed(ids=[notification_id]).takes, events)


def _time(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _ledger_document(row: Mapping[str, Any]) -> dict[str, Any]:
    times_of = {
        name: _time(row[name]).isoformat(timespec="milliseconds") if row.get(name) is not None else None
        for name in ("firstSeenAt", "completedAt", "leaseUntil")
    }
    return {
        "status": row.get("status"),
        "attempts": int(row.get("attempts", 0)),
        **times_of,
        "busEventId": row.get("busEventId"),
        "messageIds": sorted(row.get("messageIds", ())),
    }


def _facts(document: Mapping[str, Any], now: datetime) -> dict[str, str]:
    event, row = document["event"] or {}, document["ledger"] or {}
    entity = event.get("entity")
    facts = {
        "Region": document["region"],
        "Event id": document["eventId"],
        "Type": event.get("notificationType"),
        "Seller": event.get("sellerId"),
        "About": f"{entity['kind']} {entity['id']}" if entity else None,
        "Origin": event.get("origin"),
        "Happened": times.both(event.get("eventTime"), now) if event else None,
        "Came": times.both(row.get("firstSeenAt"), now) if row else None,
        "Published": times.both(row.get("completedAt") or event.get("publishedAt"), now),
        "Status": f"{row['status']}, tried {console.counted(row['attempts'], 'time')}" if row else None,
        "Stale": "yes: a later state of it came before" if event.get("stale") else None,
        "SQS messages": ", ".join(row.get("messageIds", ())) or None,
    }
    return {name: str(value) for name, value in facts.items() if value is not None}
