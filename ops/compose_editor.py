"""A question that is answered with a text of several lines, counted against its limit while it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import BufferControl, Dimension, HSplit, ScrollbarMargin, Window

from ops.compose_page import Message, Page, ask, fixed, key_name, one_line, said_line, stacked
from ops.compose_terminal import Terminal

_SMALLEST: Final = 4
_HIGHEST: Final = 12
_AROUND: Final = 16
"""Rows that the rest of the page takes, as a rule."""
_BAR: Final = 24
_CLOSE: Final = 0.9

GO_ON: Final = "c-s"
GO_BACK: Final = "escape"
LEAVE: Final = "c-c"


@dataclass(frozen=True)
class Said:
    """What a check says of a text. stops: whether the text can't be taken so."""

    text: str
    stops: bool


@dataclass(frozen=True)
class Written:
    """The text as it was left, and where the cursor was. key: the key that ended it: GO_ON, GO_BACK, LEAVE or
    one of the page's own.
    """

    text: str
    cursor: int
    key: str


@dataclass(frozen=True)
class Asked:
    """What the text must be. maximum: in characters (code points), None where there is no limit.

    rule: what is said of it, as Amazon words it. check: is asked at every change.
    """

    required: bool
    maximum: int | None
    rule: str
    check: Callable[[str], Sequence[Said]]


def write(
    terminal: Terminal,
    page: Page,
    asked: Asked,
    *,
    text: str = "",
    cursor: int | None = None,
    own_keys: Mapping[str, str] | None = None,
) -> Written:
    """Return what was written, also where the person goes back or leaves: nothing of it is lost by that.

    own_keys: prompt_toolkit's name of a key, and what the page says of it.
    """
    message = Message()
    buffer = Buffer(
        document=Document(text, len(text) if cursor is None else cursor),
        multiline=True,
        on_text_changed=lambda _: message.say(""),
    )
    bindings = _bindings(buffer, asked, message, own_keys or {})
    edited = Window(
        BufferControl(buffer),
        wrap_lines=True,
        height=lambda: _height(terminal),
        right_margins=[ScrollbarMargin(display_arrows=False)],
        style="class:editor",
    )
    body = HSplit(
        [
            fixed(lambda: [("class:rule", one_line(asked.rule))]),
            _line(terminal),
            edited,
            _line(terminal),
            fixed(lambda: count_line(terminal, buffer.text, asked)),
            fixed(lambda: _findings(terminal, asked.check(buffer.text) if buffer.text.strip() else ())),
        ]
    )
    keys = {"Ctrl-S": "go on", "Enter": "new line"}
    keys |= {key_name(key): does for key, does in (own_keys or {}).items()}
    written: Written = ask(terminal, page.with_keys(keys), body, bindings, message, focus=edited)
    return written


def count_line(terminal: Terminal, text: str, asked: Asked) -> StyleAndTextTuples:
    """Return "412 of 800 characters" with a bar; beyond the limit how many are too many."""
    count = len(text)
    if asked.maximum is None:
        return [("class:count", f"{count} characters")]
    over = count - asked.maximum
    close = count >= asked.maximum * _CLOSE
    style = "class:count.over" if over > 0 else "class:count.close" if close else "class:count"
    full = min(_BAR, _BAR * count // max(1, asked.maximum))
    left = f"{over} too many" if over > 0 else f"{-over} left"
    return [
        (style, terminal.signs.full * full),
        ("class:count", terminal.signs.empty * (_BAR - full)),
        (style, f"  {count} of {asked.maximum} characters, {left}"),
    ]


def _bindings(buffer: Buffer, asked: Asked, message: Message, own_keys: Mapping[str, str]) -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add(GO_ON)
    def go_on(event: KeyPressEvent) -> None:
        why = _unfinished(buffer.text, asked)
        if why:
            message.say(why)
        else:
            # What ends in blanks counts them, and nobody sees them.
            event.app.exit(result=Written(buffer.text.rstrip(), len(buffer.text.rstrip()), GO_ON))

    @bindings.add("<bracketed-paste>")
    def paste(event: KeyPressEvent) -> None:
        buffer.insert_text(event.data.replace("\r\n", "\n").replace("\r", "\n"))

    @bindings.add("tab")
    def tab(_: KeyPressEvent) -> None:
        # A tab in an e-mail is drawn as anything from one space to eight.
        buffer.insert_text("    ")

    for key in (GO_BACK, LEAVE, *own_keys):

        def press(event: KeyPressEvent, key: str = key) -> None:
            event.app.exit(result=Written(buffer.text, buffer.cursor_position, key))

        bindings.add(key, eager=True)(press)
    return bindings


def _unfinished(text: str, asked: Asked) -> str:
    if not text.strip():
        return "There is no text yet." if asked.required else ""
    return next((said.text for said in asked.check(text) if said.stops), "")


def _findings(terminal: Terminal, said: Sequence[Said]) -> StyleAndTextTuples:
    return stacked(
        [said_line(terminal, row.text, stops=row.stops)]
        for row in sorted(said, key=lambda row: not row.stops)
    )


def _height(terminal: Terminal) -> Dimension:
    room = max(_SMALLEST, min(_HIGHEST, terminal.rows - _AROUND))
    return Dimension(min=_SMALLEST, max=room, preferred=room)


def _line(terminal: Terminal) -> Window:
    return Window(height=1, char=terminal.signs.line, style="class:frame", dont_extend_height=True)
