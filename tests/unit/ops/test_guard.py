"""Production stages want their name, nobody is asked with --no-input, and no command forgets either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from ops import console, guard
from ops.cli import app
from ops.errors import CommandError
from ops.stage import Stage
from stacks.settings import load_settings
from tests.unit.ops.aws import CONFIG, STAGE, DeployedStage
from tests.unit.ops.feed_stage import FeedStage, task

CHANGING = {
    "dead-letters export",
    "dead-letters redrive",
    "feeds cancel",
    "feeds settle",
    "messages cancel",
    "messages settle",
    "messages templates remove",
    "notifications replay",
    "notifications send",
    "sellers remove",
}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def test_what_changes_something_for_good_wants_the_stages_name() -> None:
    found = dict(commands(typer.main.get_command(app)))
    assert {name for name, command in found.items() if "--confirm" in options(command)} >= CHANGING


def test_who_can_be_told_not_to_ask_can_be_told_not_to_be_asked() -> None:
    found = dict(commands(typer.main.get_command(app)))
    asking = {name for name, command in found.items() if {"--yes", "--confirm"} & options(command)}
    assert asking
    assert {name for name in asking if "--no-input" not in options(found[name])} == set()


@pytest.mark.parametrize(
    ("name", "line", "production"),
    [
        ("production", "", True),
        ("prod", "", True),
        ("staging", "", False),
        ("staging", "production: true", True),
        ("production", "production: false", False),
    ],
)
def test_a_stage_is_production_by_its_file_or_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, name: str, line: str, production: bool
) -> None:
    monkeypatch.setenv("SELLERBUS_CONFIG_FOLDER", str(tmp_path))
    (tmp_path / f"{name}.yaml").write_text(f"{CONFIG}\n{line}\n", encoding="utf-8")
    stage = Stage(name, load_settings(name), clients=lambda service, region: None)
    assert guard.is_production(stage) is production


def test_a_name_that_is_not_the_stages_is_refused_everywhere(stage: DeployedStage) -> None:
    opened = Stage(STAGE, load_settings(STAGE), clients=stage.clients)
    with pytest.raises(CommandError, match="nothing was done"):
        guard.allowed(opened, "production", "This")
    guard.allowed(opened, STAGE, "This")
    guard.allowed(opened, None, "This")


def test_nobody_is_asked_who_doesn_t_want_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert console.never_ask(True) is True
    assert console.interactive() is False
    assert console.never_ask(False) is False
    assert console.interactive() is True


@pytest.mark.parametrize("arguments", [("feeds", "cancel", "t1"), ("feeds", "settle", "t1", "--give-up")])
def test_a_decision_in_production_wants_the_stages_name(
    stage: DeployedStage, arguments: tuple[str, ...]
) -> None:
    feeds = FeedStage(stage)
    feeds.deploy()
    state = "WAITING" if "cancel" in arguments else "UNCERTAIN"
    feeds.put(task("t1", state=state))
    stage.lambdas.answers["operate-na"] = lambda request: {"cancelled": "here", "state": "ENDED"}
    stage.configure(("removal_policy: retain", "removal_policy: retain\nproduction: true"))
    yes = ("--yes",) if "settle" in arguments else ()
    refused = stage.run(*arguments, *yes, "--stage", STAGE)
    assert (refused.code, "--confirm=example" in refused.err) == (2, True)
    assert not [name for name, _ in stage.lambdas.calls if name == "operate-na"]
    assert stage.run(*arguments, *yes, "--stage", STAGE, "--confirm=example").code == 0
