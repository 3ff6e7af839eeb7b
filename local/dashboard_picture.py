"""Draws the dashboard as a picture for the documents: `python -m local.dashboard_picture`.

Drawn from the definition that `cdk deploy` would deploy of config/example.yaml. Nobody has measured anything:
lines are made up and say so, and where a number would stand there is none.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.commands import ROOT
from local.dashboard_definition import Definition, Widget, read, synthesise
from local.dashboard_graphs import Area, drawn_graph, legend
from local.dashboard_theme import stylesheet
from local.markdown_lines import wrapped
from local.svg import box, cut, label

FILE: Final = ROOT / "docs" / "recordings" / "dashboard.svg"
STAGE: Final = "example"
_COLUMN: Final = 44
_ROW: Final = 40
_GAP: Final = 6
_MARGIN: Final = 16
_BANNER: Final = 40
_COLUMNS: Final = 24
_NOTES: Final = (
    "The dashboard's own definition, drawn. Lines are made-up examples, numbers are left out, alarms have no "
    "state:",
    "nothing in this picture was measured.",
)


def picture(definition: Definition) -> str:
    """Returns the dashboard as one SVG, which follows the reader's light or dark theme."""
    rows = max(each.y + each.height for each in definition.widgets)
    width, height = 2 * _MARGIN + _COLUMNS * _COLUMN, _MARGIN + _BANNER + rows * _ROW + _MARGIN
    notes = "\n".join(
        label(_MARGIN, _MARGIN + 12 + number * 17, note, size=12.5, style="title")
        for number, note in enumerate(_NOTES)
    )
    drawn = "\n".join(_drawn(each, definition) for each in definition.widgets)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="The CloudWatch dashboard of a cell, with example lines">\n'
        f"<style>{stylesheet()}</style>\n"
        f"{box(0, 0, width, height, 'page-back')}\n"
        f"{notes}\n"
        f"{drawn}\n</svg>\n"
    )


def place(widget: Widget) -> str:
    """Returns how the picture says where a widget stands: its columns and rows in the dashboard."""
    return f"{widget.x} {widget.y} {widget.width} {widget.height}"


def _drawn(widget: Widget, definition: Definition) -> str:
    area = Area(
        _MARGIN + widget.x * _COLUMN + _GAP / 2,
        _MARGIN + _BANNER + widget.y * _ROW + _GAP / 2,
        widget.width * _COLUMN - _GAP,
        widget.height * _ROW - _GAP,
    )
    parts = [box(*_sides(area), "panel" if widget.kind == "text" else "card", radius=4)]
    if widget.title:
        title = cut(widget.title, 13.5, area.width - 24)
        parts.append(label(area.x + 12, area.y + 20, title, size=13, style="title"))
    if widget.kind == "text":
        parts += _text(str(widget.properties["markdown"]), area)
    elif widget.kind == "alarm":
        parts += _alarms([definition.alarms[each] for each in widget.properties["alarms"]], area)
    elif widget.kind == "log":
        parts += _query(str(widget.properties["query"]), area)
    elif widget.properties.get("view") == "singleValue":
        parts += _number(widget, area)
    else:
        parts += drawn_graph(widget, area, definition.low)
    return f'<g data-widget="{place(widget)}">\n' + "\n".join(parts) + "\n</g>"


def _sides(area: Area) -> tuple[float, float, float, float]:
    return area.x, area.y, area.width, area.height


def _text(markdown: str, area: Area) -> list[str]:
    heading, _, body = markdown.partition("\n\n")
    big = heading.startswith("# ")
    found = [label(area.x + 14, area.y + 24, heading.lstrip("# "), size=17 if big else 15, style="title")]
    for number, line in enumerate(wrapped(body, 12.5, area.width - 28)):
        spans = "".join(
            label(0, 0, run.text, size=12.5, style=run.style or "ink")
            .replace("<text", '<tspan xml:space="preserve"', 1)
            .replace("</text>", "</tspan>")
            .replace(' x="0.0" y="0.0"', "")
            for run in line
        )
        found.append(f'<text x="{area.x + 14:.1f}" y="{area.y + 46 + number * 18:.1f}">{spans}</text>')
    return found


def _alarms(alarms: Sequence[str], area: Area) -> list[str]:
    columns = 3
    room = (area.width - 24) / columns
    lines = int((area.height - 34) // 20)
    shown = alarms if len(alarms) <= columns * lines else alarms[: columns * lines - 1]
    found = []
    for number, text in enumerate(shown):
        x, y = area.x + 12 + number % columns * room, area.y + 30 + number // columns * 20
        found.append(box(x, y, room - 6, 17, "tile", radius=3))
        found.append(label(x + 6, y + 12.5, cut(text, 10.5, room - 18), size=10.5, style="soft"))
    if len(shown) < len(alarms):
        x, y = area.x + 12 + len(shown) % columns * room, area.y + 30 + len(shown) // columns * 20
        found.append(label(x + 6, y + 12.5, f"and {len(alarms) - len(shown)} more", size=11, style="faint"))
    return found


def _number(widget: Widget, area: Area) -> list[str]:
    unit = ", ".join(legend(widget.properties["metrics"]))
    middle = area.x + area.width / 2
    return [
        label(middle, area.y + area.height / 2 + 22, "# # #", size=34, style="placeholder", anchor="middle"),
        label(middle, area.y + area.height - 16, unit, size=12, style="soft", anchor="middle"),
    ]


def _query(query: str, area: Area) -> list[str]:
    """The query itself: rows of a table would look like findings."""
    lines = [
        line for line in query.replace("\n|", " |").split(" | ") if not line.strip().startswith("SOURCE")
    ]
    return [
        label(
            area.x + 14,
            area.y + 48 + number * 19,
            cut(("  | " if number else "    ") + line.strip("| \n"), 12, area.width - 28, mono=True),
            size=12,
            style="code",
        ).replace("<text", '<text xml:space="preserve"', 1)
        for number, line in enumerate(lines)
    ]


def main() -> int:
    """Writes the picture anew."""
    with tempfile.TemporaryDirectory() as name:
        synthesise(STAGE, Path(name))
        FILE.write_text(picture(read(Path(name))), encoding="utf-8")
    sys.stderr.write(f"Drawn: {FILE.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
