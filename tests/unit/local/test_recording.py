"""The recording of a terminal session: what is played, what is kept of it, and the one that docs/ has."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import pyte
import pytest
from defusedxml.ElementTree import fromstring

from local import recording
from local.recording import SCENES, Scene, cast, keep, perform
from local.recording_pictures import picture
from local.recording_terminal import Drawn, RecordingError

ROOT = Path(__file__).resolve().parents[3]
KEPT = ROOT / "docs" / "recordings"
PROGRAM = """
import sys, tty
tty.setcbreak(0)
print("\\x1b[6n", end="", flush=True)
where = sys.stdin.read(1)
while not where.endswith("R"):
    where += sys.stdin.read(1)
print(f"cursor {where!r}", open("note.txt").read(), "name?", flush=True)
name = ""
while not name.endswith("\\n"):
    name += sys.stdin.read(1)
print("\\x1b[31mhällo", name.strip(), "\\x1b[0m", flush=True)
sys.exit(int(name.strip() == "nobody"))
"""


def play(*scenes: Scene) -> tuple[Drawn, dict[str, str]]:
    environment = {"PATH": os.defpath, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    files = {"note.txt": "A note.", "program.py": PROGRAM}
    return perform([sys.executable, "program.py"], environment, scenes, end="hällo", files=files)


def written(drawn: Drawn) -> str:
    return "".join(text for _, text in drawn.events)


def test_a_program_is_played_in_its_folder_with_its_questions_answered() -> None:
    drawn, pictures = play(Scene("name?", 0.0, ("Ann\n",), "asked"))
    assert written(drawn).startswith("$ bin/sellerbus program.py\r\n")
    assert "cursor '\\x1b[2;1R'" in written(drawn)
    assert "A note." in written(drawn)
    assert "hällo Ann" in written(drawn)
    # Whoever plays the recording has no cursor to ask for.
    assert "\x1b[6n" not in written(drawn)
    assert list(pictures) == ["asked", "sent"]
    assert "hällo" in "".join(fromstring(pictures["sent"]).itertext()).replace("\xa0", " ")


def test_what_is_not_seen_and_what_fails_is_no_recording() -> None:
    with pytest.raises(RecordingError, match="never seen"):
        play(Scene("name?", 0.0, ("nobody\n",)), Scene("something else", 0.0, ()))
    with pytest.raises(RecordingError, match="ended with 1"):
        play(Scene("name?", 0.0, ("nobody\n",)))


def test_long_pauses_are_shortened_and_all_else_is_kept(tmp_path: Path) -> None:
    lines = cast(Drawn([(0.1, "a"), (0.2, "b"), (60.2, "ü\x1b[1m")])).splitlines()
    header = json.loads(lines[0])
    assert (header["version"], header["width"], header["height"]) == (2, recording.COLUMNS, recording.ROWS)
    assert [json.loads(line) for line in lines[1:]] == [
        [0.1, "o", "a"],
        [0.2, "o", "b"],
        [1.6, "o", "ü\x1b[1m"],
    ]


def test_what_is_left_of_an_earlier_recording_goes(tmp_path: Path) -> None:
    (tmp_path / "compose-9-old.svg").write_text("old", encoding="utf-8")
    (tmp_path / "other.txt").write_text("other", encoding="utf-8")
    keep(tmp_path, Drawn([(0.0, "a")]), {"order": "<svg/>"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "compose-1-order.svg",
        "compose.cast",
        "other.txt",
    ]


def test_a_picture_has_the_colours_and_loads_nothing() -> None:
    screen = pyte.Screen(40, 5)
    pyte.Stream(screen).feed("\x1b[33mgold\x1b[0m \x1b[38;5;244mgrey\x1b[0m <&> 日本\r\n\x1b[1mbold\x1b[0m")
    svg = picture(screen, "a title")
    told = "".join(fromstring(svg).itertext()).replace("\xa0", " ")
    assert all(word in told for word in ("gold", "grey", "<&>", "日本", "bold", "a title"))
    assert "#808080" in svg
    assert 'url("http' not in svg
    assert "@font-face" not in svg


class TestKept:
    """The recording in docs/: `python -m local.recording` makes it anew."""

    def events(self) -> list[str]:
        lines = (KEPT / "compose.cast").read_text(encoding="utf-8").splitlines()
        times = [json.loads(line)[0] for line in lines[1:]]
        assert times == sorted(times)
        return [json.loads(line)[2] for line in lines[1:]]

    def test_shows_every_step_in_order(self) -> None:
        screen = pyte.Screen(recording.COLUMNS, recording.ROWS)
        stream = pyte.Stream(screen)
        left = [scene.sees for scene in SCENES] + ["SENT"]
        for event in self.events():
            stream.feed(event)
            while left and left[0] in "\n".join(screen.display):
                left.pop(0)
        assert left == []

    def test_tells_nothing_of_the_machine_that_made_it(self) -> None:
        files = [KEPT / "compose.cast", *KEPT.glob("compose-*.svg")]
        assert len(files) > 5
        for file in files:
            content = file.read_text(encoding="utf-8")
            for word in (
                str(ROOT),
                str(Path.home()),
                tempfile.gettempdir(),
                "127.0.0.1",
                "localhost",
                os.uname().nodename,
            ):
                assert word not in content, f"{file.name} has {word}"
