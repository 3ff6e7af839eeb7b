"""How reports are shown to a person: a line each as they come, and with a finding all that is known of it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ops import console, times
from ops.doctor.check import Check, Finding, Level, Outcome, Report
from ops.printable import plain
from sellerbus.api.redaction import redact

_WORDS: Final = {
    Outcome.WELL: ("ok", "green"),
    Outcome.WARNING: ("WARNING", "yellow"),
    Outcome.FAILURE: ("FAILURE", "bold red"),
    Outcome.SKIPPED: ("skipped", "dim"),
    Outcome.NOT_CHECKED: ("-", "dim"),
    Outcome.UNKNOWN: ("UNKNOWN", "yellow"),
}
_WORD_WIDTH: Final = 7
_ID_WIDTH: Final = 15
_INDENT: Final = " " * (_WORD_WIDTH + 2)
_LABEL_WIDTH: Final = 10
_MOST_EVIDENCE: Final = 12


def show(report: Report, now: datetime) -> None:
    """Print one report at once, so that it is seen while others are still at work."""
    word, style = _WORDS[report.outcome]
    place = f"{report.region or '':<3}"
    what = report.fact
    if report.outcome is Outcome.WELL:
        title = report.check.title[0].upper() + report.check.title[1:]
        what = f"{title}: {report.fact}" if report.fact else title
    elif report.outcome is Outcome.SKIPPED:
        what = f"skipped: {report.reason}"
    elif report.outcome is Outcome.NOT_CHECKED:
        what = f"not checked: {report.reason}"
    line = Text(f"{word:<{_WORD_WIDTH}}", style=style)
    line.append(f"  {report.check.id:<{_ID_WIDTH}} {place} {_safe(what)}", style="default")
    _print(line)
    for finding in report.findings:
        for text in _lines(report.check, finding, now):
            _print(Text(text))


def _lines(check: Check, finding: Finding, now: datetime) -> Iterable[str]:
    yield _INDENT + _safe(finding.what)
    since = times.both(finding.since, now) if finding.since else ""
    facts = [("Whom", finding.whom), ("Since", since)]
    facts += [("Evidence", line) for line in _shortened(finding.evidence)]
    facts += [("First", finding.by_hand)]
    facts += [("Mend", line) for line in _shortened(finding.mend)]
    facts += [("More", check.link)]
    before = ""
    for label, text in facts:
        if text:
            shown = "" if label == before else f"{label}:"
            yield f"{_INDENT}  {shown:<{_LABEL_WIDTH}}{_safe(text)}"
            before = label
    yield ""


def _shortened(lines: Sequence[str]) -> list[str]:
    left = len(lines) - _MOST_EVIDENCE
    return [*lines[:_MOST_EVIDENCE], f"... and {left} more: --json lists all"] if left > 0 else list(lines)


def show_end(reports: Sequence[Report], seconds: float) -> None:
    """Print the counts, and what to run, the outermost first: what lies further in may follow from it."""
    counts = Counter(report.outcome for report in reports)
    told = [
        f"{counts[outcome]} {name}"
        for outcome, name in (
            (Outcome.WELL, "well"),
            (Outcome.FAILURE, "failed"),
            (Outcome.WARNING, "with warnings"),
            (Outcome.UNKNOWN, "could not look"),
            (Outcome.SKIPPED, "skipped"),
            (Outcome.NOT_CHECKED, "not checked here"),
        )
        if counts[outcome]
    ]
    console.show_line(f"{console.counted(len(reports), 'check')}: {', '.join(told)}, in {seconds:.1f} s.")
    found = [(report, finding) for report in reports for finding in report.findings]
    # What hits everybody comes before what hits some.
    found.sort(key=lambda pair: (pair[1].level is not Level.FAILURE, bool(pair[1].subjects)))
    if not found:
        return
    console.show_line("What to run, in this order:")
    for report, finding in found[:_MOST_EVIDENCE]:
        console.show_line(f"  {finding.mend[0] if finding.mend else report.check.link}")
        console.show_line(f"      clears {report.check.id}: {_safe(finding.what)}")
    if len(found) > _MOST_EVIDENCE:
        console.show_line(f"  ... and {len(found) - _MOST_EVIDENCE} more above.")


def show_checks(checks: Sequence[Check]) -> None:
    console.show_table(
        f"Checks of sellerbus doctor: {len(checks)}",
        ("Id", "Looks whether", "Needs"),
        [(check.id, check.title, ", ".join(check.needs)) for check in checks],
        prose=("Looks whether",),
        worded=("Needs",),
    )


def document(stage: str, reports: Sequence[Report], *, seconds: float, at: datetime) -> dict[str, Any]:
    """Return what `--json` prints."""
    counts = Counter(report.outcome for report in reports)
    return {
        "stage": stage,
        "at": at.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "counts": {outcome.value: counts[outcome] for outcome in Outcome},
        "checks": [redacted(report.document()) for report in reports],
    }


def redacted(value: Any) -> Any:
    """Return a JSON value with tokens taken out of every text."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if isinstance(value, dict):
        return {key: redacted(item) for key, item in value.items()}
    return value


def _safe(text: str) -> str:
    return plain(redact(text))


def _print(text: Text) -> None:
    screen = Console(file=sys.stdout, highlight=False, emoji=False)
    screen.print(text, soft_wrap=True)
    sys.stdout.flush()
