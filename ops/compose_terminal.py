"""The terminal that messages are composed in: how it looks, and whether there is one at all."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

from prompt_toolkit.input import Input, create_input
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.styles import Style

from ops.errors import WRONG_INPUT, CommandError

STYLE: Final = Style.from_dict(
    {
        "title": "bold",
        "step": "#808080",
        "step.done": "ansigreen",
        "step.now": "bold ansicyan",
        "label": "#808080",
        "question": "bold",
        "mark": "bold ansicyan",
        "chosen": "bold",
        "impossible": "#808080",
        "detail": "",
        "why": "ansiyellow",
        "warning": "ansiyellow",
        "error": "bold ansired",
        "count": "#808080",
        "count.close": "ansiyellow",
        "count.over": "bold ansired",
        "rule": "#808080",
        "frame": "#808080",
        "key": "bold",
        "keys": "#808080",
    }
)


@dataclass(frozen=True)
class Signs:
    """What is drawn beside words, so that nothing is told by colour alone."""

    mark: str
    done: str
    impossible: str
    warning: str
    error: str
    full: str
    empty: str
    line: str
    more: str


_DRAWN: Final = Signs("▸", "✓", "✗", "!", "✗", "━", "─", "─", "…")
_PLAIN: Final = Signs(">", "+", "x", "!", "x", "#", "-", "-", "...")


@dataclass(frozen=True)
class Terminal:
    """Where questions are asked and drawn."""

    input: Input
    output: Output
    signs: Signs = _DRAWN

    @property
    def columns(self) -> int:
        return self.output.get_size().columns

    @property
    def rows(self) -> int:
        return self.output.get_size().rows


def refusal() -> str | None:
    """Return why there is no terminal that questions could be asked in; None where there is one."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        return "its input or output is a file or a pipe"
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return "TERM says that this terminal can't move its cursor"
    return None


def opened(stage: str) -> Terminal:
    """Return the terminal of this process; raises CommandError where there is none."""
    why = refusal()
    if why is not None:
        raise CommandError(
            f"compose asks step by step, which takes a terminal, but {why}. In scripts use: bin/sellerbus "
            f"messages send --stage {stage}, or messages send-many for a file of messages.",
            WRONG_INPUT,
        )
    return Terminal(create_input(sys.stdin), create_output(sys.stdout), _signs(sys.stdout.encoding))


def _signs(encoding: str | None) -> Signs:
    try:
        "".join(vars(_DRAWN).values()).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _PLAIN
    return _DRAWN
