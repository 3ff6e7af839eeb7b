"""The whole message once more, as the buyer will get it, and the last question before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import HSplit
from rich.cells import cell_len

from ops.compose_choice import Choice, choose
from ops.compose_letter import Letter, sentence, size
from ops.compose_page import BACK, Page, fixed, said_line, stacked
from ops.compose_terminal import Terminal
from ops.printable import plain
from sellerbus.messaging.finding import ERROR, Finding

SEND: Final = "send"
LEAVE: Final = "leave"

_FEWEST: Final = 3
_AROUND: Final = 24
"""Rows that the rest of the page takes at the most."""


@dataclass
class _Preview:
    """Lines that are more than there is room for. at: the first that is shown."""

    lines: list[str]
    room: int
    at: int = 0

    def scroll(self, by: int) -> None:
        self.at = max(0, min(len(self.lines) - self.room, self.at + by))

    def shown(self, terminal: Terminal) -> StyleAndTextTuples:
        bar = "│" if terminal.signs.line != "-" else "|"
        lines: list[StyleAndTextTuples] = [
            [("class:frame", f"  {bar} "), ("", line)] for line in self.lines[self.at : self.at + self.room]
        ]
        if len(self.lines) > self.room:
            last = min(len(self.lines), self.at + self.room)
            lines.append([("class:rule", f"    lines {self.at + 1} to {last} of {len(self.lines)}")])
        return stacked(lines)


def decide(
    terminal: Terminal,
    page: Page,
    letter: Letter,
    findings: Sequence[Finding],
    changes: Sequence[tuple[str, str]],
    *,
    same: str | None,
) -> str:
    """Return SEND, LEAVE, the name of a step to be changed, or "" to go back.

    changes: names of steps, each with the words that offer it. same: the task with this very message that was
    sent not long ago.
    """
    preview = _Preview(_wrapped(letter, terminal), max(_FEWEST, terminal.rows - _AROUND))
    errors = [row for row in findings if row.severity == ERROR]
    again = " again" if same else ""
    rows = [
        Choice(SEND, (f"Send it{again}",), sentence(errors[0]) if errors else None, "Asks once more."),
        *(Choice(name, (words,)) for name, words in changes),
        Choice(LEAVE, ("Leave without sending",)),
    ]
    above = HSplit(
        [
            fixed(lambda: preview.shown(terminal)),
            fixed(lambda: _attachments(letter)),
            fixed(lambda: _warnings(terminal, findings, same)),
        ]
    )
    more = {"PgUp PgDn": "read on"} if len(preview.lines) > preview.room else {}
    while True:
        answer = choose(
            terminal,
            page.with_keys(more),
            rows,
            start=SEND if not errors else None,
            searched=False,
            above=above,
            scroll=preview.scroll,
        )
        if answer is BACK:
            return ""
        if answer != SEND or _sure(terminal, page, same):
            return str(answer)


def sure_to_leave(terminal: Terminal, page: Page) -> bool:
    """Whether the person leaves although something is written."""
    shown = replace(page, question="Leave without sending?", note="What you wrote is not kept.", problem="")
    rows = [Choice(False, ("No, go on writing",)), Choice(True, ("Yes, leave",))]
    answer = choose(terminal, shown, rows, searched=False)
    return answer is True


def _sure(terminal: Terminal, page: Page, same: str | None) -> bool:
    note = "A message that is sent can't be taken back."
    if same:
        note = f"The same message was sent before, as task {same}: the buyer would get it twice. {note}"
    shown = replace(page, question="Send this message to the buyer now?", note=note, problem="")
    rows = [Choice(True, ("Yes, send it now",)), Choice(False, ("No, not yet",))]
    # Two times Enter by mistake must not send anything.
    answer = choose(terminal, shown, rows, searched=False, start=False)
    return answer is True


def _wrapped(letter: Letter, terminal: Terminal) -> list[str]:
    width = max(20, terminal.columns - 6)
    if not letter.takes_text or not letter.text.strip():
        return []
    return [part for line in plain(letter.text).splitlines() for part in _folded(line, width)]


def _folded(line: str, width: int) -> list[str]:
    """Return the line in parts that fit; wide characters count as the two columns that they take."""
    found, part = [], ""
    for word in line.split(" "):
        longer = f"{part} {word}" if part else word
        if cell_len(longer) <= width:
            part = longer
            continue
        if part:
            found.append(part)
        part = word
        while cell_len(part) > width:
            end = next(at for at in range(len(part), 0, -1) if cell_len(part[:at]) <= width)
            found.append(part[:end])
            part = part[end:]
    return [*found, part]


def _attachments(letter: Letter) -> StyleAndTextTuples:
    files = letter.files if letter.takes_attachments else ()
    told = ", ".join(f"{plain(file.file_name)} ({size(file.size_bytes)})" for file in files)
    dates = " to ".join(filter(None, (letter.coverage_start, letter.coverage_end)))
    rows = {"Attached": told, "Coverage": dates if letter.takes_coverage else ""}
    return stacked([("class:label", f"  {label}  "), ("", told)] for label, told in rows.items() if told)


def _warnings(terminal: Terminal, findings: Sequence[Finding], same: str | None) -> StyleAndTextTuples:
    said = [said_line(terminal, sentence(row), stops=row.severity == ERROR) for row in findings]
    if same:
        told = f"The same message was handed over before, as task {same}."
        said.append(said_line(terminal, told, stops=False))
    return stacked([row] for row in said)
