"""A question with a list of answers: arrow keys, typing to search, what is not possible greyed with why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import AnyContainer, Dimension, FormattedTextControl, HSplit, Window

from ops.compose_list import Choice, Choices, detail, lines, search_line
from ops.compose_page import Message, Page, ask, fixed, key_name, one_line
from ops.compose_terminal import Terminal

_MOST_ROWS: Final = 12
_FEWEST_ROWS: Final = 3
_PAGE: Final = 8


@dataclass(frozen=True)
class Pressed:
    """A key of the page's own was pressed, on this choice's value (None: there was none)."""

    key: str
    value: Any


def _nothing(_: str) -> None:
    return None


def choose(
    terminal: Terminal,
    page: Page,
    choices: Sequence[Choice],
    *,
    start: Any = None,
    searched: bool = True,
    typed: Callable[[str], Choice | None] = _nothing,
    own_keys: Mapping[str, str] | None = None,
    above: AnyContainer | None = None,
    scroll: Callable[[int], None] | None = None,
) -> Any:
    """Return the value that is chosen, Pressed for one of `own_keys`, or BACK.

    start: the value that the cursor begins on. typed: makes a choice of what was typed and is not listed.
    own_keys: prompt_toolkit's name of a key, and what the page says of it. above: what stands over the list;
    scroll: moves that by so many rows.
    """
    rows = Choices(choices, typed)
    rows.search("")
    rows.start_at(start)
    message = Message()
    wanted = Buffer(multiline=False, on_text_changed=lambda buffer: rows.search(buffer.text))
    bindings = _bindings(rows, message, own_keys or {}, wanted if searched else None)
    if scroll is not None:
        _bind_scrolling(bindings, scroll)
    listed = Window(
        FormattedTextControl(lambda: lines(terminal, rows), focusable=True, show_cursor=False),
        height=Dimension(min=min(_FEWEST_ROWS, len(choices) or 1), max=_MOST_ROWS),
        dont_extend_height=True,
    )
    parts: list[AnyContainer] = [above] if above is not None else []
    if searched:
        parts.append(fixed(lambda: search_line(rows)))
    parts += [listed, fixed(lambda: detail(rows))]
    keys = {"↑↓": "move", "Enter": "choose"} | ({"type": "to search"} if searched else {})
    keys |= {key_name(key): does for key, does in (own_keys or {}).items()}
    return ask(terminal, page.with_keys(keys), HSplit(parts), bindings, message, focus=listed)


def _bindings(
    rows: Choices, message: Message, own_keys: Mapping[str, str], wanted: Buffer | None
) -> KeyBindings:
    bindings = KeyBindings()

    def moves(by: int) -> Callable[[KeyPressEvent], None]:
        def move(_: KeyPressEvent) -> None:
            rows.move(by)
            message.say("")

        return move

    for key, by in {
        "up": -1,
        "down": 1,
        "pageup": -_PAGE,
        "pagedown": _PAGE,
        "home": -9999,
        "end": 9999,
    }.items():
        bindings.add(key)(moves(by))

    @bindings.add("enter")
    def take(event: KeyPressEvent) -> None:
        current = rows.current
        if current is None:
            message.say("Nothing matches what you typed: take some of it back.")
        elif current.why_not is not None:
            message.say("Choose another.", "class:why")
        else:
            event.app.exit(result=current.value)

    for key in own_keys:

        def press(event: KeyPressEvent, key: str = key) -> None:
            event.app.exit(result=Pressed(key, rows.current.value if rows.current else None))

        bindings.add(key)(press)

    if wanted is not None:
        _bind_typing(bindings, wanted, message)
    return bindings


def _bind_scrolling(bindings: KeyBindings, scroll: Callable[[int], None]) -> None:
    @bindings.add("pageup")
    def up(_: KeyPressEvent) -> None:
        scroll(-_PAGE)

    @bindings.add("pagedown")
    def down(_: KeyPressEvent) -> None:
        scroll(_PAGE)


def _bind_typing(bindings: KeyBindings, wanted: Buffer, message: Message) -> None:
    @bindings.add("<any>")
    def insert(event: KeyPressEvent) -> None:
        if event.data.isprintable():
            wanted.insert_text(event.data)
            message.say("")

    @bindings.add("<bracketed-paste>")
    def paste(event: KeyPressEvent) -> None:
        wanted.insert_text(one_line(event.data))

    @bindings.add("backspace")
    def take_back(_: KeyPressEvent) -> None:
        wanted.delete_before_cursor()

    @bindings.add("c-u")
    def clear(_: KeyPressEvent) -> None:
        wanted.reset()
        wanted.text = ""


__all__ = ["Choice", "Pressed", "choose"]
