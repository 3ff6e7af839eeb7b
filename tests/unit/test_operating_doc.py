"""docs/operating.md: its commands are there with their options, and its queues are those that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ops.cli import app
from ops.dead_letter_queues import KINDS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^bin/sellerbus (.+)$", TEXT, re.MULTILINE)


def test_there_are_commands_to_be_held_against_the_program() -> None:
    assert len(COMMANDS) > 12


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_can_be_given_as_it_stands_there(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), line
    context = command.make_context("sellerbus", words, resilient_parsing=False)
    assert context.params["stage"], line


def test_every_queue_of_dead_letters_is_explained() -> None:
    table = TEXT.split("| queue | holds |")[1].split("\n\n")[0]
    named = set(re.findall(r"`([a-z-]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:])))
    assert named == set(KINDS)


def test_the_settings_it_speaks_of_are_there() -> None:
    example = (ROOT / "config" / "example.yaml").read_text(encoding="utf-8")
    for key in ("production", "test_events"):
        assert f"`{key}: true`" in TEXT
        assert re.search(rf"^# {key}:", example, re.MULTILINE)
