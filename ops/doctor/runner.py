"""Runs checks side by side, each as soon as what it needs is known, and yields each report as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from ops.doctor.check import (
    Check,
    Finding,
    Level,
    Looked,
    NeedsError,
    NotCheckedError,
    Outcome,
    Report,
    Scope,
    broken_subjects,
    outcome_of,
)
from ops.doctor.facts import Facts
from ops.errors import CommandError, aws_not_reached, aws_refusal
from sellerbus.api.redaction import redact

WORKERS: Final = 16
"""Nearly all of a check is waiting for AWS."""

_Place = tuple[str, str]
"""A check's id and its region; of the stage's own checks ""."""


def closure(checks: Sequence[Check], ids: Sequence[str]) -> list[Check]:
    """Return the checks named, and all that they need, in the order of `checks`. Raises KeyError."""
    known = {check.id: check for check in checks}
    wanted: set[str] = set()
    left = list(ids)
    while left:
        found = known[left.pop()]
        if found.id not in wanted:
            wanted.add(found.id)
            left += found.needs
    return [check for check in checks if check.id in wanted]


def run(
    checks: Sequence[Check],
    stage: Facts,
    cells: Mapping[str, Facts],
    *,
    workers: int = WORKERS,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Report]:
    """Yield one report for each check of the stage, and one for each cell and check of cells.

    A check begins when all that it needs have ended. It is skipped where one of those failed for everything;
    where one failed for some subjects only it runs, and `Facts.broken` tells it which.
    """
    places = [
        (check, region)
        for check in checks
        for region in (("",) if check.scope is Scope.STAGE else tuple(cells) or ("",))
    ]
    scopes = {check.id: check.scope for check in checks}
    done: dict[_Place, Report] = {}
    waiting = list(places)
    running: dict[Future[Report], _Place] = {}

    def needed(check: Check, region: str) -> list[_Place]:
        # What was left out of the run (--check) is taken for well.
        return [
            (name, "" if scopes[name] is Scope.STAGE else region) for name in check.needs if name in scopes
        ]

    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            while waiting or running:
                for check, region in list(waiting):
                    wants = needed(check, region)
                    if any(place not in done for place in wants):
                        continue
                    waiting.remove((check, region))
                    reports = {name: done[name, place] for name, place in wants}
                    missing = [name for name in reports if broken_subjects(reports, name) is None]
                    if missing or (check.scope is Scope.CELL and region not in cells):
                        roots = [root for name in missing for root in _roots(reports[name])]
                        done[check.id, region] = report = _skipped(check, region, tuple(dict.fromkeys(roots)))
                        yield report
                        continue
                    facts = (stage if check.scope is Scope.STAGE else cells[region]).knowing(reports)
                    running[pool.submit(_one, check, region, facts, clock)] = (check.id, region)
                if not running:
                    continue
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    report = ended.result()
                    done[running.pop(ended)] = report
                    yield report
        finally:
            for future in running:
                future.cancel()


def _roots(report: Report) -> tuple[str, ...]:
    """Return what to mend first: of a skipped check what that one would have needed."""
    return report.needs if report.outcome is Outcome.SKIPPED and report.needs else (report.check.id,)


def _skipped(check: Check, region: str, needs: tuple[str, ...]) -> Report:
    return Report(check, region, Outcome.SKIPPED, reason=f"needs {', '.join(needs)}", needs=needs)


def _one(check: Check, region: str, facts: Facts, clock: Callable[[], float]) -> Report:
    begun = clock()
    try:
        looked = check.run(facts)
    except NotCheckedError as error:
        return Report(check, region, Outcome.NOT_CHECKED, reason=str(error), seconds=clock() - begun)
    except NeedsError as error:
        return Report(
            check,
            region,
            Outcome.SKIPPED,
            reason=str(error),
            needs=error.check_ids,
            seconds=clock() - begun,
        )
    except (ClientError, BotoCoreError, CommandError) as error:
        looked = _not_seen(check, facts, error)
        return Report(
            check,
            region,
            Outcome.UNKNOWN,
            fact=looked.fact,
            findings=looked.findings,
            seconds=clock() - begun,
        )
    return Report(
        check,
        region,
        outcome_of(looked.findings),
        fact=looked.fact,
        findings=looked.findings,
        seconds=clock() - begun,
    )


def _not_seen(check: Check, facts: Facts, error: ClientError | BotoCoreError | CommandError) -> Looked:
    if isinstance(error, ClientError):
        reason = aws_refusal(error)
    elif isinstance(error, BotoCoreError):
        reason = aws_not_reached(error)
    else:
        reason = redact(str(error))
    finding = Finding(
        what="This could not be looked at: nobody knows whether it is well.",
        whom=facts.everybody,
        evidence=(reason,),
        by_hand="Where a right is missing, use credentials that have it: docs/doctor.md lists them all.",
        mend=(facts.again(check.id),),
        level=Level.WARNING,
    )
    return Looked("could not be looked at", (finding,))
