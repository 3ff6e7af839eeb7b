"""The little Markdown of the dashboard's texts, broken into lines of styled words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from local.svg import width_of

_MARKED: Final = re.compile(r"\*\*(?P<strong>.+?)\*\*|`(?P<code>.+?)`|\*(?P<em>.+?)\*")


@dataclass(frozen=True)
class Run:
    """Words of one style: "" for plain, strong, code or em."""

    text: str
    style: str


def runs(text: str) -> list[Run]:
    """Returns the text without its marks, in pieces of one style."""
    found: list[Run] = []
    end = 0
    for marked in _MARKED.finditer(text):
        found.append(Run(text[end : marked.start()], ""))
        style = marked.lastgroup or ""
        found.append(Run(marked[style], style))
        end = marked.end()
    found.append(Run(text[end:], ""))
    return [each for each in found if each.text]


def wrapped(text: str, size: float, room: float) -> list[list[Run]]:
    """Returns lines that are no wider than `room` pixels at a font size."""
    lines: list[list[Run]] = [[]]
    used = 0.0
    for run in runs(text):
        for word in re.findall(r"\s*\S+|\s+$", run.text):
            taken = width_of(word, size, mono=run.style == "code")
            shown = word
            if used and used + taken > room:
                lines.append([])
                used, shown = 0.0, word.lstrip()
            lines[-1].append(Run(shown, run.style))
            used += taken
    return [_joined(line) for line in lines]


def _joined(line: Sequence[Run]) -> list[Run]:
    found: list[Run] = []
    for run in line:
        if found and found[-1].style == run.style:
            found[-1] = Run(found[-1].text + run.text, run.style)
        else:
            found.append(run)
    return found
