"""`sellerbus notifications replay`: publish again what was published, counted and sampled first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from ops import console, guard, times
from ops.cells import RegionName
from ops.errors import NOT_FOUND, PARTLY, WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.notification_events import Sellers, Sku, Types, Wanted, archives
from ops.notification_replaying import AWS_ERRORS, Progress, replay_id
from ops.notification_replays import QUEUE_URL, Counted, Replay
from ops.options import AsJson, NoInput, StageName, Yes, opened
from sellerbus.api.redaction import redact

_ARCHIVED_WITHIN: Final = timedelta(minutes=1)


def replay(
    stage: StageName,
    since: Annotated[
        str,
        typer.Option(
            help="Those published since then: 2026-11-04T12:30 (UTC), or so long ago: 90m, 24h, 7d.",
            show_default=False,
        ),
    ],
    until: Annotated[
        str | None,
        typer.Option(help="Those published before then; now, if it is not said.", show_default=False),
    ] = None,
    sellers: Sellers = None,
    types: Types = None,
    sku: Sku = None,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--id", metavar="ID", help="Only this event or notification; may be repeated.", show_default=False
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="QUEUE_URL", help="To this queue alone, instead of the bus.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count, and show samples.")] = False,
    per_second: Annotated[
        float, typer.Option(min=0.2, max=5000, help="How many a second at the most.")
    ] = 50.0,
    skip: Annotated[
        int, typer.Option(min=0, help="Leave out the first so many, which were sent before.")
    ] = 0,
    identity: Annotated[
        str | None,
        typer.Option(
            "--replay-id",
            help="The replay's id in its events; else made of what is chosen.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Publish archived events again, the same ones with the same eventIds; counts and shows them first.

    Examples:
        bin/sellerbus notifications replay --stage production --since 2h --seller A2EXAMPLE --dry-run
        bin/sellerbus notifications replay --stage production --since 2026-11-04 --until 2026-11-05
        bin/sellerbus notifications replay --stage production --since 2h --to "$QUEUE_URL"

    Everybody on the bus receives them: what deduplicates on eventId, as docs/events.md asks, does not handle
    again what it has handled. --to sends to one queue what a rule would have sent it. Their detail says
    "replay" {"id", "at"}. A replay that is broken off says how to go on. Exit code 3 where there is nothing
    to replay; 5 where not all were taken. Printed with --json: {"replayId", "since", "until", "to", "total",
    "types" (counts), "sellers" (count), "samples" [{"notificationType", "eventId", "publishedAt",
    "sellerId"}], "sent", "failed" [{"eventId", "code"}], "unreadable"}; sent is null with --dry-run.
    """
    del no_input
    target = opened(stage)
    now = datetime.now(UTC)
    first = times.since(since, now)
    last = times.since(until, now) if until else now
    if first >= last:
        raise CommandError("--since is not before --until.", WRONG_INPUT)
    wanted = Wanted.typed(sellers, types, sku, ids)
    replaying = Replay(
        places=archives(target, region),
        wanted=wanted,
        since=first,
        until=last,
        replay_id=identity or replay_id(f"{stage} {wanted.words} {to or 'bus'}", first, last),
        to=_queue(to),
        at=now.isoformat(timespec="seconds"),
    )
    counted = replaying.count()
    if counted.total <= skip:
        raise CommandError(
            f"The archive has {console.counted(counted.total, 'such event')}"
            f"{f', and {skip} are to be left out' if skip else ''}: nothing was sent.",
            NOT_FOUND,
        )
    document = _document(replaying, counted)
    if not as_json or not dry_run:
        _show(counted, replaying, as_json=as_json)
    if dry_run:
        if as_json:
            console.show_json(document)
        else:
            console.show_line("Nothing was sent.")
        return
    guard.allowed(target, confirm, "Publishing events again")
    where = to or "everybody on the bus"
    console.confirmed(
        f"Send {console.counted(counted.total - skip, 'event')} to {where}?", yes=yes or confirm is not None
    )
    progress = Progress(passed=skip)
    try:
        replaying.send(progress, counted.total, per_second)
    except (*AWS_ERRORS, KeyboardInterrupt) as error:
        _tell_how_to_go_on(replaying, progress, counted)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise CommandError(f"AWS did not go on: {redact(str(error))}", PARTLY) from error
    _conclude(document, progress, counted, replaying, as_json=as_json)


def _queue(url: str | None) -> str | None:
    if url is not None and not QUEUE_URL.fullmatch(url):
        raise CommandError(f"--to {url!r} is no URL of a queue.", WRONG_INPUT)
    return url


def _document(replaying: Replay, counted: Counted) -> dict[str, Any]:
    return {
        "replayId": replaying.replay_id,
        "since": replaying.since.isoformat(),
        "until": replaying.until.isoformat(),
        "to": replaying.to,
        "total": counted.total,
        "types": dict(sorted(counted.types.items())),
        "sellers": len(counted.sellers),
        "samples": [
            {
                "notificationType": event.notification_type,
                "eventId": event.event_id,
                "publishedAt": event.published_at,
                "sellerId": event.seller_id,
            }
            for _, events in sorted(counted.samples.items())
            for event in events
        ],
        "sent": None,
        "failed": [],
        "unreadable": counted.damaged,
    }


def _show(counted: Counted, replaying: Replay, *, as_json: bool) -> None:
    """Show what would be sent, on stderr where stdout is for JSON."""
    if as_json:
        kinds = console.counted(len(counted.types), "type")
        console.say(f"{console.counted(counted.total, 'event')} of {kinds} to send.")
        return
    rows = [
        (
            kind,
            f"{counted.types[kind]:,}",
            "\n".join(event.published_at for event in events),
            "\n".join(event.event_id for event in events),
        )
        for kind, events in sorted(counted.samples.items())
    ]
    sellers = console.counted(len(counted.sellers), "seller")
    span = f"{times.absolute(replaying.since)} to {times.absolute(replaying.until)}"
    title = f"{console.counted(counted.total, 'event')} of {sellers}, {span}"
    console.show_table(title, ("Type", "How many", "First, last", "Event ids"), rows)
    for fault in counted.damaged:
        console.say(fault)
    if datetime.now(UTC) < replaying.until + _ARCHIVED_WITHIN:
        console.say("What was published within the last minute may not be in the archive yet.")


def _tell_how_to_go_on(replaying: Replay, progress: Progress, counted: Counted) -> None:
    options = f"--since {replaying.since.isoformat()} --until {replaying.until.isoformat()}"
    console.say(
        f"{progress.passed} of {counted.total} were sent. To go on: the same command with {options} "
        f"--replay-id {replaying.replay_id} --skip {progress.passed}. Up to ten that were on their way come "
        "again, with the same eventIds."
    )


def _conclude(
    document: dict[str, Any], progress: Progress, counted: Counted, replaying: Replay, *, as_json: bool
) -> None:
    if as_json:
        failed = [{"eventId": event_id, "code": code} for event_id, code in progress.failed]
        console.show_json({**document, "sent": progress.sent, "failed": failed})
    else:
        console.show_line(f"{console.counted(progress.sent, 'event')} sent, as replay {replaying.replay_id}.")
    if progress.failed:
        ids = ", ".join(f"{event_id} ({code})" for event_id, code in progress.failed[:5])
        raise CommandError(
            f"{console.counted(len(progress.failed), 'event')} could not be sent, such as {ids}. "
            "Again: --id of each.",
            PARTLY,
        )
    if counted.damaged:
        raise CommandError(
            f"{console.counted(len(counted.damaged), 'object')} of the archive could not be read.", PARTLY
        )
