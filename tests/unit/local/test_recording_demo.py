"""The recording of `make demo`: what is kept of a run, and what of one that fell short."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from local.commands import ROOT
from local.recording_demo import COLUMNS, ROWS, TIMES_AS_FAST, frames, keep, watch
from local.recording_terminal import Drawn, RecordingError

ENVIRONMENT = {"PATH": os.defpath, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
STORY = (
    "import time; print('FAILURE  SB-SUBS-001'); print('its mending', flush=True); time.sleep(0.3); "
    "print('What Amazon published'); print('ORDER_CHANGE')"
)


def test_the_screens_at_the_moments_and_the_end_are_kept(tmp_path: Path) -> None:
    drawn, pictures = watch([sys.executable, "-c", STORY], ENVIRONMENT)
    assert list(pictures) == ["doctor", "end"]
    assert ("mending" in pictures["doctor"], "ORDER_CHANGE" in pictures["doctor"]) == (True, False)
    assert "ORDER_CHANGE" in pictures["end"]
    keep(tmp_path, drawn, pictures)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "demo-1-doctor.svg",
        "demo-2-end.svg",
        "demo.cast",
    ]
    header, *events = (tmp_path / "demo.cast").read_text(encoding="utf-8").splitlines()
    assert (json.loads(header)["width"], json.loads(header)["height"]) == (COLUMNS, ROWS)
    assert "$ make demo" in json.loads(events[0])[2]


@pytest.mark.parametrize("story", [f"{STORY}; raise SystemExit(1)", "print('no doctor')"])
def test_a_demo_that_fell_short_is_no_recording(story: str) -> None:
    with pytest.raises(RecordingError, match="`make demo` ended with"):
        watch([sys.executable, "-c", story], ENVIRONMENT)


def test_what_comes_quickly_is_one_frame_and_time_runs_faster() -> None:
    made = frames(Drawn([(0.0, "a"), (0.1, "b"), (6.0, f"c {ROOT}/build/demo.json")]))
    assert made.events == [(0.0, "ab"), (6.0 / TIMES_AS_FAST, "c build/demo.json")]
