"""A question with a list of answers: arrow keys, typing to search, what is not possible greyed with why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import AnyContainer, Dimension, FormattedTextControl, HSplit, Window
from rich.cells import cell_len

from ops.compose_page import Message, Page, ask, fixed, key_name, one_line
from ops.compose_terminal import Terminal

_MOST_ROWS: Final = 12
_FEWEST_ROWS: Final = 3
_PAGE: Final = 8


@dataclass(frozen=True)
class Choice:
    """One answer. columns: what its line shows. why_not: why it can't be chosen now; None where it can.

    detail: what is said of it while the cursor is on it.
    """

    value: Any
    columns: Sequence[str]
    why_not: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Pressed:
    """A key of the page's own was pressed, on this choice's value (None: there was none)."""

    key: str
    value: Any


@dataclass
class _List:
    """The choices that match what was typed, and which of them the cursor is on."""

    choices: Sequence[Choice]
    typed: Callable[[str], Choice | None]
    wanted: str = ""
    at: int = 0
    shown: list[Choice] = field(default_factory=list)

    def search(self, words: str) -> None:
        """Show what has all the words; after them what they themselves may be taken as."""
        self.wanted = words
        parts = words.lower().split()
        self.shown = [row for row in self.choices if all(part in _text(row) for part in parts)]
        taken = self.typed(words.strip()) if words.strip() else None
        if taken is not None and all(row.value != taken.value for row in self.shown):
            self.shown.append(taken)
        self.at = next((number for number, row in enumerate(self.shown) if row.why_not is None), 0)

    def start_at(self, value: Any) -> None:
        self.at = next((number for number, row in enumerate(self.shown) if row.value == value), self.at)

    def move(self, by: int) -> None:
        self.at = max(0, min(len(self.shown) - 1, self.at + by))

    @property
    def current(self) -> Choice | None:
        return self.shown[self.at] if self.shown else None


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
    rows = _List(choices, typed)
    rows.search("")
    rows.start_at(start)
    message = Message()
    wanted = Buffer(multiline=False, on_text_changed=lambda buffer: rows.search(buffer.text))
    bindings = _bindings(rows, message, own_keys or {}, wanted if searched else None)
    if scroll is not None:
        _bind_scrolling(bindings, scroll)
    listed = Window(
        _control(terminal, rows),
        height=Dimension(min=min(_FEWEST_ROWS, len(choices) or 1), max=_MOST_ROWS),
        dont_extend_height=True,
    )
    parts: list[AnyContainer] = [above] if above is not None else []
    if searched:
        parts.append(fixed(lambda: _search_line(rows)))
    parts += [listed, fixed(lambda: _detail(rows))]
    keys = {"↑↓": "move", "Enter": "choose"} | ({"type": "to search"} if searched else {})
    keys |= {key_name(key): does for key, does in (own_keys or {}).items()}
    return ask(terminal, page.with_keys(keys), HSplit(parts), bindings, message, focus=listed)


def _text(choice: Choice) -> str:
    return " ".join(choice.columns).lower()


def _bindings(
    rows: _List, message: Message, own_keys: Mapping[str, str], wanted: Buffer | None
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
            message.say(f"Not possible now: {one_line(current.why_not)}", "class:why")
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


def _control(terminal: Terminal, rows: _List) -> FormattedTextControl:
    # Possible ones stand under impossible ones, whatever is drawn before those.
    signed = any(choice.why_not is not None for choice in rows.choices)

    def text() -> StyleAndTextTuples:
        widths = _widths(rows.shown)
        found: StyleAndTextTuples = []
        for number, choice in enumerate(rows.shown):
            found += _line(terminal, choice, widths, current=number == rows.at, signed=signed)
            found.append(("", "\n"))
        return found[:-1]

    return FormattedTextControl(text, focusable=True, show_cursor=False)


def _line(
    terminal: Terminal, choice: Choice, widths: Sequence[int], *, current: bool, signed: bool
) -> StyleAndTextTuples:
    signs = terminal.signs
    possible = choice.why_not is None
    style = ("class:chosen" if current else "") if possible else "class:impossible"
    cells = [_padded(one_line(cell), width) for cell, width in zip(choice.columns, widths, strict=False)]
    words = "  ".join(cells).rstrip()
    found: StyleAndTextTuples = [("[SetCursorPosition]", "")] if current else []
    found.append(("class:mark", f"{signs.mark} " if current else "  "))
    if signed:
        found.append(("class:impossible", "  " if possible else f"{signs.impossible} "))
    if not possible:
        words = f"{words}  {one_line(choice.why_not or '')}"
    found.append((style, words))
    return found


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _widths(rows: Sequence[Choice]) -> list[int]:
    count = max((len(row.columns) for row in rows), default=0)
    return [
        max((cell_len(one_line(row.columns[at])) for row in rows if at < len(row.columns)), default=0)
        for at in range(count)
    ]


def _search_line(rows: _List) -> StyleAndTextTuples:
    if not rows.wanted:
        return [("class:rule", f"{len(rows.choices)} to choose from")]
    return [
        ("class:label", "search  "),
        ("", one_line(rows.wanted)),
        ("class:rule", f"   {len(rows.shown)} found"),
    ]


def _detail(rows: _List) -> StyleAndTextTuples:
    current = rows.current
    if current is None:
        return [("class:why", "Nothing matches what you typed.")]
    if current.why_not is not None:
        return [("class:why", f"Not possible now: {one_line(current.why_not)}")]
    return [("class:detail", one_line(current.detail))]
