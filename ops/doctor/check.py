"""What a check is, what it finds, and what it may say instead of looking."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ops.doctor.facts import Facts

DOCUMENT: Final = "docs/doctor.md"


class Level(enum.StrEnum):
    """How bad a finding is. A failure is the exit code 1, a warning only with --strict."""

    FAILURE = "failure"
    WARNING = "warning"


class Scope(enum.StrEnum):
    """Whether a check is run once, or in each cell (the stage in one of Amazon's regions)."""

    STAGE = "stage"
    CELL = "cell"


class Outcome(enum.StrEnum):
    """How a check ended. unknown: AWS or Amazon didn't let it look, which is not well either."""

    WELL = "well"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"
    NOT_CHECKED = "not-checked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fix:
    """A harmless mending that `--fix` does: it puts back what the stage's own template or rows say.

    does: what it does, as "puts the queue policy back". run: does it; raises what AWS raises.
    """

    does: str
    run: Callable[[], None] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    what: the symptom, a sentence. whom: whom it hits, "seller A1", "every seller of na".
    evidence: what was seen, a line each. mend: the commands that clear it, in their order.
    by_hand: what a person does before, where no command can (Amazon's consoles).
    since: ISO 8601, where it is known. subjects: what it is limited to (sellers' ids, functions' names):
    the checks that need this one still look at everything else. Empty: at nothing.
    """

    what: str
    whom: str
    mend: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    by_hand: str = ""
    since: str = ""
    level: Level = Level.FAILURE
    subjects: frozenset[str] = frozenset()
    fix: Fix | None = None


@dataclass(frozen=True)
class Looked:
    """What a check saw: `fact` in a few words, also where all is well; and what is wrong."""

    fact: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Check:
    """One question. id: stable, and an anchor of docs/doctor.md. needs: checks without which it says nothing.

    run returns what it saw. It may raise NotCheckedError and NeedsError; what AWS refuses is told as unknown.
    """

    id: str
    title: str
    run: Callable[[Facts], Looked]
    needs: tuple[str, ...] = ()
    scope: Scope = Scope.CELL

    @property
    def link(self) -> str:
        return f"{DOCUMENT}#{self.id.lower()}"

    @property
    def area(self) -> str:
        return self.id.split("-")[1]


@dataclass(frozen=True)
class Report:
    """How one check ended in one place. region: "" for the stage as a whole.

    reason: why it was not looked at. needs: the checks that it would have needed, of a skipped one.
    """

    check: Check
    region: str
    outcome: Outcome
    fact: str = ""
    reason: str = ""
    needs: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return {
            "id": self.check.id,
            "title": self.check.title,
            "region": self.region or None,
            "outcome": self.outcome.value,
            "fact": self.fact,
            "reason": self.reason,
            "needs": list(self.needs),
            "seconds": round(self.seconds, 3),
            "findings": [_finding_document(self.check, finding) for finding in self.findings],
        }


def _finding_document(check: Check, finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level.value,
        "what": finding.what,
        "whom": finding.whom,
        "since": finding.since or None,
        "evidence": list(finding.evidence),
        "byHand": finding.by_hand or None,
        "mend": list(finding.mend),
        "fixes": finding.fix.does if finding.fix else None,
        "subjects": sorted(finding.subjects),
        "link": check.link,
    }


class NotCheckedError(Exception):
    """There is nothing to look at here, or it can't be seen here; its text says why."""


class NeedsError(Exception):
    """What another check found keeps this one from saying anything."""

    def __init__(self, *check_ids: str) -> None:
        self.check_ids = check_ids
        super().__init__(f"needs {', '.join(check_ids)}")


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """Return the worst of the findings."""
    levels = {finding.level for finding in findings}
    if Level.FAILURE in levels:
        return Outcome.FAILURE
    return Outcome.WARNING if levels else Outcome.WELL


def broken_subjects(reports: Mapping[str, Report], check_id: str) -> frozenset[str] | None:
    """Return what a check found broken; None where that is everything, or nobody knows."""
    report = reports.get(check_id)
    if report is None:
        return frozenset()
    if report.outcome in (Outcome.SKIPPED, Outcome.UNKNOWN):
        return None
    failures = [finding for finding in report.findings if finding.level is Level.FAILURE]
    if any(not finding.subjects for finding in failures):
        return None
    return frozenset().union(*(finding.subjects for finding in failures))
