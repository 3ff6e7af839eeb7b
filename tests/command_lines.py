"""Whether a command line that a document or an alarm names is one that `sellerbus` takes."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import typer.main

from ops.cli import app

PROGRAM = "bin/sellerbus"
_COMMAND_LINE = re.compile(rf"{PROGRAM}[^`\n]*")


def command_lines(text: str) -> Iterator[str]:
    """Every command line of a text, in a code span or on a line of its own."""
    for found in _COMMAND_LINE.findall(text):
        yield found.split("  #")[0].strip()


def fault(line: str) -> str | None:
    """What is wrong with a command line; None where nothing is. The stage comes from the environment."""
    _, *words = shlex.split(line)
    # Typer brings a click of its own, which it doesn't name.
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        if not words or words[0] not in command.commands:
            return f"{line}: no such command: {' '.join(words[:1]) or 'the group alone'}"
        command = command.commands[words.pop(0)]
    options = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
    arguments = 0
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            arguments += 1
            continue
        option = options.get(word)
        if option is None:
            return f"{line}: no such option: {word}"
        takes_value = not getattr(option, "is_flag", False)
        if takes_value and (not words or words.pop(0).startswith("-")):
            return f"{line}: {word} wants a value"
    expected = [each for each in command.params if each.param_type_name == "argument"]
    least = sum(each.required for each in expected)
    if not least <= arguments <= (99 if any(each.nargs < 0 for each in expected) else len(expected)):
        return f"{line}: {arguments} arguments"
    return None
