"""A pseudo-terminal with a person before it: what a program draws in it, and when."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyte

SECONDS: Final = 60.0
"""How long something that shall be seen may take: the functions start for the first time."""
_WHERE_IS_THE_CURSOR: Final = b"\x1b[6n"
_READ_BYTES: Final = 65_536


class RecordingError(Exception):
    """The program did not do what the script expects; the message has the screen."""


@dataclass
class Drawn:
    """events: seconds since the beginning, and what was written then."""

    events: list[tuple[float, str]] = field(default_factory=list)


class AnsweringScreen(pyte.Screen):
    """Answers what programs ask of a terminal: where the cursor is."""

    def __init__(self, columns: int, lines: int, answer: Callable[[str], object]) -> None:
        self._answer = answer
        super().__init__(columns, lines)

    def write_process_input(self, data: str) -> None:
        self._answer(data)


class Terminal:
    """A program that runs in a terminal of so many columns and rows, for as long as the block runs."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, columns: int, rows: int
    ) -> None:
        self.drawn = Drawn()
        self._began = time.monotonic()
        self._ours, theirs = os.openpty()
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen = AnsweringScreen(columns, rows, lambda data: os.write(self._ours, data.encode()))
        self._stream = pyte.ByteStream(self.screen)
        self._left = b""
        try:
            self._child = subprocess.Popen(
                list(command),
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._ours)
            raise
        finally:
            os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        os.close(self._ours)

    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).strip("\n")

    def pretend_typed(self, text: str) -> None:
        """Draws what the program did not."""
        self._draw(text.encode())

    def sees(self, text: str) -> None:
        """Waits until the text is on the screen; raises RecordingError."""
        ends = time.monotonic() + SECONDS
        while text not in self.text():
            if time.monotonic() > ends or not self._read(SECONDS):
                raise RecordingError(f"{text!r} was never seen in:\n{self.text()}")

    def looks(self, seconds: float) -> None:
        """Lets so much time go by, while the program may draw."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self._read(left)

    def types(self, text: str, seconds: float) -> None:
        """Types a text, so long for each of its characters; the sequence of a key at once."""
        for key in [text] if text.startswith("\x1b") else text:
            os.write(self._ours, key.encode())
            self.looks(seconds)

    def ends(self, drawn: Callable[[], None] = lambda: None) -> int:
        """Waits for the end of the program; returns its exit code. drawn: told whenever something was."""
        while self._read(SECONDS):
            drawn()
        return self._child.wait(SECONDS)

    def _read(self, seconds: float) -> bool:
        """Draws what comes within the time; False where nothing does."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._ours, _READ_BYTES)
        except OSError:
            # Linux's way to say that the other end is closed.
            return False
        self._draw(data)
        return bool(data)

    def _draw(self, data: bytes) -> None:
        self._stream.feed(data)
        # Questions to the terminal are nobody else's; and a character may come in two parts.
        whole = self._left + data.replace(_WHERE_IS_THE_CURSOR, b"")
        text = whole.decode("utf-8", errors="ignore")
        self._left = _unfinished(whole)
        if text:
            self.drawn.events.append((time.monotonic() - self._began, text))


def _unfinished(data: bytes) -> bytes:
    """The beginning of a character at the end of the bytes, whose other bytes are still to come."""
    for length in (1, 2, 3):
        tail = data[-length:]
        if tail and tail[0] >= 0xC0:
            wanted = 2 if tail[0] < 0xE0 else 3 if tail[0] < 0xF0 else 4
            return tail if length < wanted else b""
    return b""
