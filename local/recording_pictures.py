"""A terminal's screen as an SVG picture."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Final

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

# pyte's names that are not rich's.
_COLOURS: Final[Mapping[str, str]] = {"brown": "yellow", "brightbrown": "bright_yellow"}
_HEX: Final = re.compile(r"[0-9a-f]{6}")
_FONT_ELSEWHERE: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONT: Final = "Fira Code, monospace"
_OWN_FONT: Final = "Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def picture(screen: pyte.Screen, title: str) -> str:
    """Returns the screen without the empty rows at its end."""
    rows = [_row(screen, number) for number in range(screen.lines)]
    while rows and not rows[-1].plain.strip():
        rows.pop()
    console = Console(record=True, width=screen.columns, file=io.StringIO(), force_terminal=True)
    for row in rows:
        console.print(row, overflow="crop", no_wrap=True)
    made = console.export_svg(title=title, theme=MONOKAI, unique_id="compose")
    # The picture shall load nothing from elsewhere: a font of the machine will do.
    return _FONT_ELSEWHERE.sub("", made).replace(_FONT, _OWN_FONT)


def _row(screen: pyte.Screen, number: int) -> Text:
    runs: list[tuple[list[str], Style]] = []
    line = screen.buffer[number]
    for column in range(screen.columns):
        char = line[column]
        style = Style(
            color=_colour(char.fg),
            bgcolor=_colour(char.bg),
            bold=char.bold,
            italic=char.italics,
            underline=char.underscore,
            reverse=char.reverse,
        )
        if runs and runs[-1][1] == style:
            runs[-1][0].append(char.data)
        else:
            # The second column of a wide character holds nothing.
            runs.append(([char.data], style))
    return Text.assemble(*(("".join(signs), style) for signs, style in runs))


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    if _HEX.fullmatch(name):
        return f"#{name}"
    if name.startswith("bright") and name not in _COLOURS:
        return f"bright_{name.removeprefix('bright')}"
    return _COLOURS.get(name, name)
