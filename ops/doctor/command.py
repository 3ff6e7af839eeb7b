"""`sellerbus doctor`: the command."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops import console, options
from ops.doctor import runner, showing
from ops.doctor.catalogue import CHECKS
from ops.doctor.check import Check, Outcome, Report
from ops.doctor.facts import Facts
from ops.errors import FAILED, WRONG_INPUT, CommandError
from ops.options import AsJson
from ops.stage import Stage, open_stage

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
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 for warnings too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a stage from the outside in: what is wrong, for whom, since when, and what mends it.

    Examples: `sellerbus doctor --stage prod`; `sellerbus doctor --stage prod --check SB-QUEUE-002 --fix`.

    It changes nothing, unless --fix is given. A check that needs another one that failed is skipped, and
    says so: what is printed first is the cause. docs/doctor.md explains every check under its id.

    Exit code 0 where all is well or there are only warnings, 1 where something failed, 2 for a wrong
    argument, 4 where AWS refuses your credentials. Printed with --json: {"stage", "at", "seconds", "counts"
    (by outcome), "checks": [{"id", "title", "region" (null: the stage as a whole), "outcome" (well, warning, failure,
    skipped, not-checked, unknown), "fact", "reason", "needs", "seconds", "findings": [{"level" (failure,
    warning), "what", "whom", "since", "evidence", "byHand", "mend" (commands), "fixes" (what --fix does),
    "subjects" (sellers, functions), "link"}]}]}.
    """
    if list_checks:
        _list(as_json=as_json)
        return
    if not stage:
        raise CommandError("Say which stage: --stage NAME (the name of its file under config/).", WRONG_INPUT)
    chosen = _chosen(check or [])
    begun, at = time.monotonic(), datetime.now(UTC)
    whole, cells = facts_of(stage)
    reports = []
    for report in runner.run(chosen, whole, cells):
        reports.append(report)
        if not as_json:
            showing.show(report, at)
    order = [known.id for known in CHECKS]
    reports.sort(
        key=lambda row: (
            order.index(row.check.id),
            list(cells).index(row.region) if row.region in cells else 0,
        )
    )
    seconds = time.monotonic() - begun
    if as_json:
        console.show_json(showing.document(stage, reports, seconds=seconds, at=at))
    else:
        showing.show_end(reports, seconds)
    code = exit_code(reports, strict=strict)
    if code:
        raise typer.Exit(code)


def facts_of(name: str) -> tuple[Facts, dict[str, Facts]]:
    """Return what is looked at: the stage, and its cells by region. Calls nothing."""
    stage: Stage | None = None
    problem = ""
    try:
        stage = open_stage(name, options.clients)
    except CommandError as error:
        problem = str(error)
    whole = Facts(name, options.clients, stage, problem)
    cells = {
        cell.region: Facts(name, options.clients, stage, given_cell=cell)
        for cell in (stage.cells if stage else ())
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
