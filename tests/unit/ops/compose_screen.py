"""A terminal in memory: what a person types into it, and what they see of it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyte
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from ops.compose_terminal import Terminal

KEYS: Final = {
    "Enter": "\r",
    "Esc": "\x1b",
    "Up": "\x1b[A",
    "Down": "\x1b[B",
    "PgDn": "\x1b[6~",
    "Del": "\x1b[3~",
    "Backspace": "\x7f",
    "Tab": "\t",
    "Ctrl-C": "\x03",
    "Ctrl-R": "\x12",
    "Ctrl-S": "\x13",
    "Ctrl-T": "\x14",
    "Ctrl-U": "\x15",
}
SECONDS: Final = 10.0


def pasted(text: str) -> str:
    """What a terminal sends of a text that is pasted."""
    return f"\x1b[200~{text}\x1b[201~"


class _Drawn:
    """What prompt_toolkit takes for stdout; draws on pyte's screen."""

    encoding = "utf-8"

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.bytes = ""
        self.lock = threading.Lock()
        self._stream = pyte.Stream(self.screen)

    def write(self, data: str) -> None:
        with self.lock:
            self.bytes += data
            self._stream.feed(data)

    def flush(self) -> None:
        return

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        # Nobody writes to it: prompt_toolkit asks for one before it looks at the encoding.
        return -1

    def shown(self) -> str:
        with self.lock:
            return "\n".join(line.rstrip() for line in self.screen.display).strip("\n")


class Person:
    """Somebody at the terminal, while `work` asks in a thread of its own."""

    def __init__(
        self, work: Callable[[Terminal], Any], pipe: PipeInput, *, columns: int = 110, rows: int = 36
    ) -> None:
        self._drawn = _Drawn(columns, rows)
        self._pipe = pipe
        self._result: Any = None
        self._error: BaseException | None = None
        output = Vt100_Output(
            self._drawn,  # type: ignore[arg-type]
            lambda: Size(rows=rows, columns=columns),
            enable_cpr=False,
        )
        terminal = Terminal(pipe, output)

        def run() -> None:
            try:
                self._result = work(terminal)
            except BaseException as error:  # noqa: BLE001  raised again where the test asks for the result
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    @property
    def screen(self) -> str:
        return self._drawn.shown()

    @property
    def bytes(self) -> str:
        """All that was written to the terminal."""
        return self._drawn.bytes

    def press(self, *keys: str) -> None:
        """Press keys by their names in KEYS; others are typed as they are."""
        for key in keys:
            self._pipe.send_text(KEYS.get(key, key))

    def sees(self, *texts: str) -> str:
        """Wait until all of the texts are on the screen, and return it."""
        # Where a line is broken depends on the length of the machine's paths in it.
        return self._until(
            lambda screen: all(text in screen or text in " ".join(screen.split()) for text in texts),
            f"never saw {texts}",
        )

    def sees_no(self, text: str) -> str:
        """Wait until the text is not on the screen any more."""
        return self._until(lambda screen: text not in screen, f"still sees {text!r}")

    def result(self) -> Any:
        """Return what the work returned, or raise what it raised."""
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), f"it still asks:\n{self.screen}"
        if self._error is not None:
            raise self._error
        return self._result

    def leave(self) -> None:
        """End the work, however it stands."""
        ends = time.monotonic() + SECONDS
        while self._thread.is_alive() and time.monotonic() < ends:
            self.press("Ctrl-C")
            self._thread.join(0.05)

    def _until(self, enough: Callable[[str], bool], why: str) -> str:
        ends = time.monotonic() + SECONDS
        while True:
            screen = self.screen
            if enough(screen):
                return screen
            if self._error is not None:
                raise self._error
            if time.monotonic() > ends or not self._thread.is_alive():
                raise AssertionError(f"{why} in:\n{screen}")
            time.sleep(0.01)


@contextmanager
def at_terminal(work: Callable[[Terminal], Any], **size: int) -> Iterator[Person]:
    """Let `work` ask somebody; whatever it still asks at the end is left."""
    os.environ.pop("NO_COLOR", None)
    with create_pipe_input() as pipe:
        person = Person(work, pipe, **size)
        try:
            yield person
        finally:
            person.leave()
