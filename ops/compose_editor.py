"""A question that is answered with a text of several lines, counted against its limit while it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import BufferControl, Dimension, HSplit, ScrollbarMargin, Window

from ops.compose_page import Message, Page, ask, fixed, key_name, one_line
from ops.compose_terminal import Terminal

_SMALLEST: Final = 4
_HIGHEST: Final = 12
_AROUND: Final = 16
"""Rows that the rest of the page takes, as a rule."""
_BAR: Final = 24
_CLOSE: Final = 0.9


@dataclass(frozen=True)
class Said:
    """What a check says of a text. stops: whether the text can't be taken so."""

    text: str
    stops: bool


@dataclass(frozen=True)
class Written:
    """The text as it was left, and where the cursor was. key: the key that ended it; "" goes on."""

    text: str
    cursor: int
    key: str = ""
    back: bool = False


@dataclass(frozen=True)
class Asked:
    """What the text must be. maximum: in characters (code points), None where there is no limit.

    rule: what is said of it, as Amazon words it. check: is asked at every change.
    """

    minimum: int
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
    """Return what was written: also where the person goes back, so that nothing of it is lost.

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
    answer = ask(terminal, page.with_keys(keys), body, bindings, message, focus=edited)
    return answer if isinstance(answer, Written) else _left(buffer, back=True)


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

    @bindings.add("c-s")
    def go_on(event: KeyPressEvent) -> None:
        why = _unfinished(buffer.text, asked)
        if why:
            message.say(why)
        else:
            event.app.exit(result=_left(buffer))

    @bindings.add("<bracketed-paste>")
    def paste(event: KeyPressEvent) -> None:
        buffer.insert_text(event.data.replace("\r\n", "\n").replace("\r", "\n"))

    @bindings.add("tab")
    def tab(_: KeyPressEvent) -> None:
        # A tab in an e-mail is drawn as anything from one space to eight.
        buffer.insert_text("    ")

    for key in own_keys:

        def press(event: KeyPressEvent, key: str = key) -> None:
            event.app.exit(result=_left(buffer, key=key))

        bindings.add(key)(press)
    return bindings


def _unfinished(text: str, asked: Asked) -> str:
    if not text.strip():
        return "There is no text yet." if asked.minimum else ""
    return next((said.text for said in asked.check(text) if said.stops), "")


def _left(buffer: Buffer, **more: Any) -> Written:
    return Written(buffer.text, buffer.cursor_position, **more)


def _findings(terminal: Terminal, said: Sequence[Said]) -> StyleAndTextTuples:
    found: StyleAndTextTuples = []
    for each in sorted(said, key=lambda row: not row.stops):
        style, sign = (
            ("class:error", terminal.signs.error) if each.stops else ("class:warning", terminal.signs.warning)
        )
        found += [("", "\n")] if found else []
        found.append((style, f"{sign} {one_line(each.text)}"))
    return found


def _height(terminal: Terminal) -> Dimension:
    room = max(_SMALLEST, min(_HIGHEST, terminal.rows - _AROUND))
    return Dimension(min=_SMALLEST, max=room, preferred=room)


def _line(terminal: Terminal) -> Window:
    return Window(height=1, char=terminal.signs.line, style="class:frame", dont_extend_height=True)
