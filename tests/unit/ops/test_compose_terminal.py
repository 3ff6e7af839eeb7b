"""Composing in a real terminal, and where there is none."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyte
import pytest

from ops import compose_terminal
from ops.errors import WRONG_INPUT, CommandError
from tests.unit.ops.compose_screen import KEYS, SECONDS

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (sys.executable, "-m", "tests.unit.ops.compose_program")
COLOURS = re.compile(r"\x1b\[[0-9;]*(?<![0-9])(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")


class Screen(pyte.Screen):
    """Answers the questions of programs, as terminals do: where the cursor is."""

    answers: Any

    def write_process_input(self, data: str) -> None:
        self.answers(data)


class RealTerminal:
    """A program on a pseudo-terminal."""

    def __init__(self, environment: Mapping[str, str], columns: int, rows: int) -> None:
        self._ours, theirs = os.openpty()
        self._size(columns, rows)
        self.screen = Screen(columns, rows)
        self.screen.answers = lambda data: os.write(self._ours, data.encode())
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        self._child = subprocess.Popen(
            PROGRAM,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            env={
                "PATH": os.defpath,
                "TERM": "xterm-256color",
                "LANG": "C.UTF-8",
                "PYTHONPATH": PATH,
                **environment,
            },
            start_new_session=True,
        )
        os.close(theirs)

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._ours, KEYS.get(key, key).encode())

    def sees(self, *texts: str) -> str:
        ends = time.monotonic() + SECONDS
        while True:
            shown = "\n".join(line.rstrip() for line in self.screen.display)
            if all(text in shown for text in texts):
                return shown
            assert time.monotonic() < ends, f"never saw {texts} in:\n{shown}"
            assert self._read(), f"it ended without {texts} in:\n{shown}"

    def resize(self, columns: int, rows: int) -> None:
        self._size(columns, rows)
        self.screen.resize(rows, columns)
        os.kill(self._child.pid, signal.SIGWINCH)

    def ended(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and what is left on the screen."""
        while self._read():
            continue
        return self._child.wait(SECONDS), "\n".join(line.rstrip() for line in self.screen.display).strip()

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        os.close(self._ours)

    def _read(self) -> bool:
        """Draw what comes within the time; False where nothing comes any more."""
        ready, _, _ = select.select([self._ours], [], [], SECONDS)
        try:
            data = os.read(self._ours, 65_536) if ready else b""
        except OSError:
            # Linux's way to say that the other end is closed.
            return False
        self.bytes += data
        self._stream.feed(data)
        return bool(data)

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


PATH = os.pathsep.join((str(ROOT), str(ROOT / "lambdas" / "layers" / "shared" / "python")))


@contextmanager
def terminal(columns: int = 100, rows: int = 30, **environment: str) -> Iterator[RealTerminal]:
    made = RealTerminal(environment, columns, rows)
    try:
        yield made
    finally:
        made.close()


def test_a_message_is_composed_and_the_screen_is_left_as_it_was() -> None:
    with terminal() as shown:
        shown.sees("Which order is the message about?")
        shown.press("Enter")
        shown.sees("What is the message for?")
        shown.press("Enter")
        shown.sees("What do you want to tell the buyer?")
        shown.press("Grüße", "Enter", "Jürgen")
        shown.sees("12 of 800 characters, 788 left")
        assert COLOURS.search(shown.bytes.decode())
        shown.press("Ctrl-S")
        shown.sees("What shall be attached?")
        shown.press("Enter")
        shown.sees("Is this what the buyer shall get?")
        shown.press("Enter")
        shown.sees("Send this message to the buyer now?")
        shown.press("Up", "Enter")
        code, left = shown.ended()
    assert code == 0
    assert json.loads(left) == {"text": "Grüße\nJürgen", "type": "confirmCustomizationDetails"}


def test_without_colours_nothing_is_told_by_them() -> None:
    with terminal(NO_COLOR="1") as shown:
        shown.sees("Which order")
        shown.press("Enter")
        shown.sees("✗ Confirm delivery details", "▸   Confirm customization details")
        shown.press("Ctrl-C")
        assert shown.ended()[0] == 130
        assert not COLOURS.search(shown.bytes.decode())


def test_a_terminal_that_becomes_smaller_is_drawn_anew() -> None:
    with terminal() as shown:
        shown.sees("1 Order", "5 Check and send")
        shown.resize(60, 24)
        shown.sees("step 1 of 5: Order")


def test_signs_are_plain_where_the_terminal_has_no_others() -> None:
    with terminal(
        LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii"
    ) as shown:
        shown.sees("> 902-6786204-8179805")


@pytest.mark.parametrize(
    ("environment", "piped"), [({"TERM": "dumb"}, False), ({"TERM": "xterm"}, True)], ids=["dumb", "piped"]
)
def test_without_a_terminal_it_says_what_to_use(environment: dict[str, str], piped: bool) -> None:
    if not piped:
        with terminal(TERM=environment["TERM"]) as shown:
            code, said = shown.ended()
    else:
        finished = subprocess.run(
            PROGRAM,
            input=b"",
            capture_output=True,
            cwd=ROOT,
            env={"PATH": os.defpath, "PYTHONPATH": PATH, **environment},
            check=False,
            timeout=60,
        )
        code, said = finished.returncode, finished.stderr.decode()
    assert code == WRONG_INPUT
    assert "bin/sellerbus messages send --stage example" in " ".join(said.split())


def test_the_refusal_comes_before_the_stage_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="takes a terminal"):
        compose_terminal.opened("no-such-stage")
