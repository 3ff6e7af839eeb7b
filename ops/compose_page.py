"""One question on the screen: what was answered before above it, what the keys do below it.

A page is drawn where the cursor is and wiped when it is answered; what stays on the screen is printed at the
end by the command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import get_app
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import (
    AnyContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    UIControl,
    Window,
)
from rich.cells import cell_len

from ops.compose_terminal import STYLE, Terminal
from ops.printable import plain

STEPS: Final = ("Order", "Message type", "Text", "Attachments", "Check and send")

_PIECES: Final = re.compile(r"\n|[^\S\n]+|\S+")
_ESCAPE_SECONDS: Final = 0.1
"""How long after Escape the rest of a key's sequence may take to come: longer than over most networks."""


class _Back:
    def __repr__(self) -> str:
        return "BACK"


BACK: Final = _Back()
"""The answer of a person who wants the question before."""


@dataclass(frozen=True)
class Page:
    """What stands around a question.

    step: its number in STEPS; 0 before the first. told: what was answered, as label and words.
    skipped: numbers of steps that this message does not have. note: what is said below the question.
    problem: what went wrong with the last answer. keys: what keys do, beside those that every page has.
    """

    step: int
    question: str
    told: Sequence[tuple[str, str]] = ()
    skipped: frozenset[int] = frozenset()
    note: str = ""
    problem: str = ""
    can_go_back: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)

    def with_keys(self, keys: Mapping[str, str]) -> Page:
        """Return the page that also tells of these keys, before its own."""
        return replace(self, keys={**keys, **self.keys})


@dataclass
class Message:
    """What is said below the question: what the last key could not do."""

    style: str = "class:error"
    text: str = ""

    def say(self, text: str, style: str = "class:error") -> None:
        self.text, self.style = text, style


def one_line(text: str) -> str:
    """Return others' text as one line without what a terminal would obey."""
    return " ".join(plain(text).split())


def ask(
    terminal: Terminal,
    page: Page,
    body: AnyContainer,
    bindings: KeyBindings,
    message: Message,
    focus: AnyContainer | UIControl | None = None,
) -> Any:
    """Draw the page and return what a key exits it with: its answer, or BACK.

    Raises KeyboardInterrupt where the person leaves.
    """
    if page.problem:
        message.say(page.problem)
    # A page's own binding of a key goes before the common one.
    keys = merge_key_bindings([_common_keys(can_go_back=page.can_go_back), bindings])
    layout = Layout(HSplit([*_above(terminal, page), body, *_below(page, message)]), focused_element=focus)
    application: Application[Any] = Application(
        layout=layout,
        key_bindings=keys,
        style=STYLE,
        input=terminal.input,
        output=terminal.output,
        erase_when_done=True,
        full_screen=False,
    )
    application.ttimeoutlen = _ESCAPE_SECONDS
    return application.run(handle_sigint=False)


def stacked(lines: Iterable[StyleAndTextTuples]) -> StyleAndTextTuples:
    """Return the lines under each other."""
    found: StyleAndTextTuples = []
    for number, line in enumerate(lines):
        found += [("", "\n"), *line] if number else line
    return found


def said_line(terminal: Terminal, text: str, *, stops: bool) -> tuple[str, str]:
    """Return what a check says, with the sign and the colour of an error or of a warning."""
    if stops:
        return "class:error", f"{terminal.signs.error} {one_line(text)}"
    return "class:warning", f"{terminal.signs.warning} {one_line(text)}"


def folded(line: StyleAndTextTuples, width: int) -> StyleAndTextTuples:
    """Return the text broken between words, where prompt_toolkit would break it anywhere."""
    found: StyleAndTextTuples = []
    used = 0
    for style, text in ((part[0], part[1]) for part in line):
        for piece in _PIECES.findall(text):
            room = cell_len(piece)
            if piece == "\n":
                used = 0
            elif used and used + room > width:
                found.append(("", "\n"))
                used = 0
                if piece.isspace():
                    continue
            if piece != "\n":
                used += room
            found.append((style, piece))
    return found


def fixed(text: Callable[[], StyleAndTextTuples]) -> Window:
    """Return lines that are as high as they are and never scrolled; long ones are broken between words."""

    def broken() -> StyleAndTextTuples:
        return folded(text(), get_app().output.get_size().columns)

    control = FormattedTextControl(broken)
    return Window(control, wrap_lines=True, dont_extend_height=True, height=Dimension(min=1))


def key_name(key: str) -> str:
    """Return prompt_toolkit's name of a key as it is printed on keyboards."""
    return f"Ctrl-{key[2:].upper()}" if key.startswith("c-") else {"delete": "Del"}.get(key, key.capitalize())


def _common_keys(*, can_go_back: bool) -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("escape", eager=True)
    def back(event: KeyPressEvent) -> None:
        if can_go_back:
            event.app.exit(result=BACK)

    @bindings.add("c-c", eager=True)
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt())

    return bindings


def _above(terminal: Terminal, page: Page) -> list[AnyContainer]:
    def heading() -> StyleAndTextTuples:
        found: StyleAndTextTuples = [("class:title", "Message to a buyer"), ("", "  ")]
        rail = _rail(terminal, page)
        room = get_app().output.get_size().columns - len("Message to a buyer  ")
        if sum(len(part[1]) for part in rail) > room:
            name = STEPS[page.step - 1] if page.step else ""
            rail = [("class:step.now", f"step {page.step} of {len(STEPS)}: {name}")] if page.step else []
        return found + rail

    def answers() -> StyleAndTextTuples:
        width = max((len(label) for label, _ in page.told), default=0)
        return stacked(
            [("class:label", f"  {label.ljust(width)}  "), ("", one_line(words))]
            for label, words in page.told
        )

    def question() -> StyleAndTextTuples:
        return [("class:question", page.question)]

    parts: list[AnyContainer] = [fixed(heading)]
    if page.told:
        parts.append(fixed(answers))
    parts += [_gap(), fixed(question)]
    if page.note:
        parts.append(fixed(lambda: [("class:rule", one_line(page.note))]))
    return parts


def _rail(terminal: Terminal, page: Page) -> StyleAndTextTuples:
    found: StyleAndTextTuples = []
    for number, name in enumerate(STEPS, start=1):
        if number in page.skipped:
            continue
        done = number < page.step
        style = "class:step.now" if number == page.step else "class:step.done" if done else "class:step"
        sign = f"{terminal.signs.done} " if done else f"{number} "
        found += [("class:step", f" {terminal.signs.line} ")] if found else []
        found.append((style, f"[{sign}{name}]" if number == page.step else f"{sign}{name}"))
    return found


def _below(page: Page, message: Message) -> list[AnyContainer]:
    def said() -> StyleAndTextTuples:
        return [(message.style, message.text)]

    def keys() -> StyleAndTextTuples:
        found: StyleAndTextTuples = []
        back = {"Esc": "back"} if page.can_go_back else {}
        for key, does in {**page.keys, **back, "Ctrl-C": "leave"}.items():
            found += [("class:keys", "   ")] if found else []
            found += [("class:key", key), ("class:keys", f" {does}")]
        return found

    return [fixed(said), fixed(keys)]


def _gap() -> Window:
    return Window(height=1, dont_extend_height=True)
