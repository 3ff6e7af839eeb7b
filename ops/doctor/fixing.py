"""`sellerbus doctor --fix`: does the harmless mendings, and looks again until they show."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from ops import console
from ops.doctor import runner
from ops.doctor.check import Check, Finding, Outcome, Report
from ops.doctor.facts import Facts
from ops.doctor.templates import UnresolvedError
from ops.errors import CommandError, aws_not_reached, aws_refusal
from sellerbus.api.redaction import redact

_MOST_SECONDS: Final = 75.0
"""SQS takes up to a minute until a changed policy holds everywhere; a seller's run takes seconds."""
_BETWEEN_SECONDS: Final = 3.0


def fix(reports: Sequence[Report]) -> list[Report]:
    """Do what the findings offer, saying what; returns the reports of which something was done."""
    done = []
    for report in reports:
        results = [_fixed(report, finding) for finding in report.findings if finding.fix is not None]
        if any(results):
            done.append(report)
    if not done:
        console.say("Nothing was found that --fix mends: the commands above are left to you.")
    return done


def _fixed(report: Report, finding: Finding) -> bool:
    if finding.fix is None:
        return False
    try:
        finding.fix.run()
    except (ClientError, BotoCoreError, CommandError, UnresolvedError) as error:
        console.say(f"{report.check.id} could not be mended: {_reason(error)}")
        return False
    console.say(f"{report.check.id} {report.region}: {finding.fix.does}: done.")
    return True


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        return aws_refusal(error)
    return aws_not_reached(error) if isinstance(error, BotoCoreError) else redact(str(error))


def look_again(
    checks: Sequence[Check],
    fixed: Sequence[Report],
    reports: Sequence[Report],
    facts: Callable[[], tuple[Facts, Mapping[str, Facts]]],
) -> list[Report]:
    """Run the mended checks, and what they need, until they are well or their time is over.

    reports: all of the first look. What was skipped then is looked at too, now that it may say something.
    """
    ids = {report.check.id for report in fixed}
    skipped = {report.check.id for report in reports if report.outcome is Outcome.SKIPPED}
    chosen = runner.closure(checks, [*ids, *skipped])
    until = time.monotonic() + _MOST_SECONDS
    while True:
        whole, cells = facts()
        again = list(runner.run(chosen, whole, cells))
        mended = {report.outcome for report in again if report.check.id in ids}
        if mended <= {Outcome.WELL, Outcome.NOT_CHECKED} or time.monotonic() >= until:
            return [report for report in again if report.check.id in ids | skipped]
        console.wait(_BETWEEN_SECONDS)
