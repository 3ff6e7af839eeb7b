"""The colours of the dashboard's picture, light and dark: a picture on a web page follows its reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_SHAPES: Final = """
text { font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
.code { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.strong, .title { font-weight: 600; }
.em { font-style: italic; }
.axis, .line, .threshold { fill: none; }
.line { stroke-width: 1.6; }
.area { fill-opacity: .75; }
.threshold { stroke-width: 1.4; stroke-dasharray: 6 4; }
"""


@dataclass(frozen=True)
class Theme:
    """Fills by class; strokes by class; the colours of lines and areas, in order."""

    fills: Mapping[str, str]
    strokes: Mapping[str, str]
    lines: Sequence[str]

    def rules(self) -> str:
        numbered = list(enumerate(self.lines))
        return "\n".join(
            [f".{name} {{ fill: {colour}; }}" for name, colour in self.fills.items()]
            + [f".{name} {{ stroke: {colour}; }}" for name, colour in self.strokes.items()]
            + [f".line.s{number} {{ stroke: {colour}; }}" for number, colour in numbered]
            + [f".area.s{number}, .key.s{number} {{ fill: {colour}; }}" for number, colour in numbered]
        )


LIGHT: Final = Theme(
    fills={
        "page-back": "#f6f8fa",
        "card": "#ffffff",
        "panel": "#e7eef6",
        "tile": "#eef7f0",
        "ink": "#1f2328",
        "strong": "#1f2328",
        "em": "#1f2328",
        "title": "#1f2328",
        "code": "#0550ae",
        "soft": "#424a53",
        "faint": "#656d76",
        "placeholder": "#8c959f",
        "page-text": "#cf222e",
        "warn-text": "#bc4c00",
    },
    strokes={
        "card": "#d0d7de",
        "panel": "#c3d0de",
        "tile": "#b4d6bf",
        "axis": "#8c959f",
        "page": "#cf222e",
        "warn": "#bc4c00",
    },
    lines=("#0969da", "#bf5b00", "#1a7f37", "#8250df", "#bf3989", "#1b7c83", "#7d6a00", "#57606a"),
)
DARK: Final = Theme(
    fills={
        "page-back": "#0d1117",
        "card": "#161b22",
        "panel": "#1c2633",
        "tile": "#16251c",
        "ink": "#f0f6fc",
        "strong": "#f0f6fc",
        "em": "#f0f6fc",
        "title": "#f0f6fc",
        "code": "#79c0ff",
        "soft": "#c9d1d9",
        "faint": "#9198a1",
        "placeholder": "#7d8590",
        "page-text": "#ff7b72",
        "warn-text": "#f0883e",
    },
    strokes={
        "card": "#3d444d",
        "panel": "#3d4b5c",
        "tile": "#2f5a3c",
        "axis": "#656d76",
        "page": "#ff7b72",
        "warn": "#f0883e",
    },
    lines=("#58a6ff", "#f0a35e", "#56d364", "#bc8cff", "#f778ba", "#39c5cf", "#e3b341", "#8b949e"),
)


def stylesheet() -> str:
    return f"{_SHAPES}{LIGHT.rules()}\n@media (prefers-color-scheme: dark) {{\n{DARK.rules()}\n}}\n"
