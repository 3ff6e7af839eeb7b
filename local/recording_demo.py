"""Records `make demo` as a person sees it: `python -m local.recording_demo`.

The demo itself runs, in a pseudo-terminal. What it draws becomes an asciicast that plays several times as
fast, and the screen at the moments named below becomes pictures.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.commands import ROOT
from local.recording import FOLDER, cast
from local.recording_pictures import picture
from local.recording_terminal import Drawn, RecordingError, Terminal

NAME: Final = "demo"
COLUMNS: Final = 130
ROWS: Final = 46
TIMES_AS_FAST: Final = 6
_FRAME_SECONDS: Final = 0.5
"""A spinner that turns twelve times a second makes a recording large and shows nothing more."""

MOMENTS: Final = {"doctor": "FAILURE  SB-SUBS-001"}
"""The screens that are kept as pictures, by the text whose coming is waited for, and `end`."""
_TABLES: Final = "What Amazon published"
"""What begins the tables: they come all at once, and push away what is kept."""


def record_demo(
    folder: Path = FOLDER, command: Sequence[str] = (sys.executable, "-m", "local", "demo")
) -> int:
    """Records the demo into `folder`; returns the exit code."""
    environment = dict(os.environ) | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
    try:
        drawn, pictures = watch(command, environment)
    except RecordingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    keep(folder, drawn, pictures)
    sys.stderr.write(f"{len(drawn.events)} frames and {len(pictures)} pictures are in {folder}\n")
    return 0


def watch(command: Sequence[str], environment: dict[str, str]) -> tuple[Drawn, dict[str, str]]:
    """Runs a command to its end; returns what it drew and the pictures. Raises RecordingError."""
    pictures: dict[str, str] = {}
    seen: set[str] = set()
    with Terminal(command, environment, ROOT, COLUMNS, ROWS) as terminal:
        terminal.pretend_typed("$ make demo\r\n")

        def look() -> None:
            text = terminal.text()
            for name in shown(text):
                # The last screen on which it stands has the most of what follows it.
                seen.add(name)
                pictures[name] = picture(terminal.screen, "make demo")

        code = terminal.ends(look)
        if code or seen != set(MOMENTS):
            raise RecordingError(f"`make demo` ended with {code}:\n{terminal.text()}")
        pictures["end"] = picture(terminal.screen, "make demo")
        return terminal.drawn, pictures


def shown(text: str) -> list[str]:
    """Return the moments that a screen shows."""
    return [name for name, sign in MOMENTS.items() if sign in text and _TABLES not in text]


def keep(folder: Path, drawn: Drawn, pictures: dict[str, str]) -> None:
    """Writes the recording and its pictures; what is there of an earlier one goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{NAME}[.-]*"):
        old.unlink()
    title = f"make demo, {TIMES_AS_FAST} times as fast"
    text = cast(frames(drawn), title=title, columns=COLUMNS, rows=ROWS)
    (folder / f"{NAME}.cast").write_text(text, encoding="utf-8")
    for number, (name, svg) in enumerate(pictures.items(), start=1):
        (folder / f"{NAME}-{number}-{name}.svg").write_text(_anywhere(svg), encoding="utf-8")


def frames(drawn: Drawn) -> Drawn:
    """The same, faster, with what came in quick succession as one frame."""
    joined: list[tuple[float, str]] = []
    for seconds, text in drawn.events:
        if joined and seconds - joined[-1][0] < _FRAME_SECONDS:
            joined[-1] = (joined[-1][0], joined[-1][1] + text)
        else:
            joined.append((seconds, text))
    return Drawn([(round(seconds / TIMES_AS_FAST, 3), _anywhere(text)) for seconds, text in joined])


def _anywhere(text: str) -> str:
    """Without the folder that the project lies in on the machine that recorded it."""
    return text.replace(f"{ROOT}{os.sep}", "")


if __name__ == "__main__":
    sys.exit(record_demo())
