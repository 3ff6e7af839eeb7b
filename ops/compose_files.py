"""Attachments, each checked as it is added, under the names that the buyer will see."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from prompt_toolkit.completion import PathCompleter

from ops.compose_choice import Choice, Pressed, choose
from ops.compose_letter import Letter, sentence, size
from ops.compose_line import NotTakenError, enter
from ops.compose_page import BACK, Page
from ops.compose_terminal import Terminal
from ops.errors import CommandError
from ops.message_actions_words import counted, fewest_attachments, takes_attachments
from ops.message_files import LocalFile, read
from sellerbus.messaging.attachments import LARGEST_TOTAL_BYTES
from sellerbus.messaging.file_kinds import kind_by_name
from sellerbus.messaging.finding import ERROR, Finding

_ADD: Final = "add"
_GO_ON: Final = "go on"
_TAKE_OFF: Final = "delete"
_ESCAPED: Final = re.compile(r"\\(.)")


def attach(terminal: Terminal, page: Page, letter: Letter) -> tuple[Letter, bool]:
    """Ask for the attachments; return the letter with them, and whether the person goes on."""
    if letter.action is None or letter.action.attachments is None:
        raise ValueError("the message's type takes no attachments")
    limits = letter.action.attachments
    fewest = fewest_attachments(letter.action)
    shown = replace(page, note=limits.description or takes_attachments(letter.action).capitalize())
    start = _GO_ON if letter.files or not fewest else _ADD
    while True:
        answer = choose(
            terminal,
            shown,
            _choices(letter, fewest, limits.maximum),
            start=start,
            searched=False,
            own_keys={_TAKE_OFF: "take off"} if letter.files else {},
        )
        if answer is BACK or answer == _GO_ON:
            return letter, answer == _GO_ON
        if answer == _ADD:
            letter = _added(terminal, page, letter)
        elif isinstance(answer, Pressed):
            if isinstance(answer.value, int):
                kept = letter.files[: answer.value] + letter.files[answer.value + 1 :]
                letter = replace(letter, files=kept)
        else:
            letter = _renamed(terminal, page, letter, answer)
        start = _GO_ON if len(letter.files) >= fewest else _ADD


def _choices(letter: Letter, fewest: int, most: int | None) -> list[Choice]:
    files = letter.files
    errors = [row for row in letter.said_of_files(files) if row.severity == ERROR]
    why = sentence(errors[0]) if errors else ""
    if len(files) < fewest:
        why = f"Amazon wants {counted(fewest)} at least."
    full = f"Amazon takes {counted(most)} at most." if most is not None and len(files) >= most else None
    total = sum(file.size_bytes for file in files)
    left = f"{size(total)} of {size(LARGEST_TOTAL_BYTES)} together" if files else ""
    on = f"Go on with {counted(len(files))}" if files else "Go on without attachments"
    rows = [
        Choice(number, (file.file_name, size(file.size_bytes)), detail="Enter gives it another name.")
        for number, file in enumerate(files)
    ]
    return [
        *rows,
        Choice(_ADD, ("Add a file",), full, left),
        Choice(_GO_ON, (on,), why or None, left),
    ]


def _added(terminal: Terminal, page: Page, letter: Letter) -> Letter:
    def taken(text: str) -> LocalFile:
        try:
            file = read(path_of(text))
        except CommandError as error:
            raise NotTakenError(str(error)) from error
        # A name can still be changed; the content can't.
        _refuse(letter, (*letter.files, file), lambda row: not row.field.endswith(".fileName"))
        return file

    file = enter(
        terminal,
        replace(page, question="Which file?"),
        taken,
        label="file ",
        rule="Its path; Tab completes it, and a file that is dropped on the terminal is taken, too.",
        completer=PathCompleter(expanduser=True),
    )
    if file is BACK:
        return letter
    return _named(terminal, page, letter, (*letter.files, file), len(letter.files))


def _renamed(terminal: Terminal, page: Page, letter: Letter, number: int) -> Letter:
    return _named(terminal, page, letter, letter.files, number)


def _named(
    terminal: Terminal, page: Page, letter: Letter, files: tuple[LocalFile, ...], number: int
) -> Letter:
    """Ask for the name of one of the files; return the letter with all of them, or as it was."""

    def renamed(text: str) -> tuple[LocalFile, ...]:
        changed = replace(files[number], file_name=text.strip())
        found = (*files[:number], changed, *files[number + 1 :])
        _refuse(letter, found, lambda row: row.field.startswith(f"attachments[{number}]"))
        return found

    name = files[number].file_name
    kind = kind_by_name(name)
    answer = enter(
        terminal,
        replace(page, question="Under which name shall the buyer get it?"),
        renamed,
        label="name ",
        text=name,
        rule=f"With its ending{f': it is {kind}' if kind else ''}. {size(files[number].size_bytes)}.",
    )
    return letter if answer is BACK else replace(letter, files=answer)


def _refuse(letter: Letter, files: tuple[LocalFile, ...], concerns: Callable[[Finding], bool]) -> None:
    errors = [row for row in letter.said_of_files(files) if row.severity == ERROR and concerns(row)]
    if errors:
        raise NotTakenError(" ".join(map(sentence, errors)))


def path_of(text: str) -> Path:
    """Return the path that was typed, pasted or dropped; raises NotTakenError for none.

    Terminals paste a dropped file in quotes, with backslashes before blanks, or as a file: URL.
    """
    found = text.strip()
    if len(found) > 1 and found[0] == found[-1] and found[0] in "'\"":
        found = found[1:-1]
    elif found.startswith("file://"):
        found = unquote(urlsplit(found).path)
    if not found:
        raise NotTakenError("Type the path of a file, or go back with Esc.")
    path = _expanded(found)
    if not path.exists():
        path = _expanded(_ESCAPED.sub(r"\1", found))
    if path.is_dir():
        raise NotTakenError("That is a folder: name a file in it.")
    return path


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        # Nobody here has the name behind the tilde.
        return Path(text)
