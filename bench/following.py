"""What following a feed costs: calls to Amazon, and keeping its report twice in one pass.

Asking getFeed each minute is what is usual without notifications. The report has a million messages; keeping
it stands against only reading it into JSON Lines.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.processing import LAYER, ROOT, Row
from bench.reports import MESSAGES, write_json
from tests.unit.feeds.collecting_scene import CollectingScene
from tests.unit.feeds.following_scene import DOCUMENT, notice, shown
from tests.unit.feeds.tasks import NOW

HOUR = 3600
POLLS = HOUR // 60
MOST_OF_POLLS = 0.1
MOST_TIMES_READING = 1.6
BOUND_MIB = 64
_MIB = 1 << 20


def calls() -> list[Row]:
    """getFeed calls of a feed that Amazon processes for an hour, with its notification and without."""
    polling = f"{POLLS}, once a minute"
    told, untold = _notified(), _never_notified()
    return [
        Row("getFeed calls of a feed, notified", told, "calls", told / POLLS, polling, most=0.0),
        Row("the same, never notified", untold, "calls", untold / POLLS, polling, most=MOST_OF_POLLS),
    ]


def _notified() -> int:
    scene = CollectingScene(status=None)
    scene.follower().await_end("t1", "token-1")
    scene.clock.now += HOUR
    scene.processed().take(notice())
    scene.collect_to_the_end()
    return scene.amazon.calls.count("getFeed")


def _never_notified() -> int:
    scene = CollectingScene(status=None)
    silence = 900
    while True:
        scene.clock.now += silence
        if scene.clock.now - NOW >= HOUR:
            scene.amazon.feeds = [shown("DONE", DOCUMENT)]
        answer = scene.follower().look("t1").answer
        if answer["next"] == "collect":
            break
        silence = answer["silenceSeconds"]
    scene.collect_to_the_end()
    return scene.amazon.calls.count("getFeed")


def keeping() -> list[Row]:
    """A report of a million messages: read into JSON Lines, and kept twice."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        with path.open("wb") as file:
            write_json(file)
        read, kept = _run("ours_written", path), _run("ours_kept", path)
    growth = kept["growth"] / _MIB
    return [
        Row(
            "JSON report kept twice",
            MESSAGES / kept["seconds"] / 1000,
            "1000 messages/s",
            kept["seconds"] / read["seconds"],
            "only to JSON Lines",
            most=MOST_TIMES_READING,
        ),
        Row("the same, memory growth", growth, "MiB", growth / BOUND_MIB, f"{BOUND_MIB} MiB", most=1.0),
    ]


def _run(way: str, path: Path) -> dict[str, float]:
    finished = subprocess.run(
        [sys.executable, "-m", "bench.report_worker", way, str(path)],
        env={"PYTHONPATH": f"{LAYER}:{ROOT}"},
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, float] = json.loads(finished.stdout)
    if result["messages"] != MESSAGES:
        raise RuntimeError(f"{way} read {result['messages']} messages: the figures would mean nothing")
    return result
