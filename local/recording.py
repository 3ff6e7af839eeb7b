"""Records `sellerbus messages compose` as a person uses it: `python -m local.recording`.

The command itself runs, in a pseudo-terminal, against a local deployment of its own. What it writes becomes
an asciicast (version 2, https://docs.asciinema.org/manual/asciicast/v2/) and, at the moments that the script
names, pictures.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.cast import SELLERS
from local.commands import ROOT, STAGE
from local.deployment import Deployment, start_deployment
from local.outcome import Outcome
from local.recording_pictures import picture
from local.recording_terminal import Drawn, RecordingError, Terminal
from local.runs import new_folder, orderly_end, record, sweep
from local.screen import Screen
from local.story import deploy_from_nothing

FOLDER: Final = ROOT / "docs" / "recordings"
NAME: Final = "compose"
COLUMNS: Final = 104
ROWS: Final = 30

SELLER: Final = SELLERS[0]
ORDERS: Final[Sequence[tuple[str, Mapping[str, Any]]]] = (
    ("902-3159896-1390916", {"status": "SHIPPED", "daysAgo": 6, "fulfilledBy": "AMAZON"}),
    ("902-1845936-5435065", {"status": "SHIPPED", "daysAgo": 4}),
    ("902-6786204-8179805", {"daysAgo": 1, "items": [{"customized": True}]}),
    ("902-7791004-2233817", {"daysAgo": 0.2}),
)
"""The guide's order, of an item with the buyer's name on it, among others."""
FILE: Final = "example.txt"
CONTENT: Final = "Name as we would engrave it: Grace Hopper\n"
TEXT: Final = (
    "Thank you for your order. Is the name in the attached file spelled as you want it engraved? "
    "Please answer within two days."
)
_LONGEST_PAUSE_SECONDS: Final = 1.4
_TYPING_SECONDS: Final = 0.045

ENTER, UP, CTRL_S = "\r", "\x1b[A", "\x13"


@dataclass(frozen=True)
class Scene:
    """What the person waits to see, for how long it is looked at, and what is typed then: keys, and texts.

    picture: the name under which the screen is kept as it is just before that; "" for none.
    """

    sees: str
    looks_seconds: float
    types: Sequence[str]
    picture: str = ""


SCENES: Final = (
    Scene("Which order is the message about?", 2.0, ("902-67",), "order"),
    Scene("1 found", 1.2, (ENTER,)),
    Scene("What is the message for?", 3.0, (ENTER,), "type"),
    Scene("What do you want to tell the buyer?", 1.5, (TEXT,)),
    Scene(f"{len(TEXT)} of 800 characters", 2.0, (CTRL_S,), "text"),
    Scene("What shall be attached?", 1.5, (UP, ENTER)),
    Scene("Which file?", 0.8, (FILE, ENTER)),
    Scene("Under which name shall the buyer get it?", 1.5, (ENTER,)),
    Scene("Go on with 1 attachment", 2.0, (ENTER,), "attachments"),
    Scene("Is this what the buyer shall get?", 3.0, (ENTER,), "check"),
    Scene("Send this message to the buyer now?", 1.5, (UP, ENTER)),
)
_END: Final = "SENT"


def record_compose(screen: Screen, folder: Path = FOLDER) -> int:
    """Records the session into `folder`; returns the exit code."""
    with orderly_end():
        sweep()
        own = new_folder("recording")
        deployment: Deployment | None = None
        try:
            with screen.step("Start the AWS emulator and the simulator on 127.0.0.1"):
                deployment = start_deployment(own)
                record(own, deployment)
            deploy_from_nothing(deployment, screen, Outcome())
            return _record(deployment, screen, folder)
        finally:
            if deployment is not None:
                deployment.stop()
            shutil.rmtree(own, ignore_errors=True)


def _record(deployment: Deployment, screen: Screen, folder: Path) -> int:
    with screen.step("Record `sellerbus messages compose`") as step:
        for order_id, more in ORDERS:
            deployment.simulator.add_order(SELLER.seller_id, SELLER.marketplace_ids[0], order_id, **more)
        try:
            drawn, pictures = perform(
                [str(ROOT / "bin" / "sellerbus"), *_arguments()],
                _environment(deployment),
                SCENES,
                end=_END,
                files={FILE: CONTENT},
            )
        except RecordingError as error:
            screen.fail(str(error))
            return 1
        keep(folder, drawn, pictures)
        step.result = f"{len(drawn.events)} writes, {len(pictures)} pictures in {folder.name}/"
    return 0


def perform(
    command: Sequence[str],
    environment: Mapping[str, str],
    scenes: Sequence[Scene],
    *,
    end: str,
    files: Mapping[str, str],
) -> tuple[Drawn, dict[str, str]]:
    """Runs a command in a folder with these files, and plays the person; returns what was drawn.

    The pictures are SVG, by the names in the scenes, and `sent` of the end. Raises RecordingError where
    something is not seen, or the command fails.
    """
    pictures: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as place:
        for name, content in files.items():
            (Path(place) / name).write_text(content, encoding="utf-8")
        shown = ["bin/sellerbus", *command[1:]]
        with Terminal(command, environment, Path(place), COLUMNS, ROWS) as terminal:
            terminal.pretend_typed(f"$ {' '.join(shown)}\r\n")
            for scene in scenes:
                terminal.sees(scene.sees)
                terminal.looks(scene.looks_seconds)
                if scene.picture:
                    pictures[scene.picture] = picture(terminal.screen, " ".join(shown))
                for keys in scene.types:
                    terminal.types(keys, _TYPING_SECONDS)
            code = terminal.ends()
            if code or end not in terminal.text():
                raise RecordingError(f"The command ended with {code}:\n{terminal.text()}")
            pictures["sent"] = picture(terminal.screen, " ".join(shown))
            return terminal.drawn, pictures


def keep(folder: Path, drawn: Drawn, pictures: Mapping[str, str]) -> None:
    """Writes the recording and its pictures; what is there of an earlier one goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{NAME}*"):
        old.unlink()
    (folder / f"{NAME}.cast").write_text(cast(drawn), encoding="utf-8")
    for number, (name, svg) in enumerate(pictures.items(), start=1):
        (folder / f"{NAME}-{number}-{name}.svg").write_text(svg, encoding="utf-8")


def cast(
    drawn: Drawn, *, title: str = "sellerbus messages compose", columns: int = COLUMNS, rows: int = ROWS
) -> str:
    """Returns the recording as an asciicast; where nothing happens for long, it is shortened."""
    header = {
        "version": 2,
        "width": columns,
        "height": rows,
        "title": title,
        "env": {"TERM": "xterm-256color"},
    }
    lines = [json.dumps(header)]
    at = before = 0.0
    for seconds, text in drawn.events:
        at += min(seconds - before, _LONGEST_PAUSE_SECONDS)
        before = seconds
        lines.append(json.dumps([round(at, 3), "o", text], ensure_ascii=False))
    return "\n".join(lines) + "\n"


def _arguments() -> list[str]:
    return ["messages", "compose", "--stage", STAGE, "--seller", SELLER.seller_id]


def _environment(deployment: Deployment) -> dict[str, str]:
    environment = dict(deployment.commands.environment)
    environment.pop("NO_COLOR", None)
    return environment | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": str(COLUMNS)}


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    sys.exit(record_compose(Screen()))
