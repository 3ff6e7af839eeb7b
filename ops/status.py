"""`sellerbus status`: where you are, with whose credentials, and what the stage is doing at this moment."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops import cells, console, guard, parallel, status_reading, times
from ops.cells import RegionName
from ops.errors import PARTLY, CommandError, aws_not_reached, aws_refusal
from ops.options import AsJson, StageName, opened
from ops.stage import Cell, Stage

_HEALTHY: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_CLEAR: Final = "\x1b[H\x1b[2J"


def status(
    stage: StageName,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=1, max=3600, help="How many seconds --watch waits.")] = 5.0,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Show what a stage is doing now: account, stacks, queues, open tasks, alarms that are on.

    Examples:
        bin/sellerbus status --stage production
        bin/sellerbus status --stage production --watch --every 10
        bin/sellerbus status --stage production --json | jq '.cells[].alarms'

    Everything is asked for at this moment; the age of a queue's oldest message is CloudWatch's, a minute or
    two old. Exit code 5 where a part could not be read. Printed with --json (with --watch a line each):
    {"stage", "production", "account", "identity", "credentials" {"method", "profile"}, "at", "cells":
    [{"region", "awsRegion", "stacks" [{"part", "name", "status", "updatedAt"}], "queues" [{"name", "gone",
    "visible", "hidden", "oldestSeconds", "deadLetters"}], "feeds" and "messages" {"deployed", "open" (by
    state), "oldest", "complete"}, "alarms" [{"name", "composite", "text", "command", "runbook", "since"}],
    "unread" (by section: why)}]}.
    """
    target = opened(stage)
    places = cells.chosen(target, region)
    whose = _whose(places[0])
    states = [status_reading.CellState(cell) for cell in places]
    while True:
        document = {**_head(target, whose), "cells": _cells(states)}
        if as_json and watch:
            sys.stdout.write(json.dumps(document, sort_keys=True) + "\n")
            sys.stdout.flush()
        elif as_json:
            console.show_json(document)
        else:
            if watch and sys.stdout.isatty():
                sys.stdout.write(_CLEAR)
            _show(document)
        if not watch:
            break
        console.wait(every)
    unread = [
        f"{name} ({cell['region']}): {why}"
        for cell in document["cells"]
        for name, why in cell["unread"].items()
    ]
    if unread:
        raise CommandError(f"Not all could be read. {' '.join(unread)}", PARTLY)


def credentials() -> dict[str, str | None]:
    """Return where the AWS credentials come from, as botocore names it, and the profile."""
    session = boto3.Session()
    found = session.get_credentials()
    profile = session.profile_name if found and found.method not in ("env", "explicit") else None
    return {"method": found.method if found else None, "profile": profile}


def _whose(cell: Cell) -> Mapping[str, Any]:
    identity = cell.client("sts").get_caller_identity()
    return {
        "account": str(identity["Account"]),
        "identity": str(identity["Arn"]),
        "credentials": credentials(),
    }


def _head(stage: Stage, whose: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "production": guard.is_production(stage),
        **whose,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cells(states: Sequence[status_reading.CellState]) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [_cell(state, now) for state in states]


def _cell(state: status_reading.CellState, now: datetime) -> dict[str, Any]:
    stacks = state.stacks()
    ways = status_reading.ways(state, now)
    found = dict(parallel.each(ways, lambda name, _: _read(ways[name])))
    return {
        "region": state.cell.region,
        "awsRegion": state.cell.settings.aws_region,
        "stacks": stacks,
        **{name: found[name][0] for name in ways},
        "unread": {name: found[name][1] for name in ways if found[name][1] is not None},
    }


def _read(way: Callable[[], Any]) -> tuple[Any, str | None]:
    """A section's content, or why there is none: a right that is missing costs its section alone."""
    try:
        return way(), None
    except ClientError as error:
        return None, aws_refusal(error)
    except BotoCoreError as error:
        return None, aws_not_reached(error)


def _show(document: Mapping[str, Any]) -> None:
    now = datetime.now(UTC)
    told = document["credentials"]
    profile = f", profile {told['profile']}" if told["profile"] else ""
    console.show_facts(
        f"Stage {document['stage']}{', a production stage' if document['production'] else ''}",
        {
            "Account": document["account"],
            "You are": document["identity"],
            "Credentials": f"from {told['method'] or 'nowhere'}{profile}",
            "Looked at": document["at"],
        },
    )
    for cell in document["cells"]:
        _show_cell(document["stage"], cell, now)


def _show_cell(stage: str, cell: Mapping[str, Any], now: datetime) -> None:
    facts = {"Stacks": _stacks(cell["stacks"])}
    if cell["stacks"]:
        facts["Feeds"] = _tasks(cell["feeds"], now)
        facts["Messages"] = _tasks(cell["messages"], now)
        alarms = cell["alarms"]
        facts["Alarms"] = "not read" if alarms is None else f"{len(alarms)} on" if alarms else "all quiet"
    console.show_line("")
    console.show_facts(f"{cell['region']} in {cell['awsRegion']}", facts)
    queues = cell["queues"] or ()
    if queues:
        console.show_table(
            "",
            ("Queue", "Waiting", "In work", "Oldest", "Dead letters"),
            [
                (
                    row["name"],
                    _number(row["visible"]),
                    _number(row["hidden"]),
                    "-" if row["oldestSeconds"] is None else times.span(row["oldestSeconds"]),
                    _number(row["deadLetters"]),
                )
                for row in queues
            ],
        )
    for row in queues:
        if row["gone"]:
            console.show_line(
                f"The queue {row['name']}, or that of its dead letters, is gone: "
                f"bin/sellerbus doctor --stage {stage}"
            )
    for alarm in cell["alarms"] or ():
        since = times.relative(times.moment(alarm["since"]), now) if alarm["since"] else "at some time"
        console.show_line(f"ALARM since {since}: {alarm['text'] or alarm['name']}")
        if alarm["command"]:
            console.show_line(f"  First: {alarm['command']}   {alarm['runbook'] or ''}".rstrip())
    if any(row["deadLetters"] for row in queues):
        console.say(f"Why dead letters lie there: bin/sellerbus dead-letters list --stage {stage}")


def _stacks(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "none is deployed"
    odd = [f"{row['part']} {row['status']}" for row in rows if row["status"] not in _HEALTHY]
    return ", ".join(odd) if odd else ", ".join(row["part"] for row in rows)


def _tasks(found: Mapping[str, Any] | None, now: datetime) -> str:
    if found is None:
        return "not read"
    if not found["deployed"]:
        return "not deployed"
    states = ", ".join(f"{count} {state}" for state, count in sorted(found["open"].items()))
    if not states:
        return "none is open"
    oldest = f", the oldest from {times.relative(times.moment(found['oldest']), now)}"
    return f"{states}{oldest}{'' if found['complete'] else ', and more: not all were read'}"


def _number(count: int | None) -> str:
    return "-" if count is None else str(count)
