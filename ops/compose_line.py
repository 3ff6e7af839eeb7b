"""A question that is answered with one line: a file, a name, a day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import has_completions
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    CompletionsMenu,
    ConditionalContainer,
    Float,
    FloatContainer,
    HSplit,
    VSplit,
    Window,
)

from ops.compose_page import Message, Page, ask, fixed, one_line
from ops.compose_terminal import Terminal

_MENU_ROWS: Final = 6


class NotTakenError(ValueError):
    """The answer can't be taken; the message says why, to the person."""


def enter(
    terminal: Terminal,
    page: Page,
    read: Callable[[str], Any],
    *,
    label: str = "",
    text: str = "",
    rule: str = "",
    completer: Completer | None = None,
) -> Any:
    """Return what `read` makes of the line, or BACK. read: raises NotTakenError for what it can't take."""
    message = Message()
    buffer = Buffer(
        document=Document(text, len(text)),
        multiline=False,
        completer=completer,
        complete_while_typing=False,
        on_text_changed=lambda _: message.say(""),
    )
    bindings = KeyBindings()

    @bindings.add("enter")
    def take(event: KeyPressEvent) -> None:
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
            return
        try:
            answer = read(buffer.text)
        except NotTakenError as error:
            message.say(one_line(str(error)))
        else:
            event.app.exit(result=answer)

    @bindings.add("<bracketed-paste>")
    def paste(event: KeyPressEvent) -> None:
        buffer.insert_text(one_line(event.data))

    if completer is not None:
        _bind_completion(bindings, buffer)
    line = Window(BufferControl(buffer), height=1, dont_extend_height=True)
    before: StyleAndTextTuples = [("class:mark", f"{terminal.signs.mark} "), ("class:label", label)]
    begin = fixed(lambda: before)
    begin.width = sum(len(part[1]) for part in before)
    parts: list[Any] = [fixed(lambda: [("class:rule", one_line(rule))])] if rule else []
    parts.append(VSplit([begin, line]))
    if completer is not None:
        parts.append(_menu_room())
    body: Any = HSplit(parts)
    if completer is not None:
        menu = Float(xcursor=True, ycursor=True, content=CompletionsMenu(max_height=_MENU_ROWS))
        body = FloatContainer(body, floats=[menu])
    keys = {"Enter": "take it"} | ({"Tab": "complete"} if completer else {})
    return ask(terminal, page.with_keys(keys), body, bindings, message, focus=line)


def _bind_completion(bindings: KeyBindings, buffer: Buffer) -> None:
    @bindings.add("tab")
    def complete(_: KeyPressEvent) -> None:
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(insert_common_part=True)

    @bindings.add("s-tab")
    def complete_before(_: KeyPressEvent) -> None:
        buffer.complete_previous()


def _menu_room() -> ConditionalContainer:
    """Rows below the line that the menu of completions is drawn over."""
    return ConditionalContainer(Window(height=_MENU_ROWS), filter=has_completions)
