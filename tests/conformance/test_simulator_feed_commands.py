"""The commands that say what becomes of feeds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.feed_scene import LISTINGS, ORDERS, FeedScene, set_feed_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> FeedScene:
    return set_feed_scene(simulated, "2021-06-30")


def held(scene: FeedScene, feed_id: str) -> Any:
    [found] = [feed for feed in scene.amazon.control("GET", "feeds") if feed["feedId"] == feed_id]
    return found


def command(scene: FeedScene, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments, env={"SIMULATOR_URL": scene.amazon.url})
    assert result.exit_code == exit_code, result.output
    return result.output


def test_the_commands(scene: FeedScene, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("a report", encoding="utf-8")
    command(scene, "feeds", "next", "--type", ORDERS, "--status", "FATAL", "--report", str(report))
    fatal = scene.ended(scene.submitted())
    assert scene.report_text(fatal) == "a report"
    assert "60" in command(scene, "feeds", "delay", "--type", LISTINGS, "--queue", "60")
    command(scene, "feeds", "next", "--stuck-at", "IN_QUEUE", "--count", "2")
    first, second = scene.submitted(), scene.submitted()
    scene.until(lambda: bool(held(scene, first)["stuck"] and held(scene, second)["stuck"]))
    assert first in command(scene, "feeds", "release", first)
    assert scene.ended(first)["processingStatus"] == "DONE"
    ended = command(scene, "feeds", "end", second, "--status", "DONE", "--no-document", "--json")
    assert "resultFeedDocumentId" not in json.loads(ended)[0]
    command(scene, "feeds", "notify", second, "--copies", "2")
    command(scene, "feeds", "age", second, "91")
    assert scene.send("GET", f"feeds/{second}").status_code == 404
    assert "2" in command(scene, "documents", "url-lifetime", "2")
    assert "X-Amz-Expires=2&" in scene.document()["url"]
    assert len(json.loads(command(scene, "feeds", "list", "--json"))) == 3
    for output in (command(scene, "feeds", "list"), command(scene, "state")):
        assert ORDERS in output
        assert "FATAL" in output


def test_what_waits_can_be_listed_and_cleared(scene: FeedScene, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("a report", encoding="utf-8")
    assert "none" in command(scene, "feeds", "fates")
    command(scene, "feeds", "next", "--type", LISTINGS, "--stuck-at", "IN_QUEUE", "--count", "2")
    command(scene, "feeds", "next", "--seller", "SELLER1", "--report", str(report), "--lasting")

    lines = [line.split() for line in command(scene, "feeds", "fates").splitlines()]
    assert ["the", "next", "2", LISTINGS, "-", "stuckAt=IN_QUEUE"] in lines
    assert ["all", "-", "SELLER1", "report", "of", "8", "characters"] in lines
    assert "2" in command(scene, "feeds", "clear")
    assert json.loads(command(scene, "feeds", "fates", "--json")) == []
    assert scene.ended(scene.submitted())["processingStatus"] == "DONE"


def test_a_command_that_is_refused_names_its_option(scene: FeedScene) -> None:
    assert "--status" in command(scene, "feeds", "next", "--status", "READY", exit_code=2)
    assert "--queue" in command(scene, "feeds", "delay", "--queue", "-1", exit_code=2)
    assert "no feed 1" in command(scene, "feeds", "release", "1", exit_code=1)
