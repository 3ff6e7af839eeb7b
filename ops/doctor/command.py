"""`sellerbus doctor`: the command."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops import console, guard, options
from ops.cells import RegionName
from ops.cells import chosen as chosen_cells
from ops.doctor import bundle as writing
from ops.doctor import facts as looking
from ops.doctor import fixing, runner, showing
from ops.doctor.catalogue import CHECKS
from ops.doctor.check import Check, Outcome, Report
from ops.doctor.facts import Facts
from ops.errors import FAILED, WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.options import AsJson, NoInput
from ops.stage import Stage, open_stage

RIGHTS = (
    "Rights: to read the stage's resources, and lambda:InvokeFunction on inspect_amazon; docs/doctor.md "
    "lists them, and what --fix needs beside. What it may not look at it reports as unknown."
)
CREDENTIALS = 4
"""The exit code where AWS doesn't let the person in: nothing could be looked at."""


def doctor(
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage",
            envvar="SELLERBUS_STAGE",
            help="The stage: the name of its file under config/.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help="Only this check, and what it needs; may be given several times.",
            show_default=False,
            metavar="ID",
        ),
    ] = None,
    list_checks: Annotated[
        bool, typer.Option("--list-checks", help="List the checks with their ids; look at nothing.")
    ] = False,
    region: RegionName = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 for warnings too.")] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Do what is harmless: put policies back as the stack's template has them, enable what was "
            "disabled, have sellers' subscriptions put right. Then look again.",
        ),
    ] = False,
    confirm: Confirm = None,
    no_input: NoInput = False,
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle",
            help="Also write what was found into this new file, without tokens, account and sellers.",
            show_default=False,
            dir_okay=False,
            metavar="FILE",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at a stage from the outside in: what is wrong, for whom, since when, and what mends it.

    Examples: `sellerbus doctor --stage prod`; `sellerbus doctor --stage prod --check SB-QUEUE-002 --fix`;
    `sellerbus doctor --stage prod --bundle doctor.json`.

    It changes nothing, unless --fix is given. A check that needs another one that failed is skipped, and
    says so: what is printed first is the cause. docs/doctor.md explains every check under its id.

    Exit code 0 where all is well or there are only warnings, 1 where something failed (with --fix: still),
    2 for a wrong argument, 4 where AWS refuses your credentials. Printed with --json: {"stage", "at",
    "seconds", "counts" (by outcome), "checks": [{"id", "title", "region" (null: the stage as a whole),
    "outcome" (well, warning, failure, skipped, not-checked, unknown), "fact", "reason", "needs", "seconds",
    "findings": [{"level" (failure, warning), "what", "whom", "since", "evidence", "byHand", "mend"
    (commands), "fixes" (what --fix does), "subjects" (sellers, functions), "link"}]}]}; with --fix of the
    checks that were mended what was found after it.
    """
    del no_input
    if list_checks:
        _list(as_json=as_json)
        return
    if not stage:
        raise CommandError("Say which stage: --stage NAME (the name of its file under config/).", WRONG_INPUT)
    chosen = _chosen(check or [])
    whole, cells = facts_of(stage, region)
    if fix and whole.stage is not None:
        guard.allowed(whole.stage, confirm, "Mending")
    begun, at = time.monotonic(), datetime.now(UTC)
    reports = []
    for report in runner.run(chosen, whole, cells):
        reports.append(report)
        if not as_json:
            showing.show(report, at)
    reports = _outside_in(reports, cells)
    if fix:
        reports = _mended(stage, region, chosen, reports, cells, as_json=as_json)
    seconds = time.monotonic() - begun
    if bundle is not None:
        writing.write(bundle, whole, cells.values(), reports, seconds=seconds, at=at)
        console.say(f"Written: {bundle}. Read it before you give it away.")
    if as_json:
        console.show_json(showing.document(stage, reports, seconds=seconds, at=at))
    else:
        showing.show_end(reports, seconds)
    code = exit_code(reports, strict=strict)
    if code:
        raise typer.Exit(code)


def _outside_in(reports: Iterable[Report], cells: Mapping[str, Facts]) -> list[Report]:
    order = {known.id: index for index, known in enumerate(CHECKS)}
    regions = {"": 0, **{name: index for index, name in enumerate(cells)}}
    return sorted(reports, key=lambda row: (order[row.check.id], regions[row.region]))


def _mended(
    stage: str,
    region: str | None,
    chosen: Sequence[Check],
    reports: Sequence[Report],
    cells: Mapping[str, Facts],
    *,
    as_json: bool,
) -> list[Report]:
    """Mend what is harmless; return the reports with those that were mended as they are after it."""
    fixed = fixing.fix(reports)
    if not fixed:
        return list(reports)
    console.say("Looking again until it shows, for 75 seconds at the most:")
    after = fixing.look_again(chosen, fixed, reports, lambda: facts_of(stage, region))
    if not as_json:
        for report in after:
            showing.show(report, datetime.now(UTC))
    seen = {(report.check.id, report.region) for report in after}
    return _outside_in([*after, *(row for row in reports if (row.check.id, row.region) not in seen)], cells)


def facts_of(name: str, region: str | None = None) -> tuple[Facts, dict[str, Facts]]:
    """Return what is looked at: the stage, and its cells by region. Calls nothing.

    region: only this one. Raises CommandError where the stage has none such.
    """
    stage: Stage | None = None
    problem = ""
    try:
        stage = open_stage(name, options.clients)
    except CommandError as error:
        problem = str(error)
    whole = Facts(name, options.clients, stage, problem, root=looking.ROOT)
    cells = {
        cell.region: Facts(name, options.clients, stage, given_cell=cell, root=looking.ROOT)
        for cell in (chosen_cells(stage, region) if stage else ())
    }
    return whole, cells


def exit_code(reports: list[Report], *, strict: bool) -> int:
    """Return 0 where all is well or only warned of, 1 for failures, 4 where AWS doesn't let the person in."""
    outcomes = {report.outcome for report in reports}
    keys = {"SB-AWS-001", "SB-AWS-002"}
    if any(row.check.id in keys and row.outcome is Outcome.FAILURE for row in reports):
        return CREDENTIALS
    bad = {Outcome.FAILURE, *((Outcome.WARNING, Outcome.UNKNOWN) if strict else ())}
    return FAILED if outcomes & bad else 0


def _chosen(ids: list[str]) -> list[Check]:
    try:
        return runner.closure(CHECKS, [name.strip().upper() for name in ids]) if ids else list(CHECKS)
    except KeyError as error:
        raise CommandError(
            f"{error.args[0]} is no check: bin/sellerbus doctor --list-checks", WRONG_INPUT
        ) from None


def _list(*, as_json: bool) -> None:
    if as_json:
        console.show_json(
            [{"id": row.id, "title": row.title, "needs": list(row.needs), "link": row.link} for row in CHECKS]
        )
    else:
        showing.show_checks(CHECKS)
