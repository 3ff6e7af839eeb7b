"""Draws a graph of the dashboard: its own lines, labels and thresholds, where the lines run is made up."""

from __future__ import annotations

import math
import random
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from local.dashboard_definition import Widget
from local.svg import box, cut, label, path, width_of

COLOURS: Final = 8
"""How many styles s0, s1 … the picture has for lines and areas."""
_POINTS: Final = 49
_PAD: Final = 12.0
_HEAD: Final = 42.0
_LEGEND_LINE: Final = 16.0
_LEGEND_LINES: Final = 2
_ROOM_BELOW: Final = 0.15
"""How high a threshold must be for its label to fit below it, of the plot's height."""
_PROPERTY: Final = re.compile(r"\$\{PROP\('Dim\.(\w+)'\)\}")
_EXAMPLES: Final[Mapping[str, Sequence[str]]] = {
    "notificationType": ("ORDER_CHANGE", "ANY_OFFER_CHANGED", "FEED_PROCESSING_FINISHED"),
    "operation": ("getFeed", "createFeed", "getMessagingActionsForOrder", "createSubscription"),
    "FeedsEnded": ("COMPLETED", "COMPLETED_WITH_ERRORS", "FATAL"),
    "MessagesEnded": ("SENT", "REFUSED", "UNCERTAIN"),
    "service": ("one function",),
}
"""What a search would find, by the dimension; outcomes by the metric."""


@dataclass(frozen=True)
class Area:
    """A rectangle of the picture in pixels."""

    x: float
    y: float
    width: float
    height: float


def drawn_graph(widget: Widget, area: Area, low: frozenset[str]) -> list[str]:
    """low: metrics that are well when they are high: theirs run above the thresholds."""
    properties = widget.properties
    names = legend(properties["metrics"])
    thresholds = properties.get("annotations", {}).get("horizontal", [])
    plot = Area(
        area.x + _PAD,
        area.y + _HEAD,
        area.width - 2 * _PAD,
        area.height - _HEAD - _LEGEND_LINE * _LEGEND_LINES - 22,
    )
    found = [
        label(
            plot.x,
            area.y + 36,
            str(properties.get("yAxis", {}).get("left", {}).get("label", "")),
            size=11,
            style="faint",
        ),
        label(
            plot.x + plot.width,
            area.y + 36,
            "example lines",
            size=11,
            style="faint",
            anchor="end",
        ),
        path([(plot.x, plot.y + plot.height), (plot.x + plot.width, plot.y + plot.height)], "axis"),
    ]
    high = any(str(part) in low for metric in properties["metrics"] for part in metric)
    top = _top(thresholds, high=high)
    levels = [float(each["value"]) / top for each in thresholds]
    found += _lines(widget, plot, names, levels, high=high)
    for each, level in zip(thresholds, levels, strict=True):
        style = "page" if "pages" in str(each["label"]) else "warn"
        y = _height(plot, level)
        found.append(path([(plot.x, y), (plot.x + plot.width, y)], f"threshold {style}"))
        # Those that page at one end, those that warn at the other and below: close levels stay readable.
        x, anchor = (plot.x + plot.width, "end") if style == "page" else (plot.x, "start")
        beside = y - 4 if style == "page" or level < _ROOM_BELOW else y + 11
        found.append(label(x, beside, str(each["label"]), size=11, style=f"{style}-text", anchor=anchor))
    return found + _legend(plot, names)


def legend(metrics: Sequence[Any]) -> list[str]:
    """Returns the names of a widget's lines; a search's are those of examples."""
    found: list[str] = []
    for metric in metrics:
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        if options.get("visible") is False:
            continue
        name = str(options.get("label") or metric[1])
        dimension = _PROPERTY.search(name)
        if dimension is None:
            found.append(name)
            continue
        found += [_PROPERTY.sub(each, name) for each in _found(dimension[1], str(options["expression"]))]
    return found


def _found(dimension: str, expression: str) -> Sequence[str]:
    for metric, values in _EXAMPLES.items():
        if f'MetricName="{metric}"' in expression:
            return values
    return _EXAMPLES.get(dimension, (dimension,))


def _top(thresholds: Sequence[Mapping[str, Any]], *, high: bool) -> float:
    """What the upper edge stands for, in the unit of the thresholds: lines well below or above have room."""
    highest = max((float(each["value"]) for each in thresholds), default=0.0)
    return (highest or 1.0) * (2.4 if high else 1.25)


def _height(plot: Area, level: float) -> float:
    return plot.y + plot.height * (1 - min(max(level, 0.0), 1.0))


def _lines(
    widget: Widget, plot: Area, names: Sequence[str], levels: Sequence[float], *, high: bool
) -> list[str]:
    if levels and not high and max(levels) == 0:
        # What tells from the first on runs along the ground.
        courses = [[0.0] * _POINTS for _ in names[:1]]
    else:
        lowest = min((level for level in levels if level > 0), default=0.9)
        bottom, room = (max(levels, default=0.0) + 0.1, 0.35) if high else (0.03, 0.7 * lowest)
        courses = [_course(f"{widget.title} {name}", bottom, room) for name in names[:COLOURS]]
    if widget.properties.get("stacked"):
        return _stacked(plot, courses)
    return [path(_placed(plot, each), f"line s{number}") for number, each in enumerate(courses)]


def _course(seed: str, bottom: float, room: float) -> list[float]:
    """Made up, and the same at every run: it must not change with what was drawn before."""
    numbers = random.Random(zlib.crc32(seed.encode()))  # noqa: S311 - a picture's
    base = bottom + room * numbers.uniform(0.05, 0.6)
    swing, phase = room * numbers.uniform(0.05, 0.3), numbers.uniform(0, 2 * math.pi)
    turns = numbers.uniform(1, 3)
    return [
        max(
            bottom,
            base
            + swing * math.sin(phase + turns * 2 * math.pi * point / _POINTS)
            + room * 0.05 * numbers.uniform(-1, 1),
        )
        for point in range(_POINTS)
    ]


def _placed(plot: Area, course: Sequence[float]) -> list[tuple[float, float]]:
    step = plot.width / (_POINTS - 1)
    return [(plot.x + step * number, _height(plot, level)) for number, level in enumerate(course)]


def _stacked(plot: Area, courses: Sequence[Sequence[float]]) -> list[str]:
    below = [0.0] * _POINTS
    found = []
    for number, course in enumerate(courses):
        above = [low + level / len(courses) for low, level in zip(below, course, strict=True)]
        outline = _placed(plot, above) + _placed(plot, below)[::-1]
        found.append(path(outline, f"area s{number}", closed=True))
        below = above
    return found


def _legend(plot: Area, names: Sequence[str]) -> list[str]:
    size, y = 11.0, plot.y + plot.height + 18
    x, line, found = plot.x, 0, []
    for number, name in enumerate(names):
        rest = len(names) - number
        shown = cut(name, size, plot.width / min(2, len(names)) - 20)
        taken = 22 + width_of(shown, size)
        more = width_of(f"and {rest} more", size) if line == _LEGEND_LINES - 1 and rest > 1 else 0
        if x + taken + more > plot.x + plot.width:
            line, x = line + 1, plot.x
            if line == _LEGEND_LINES:
                break
            more = width_of(f"and {rest} more", size) if line == _LEGEND_LINES - 1 and rest > 1 else 0
        if line == _LEGEND_LINES - 1 and x + taken + more > plot.x + plot.width:
            break
        found.append(box(x, y + line * _LEGEND_LINE - 8, 9, 9, f"key s{number % COLOURS}", radius=2))
        found.append(label(x + 13, y + line * _LEGEND_LINE, shown, size=size, style="soft"))
        x += taken
    else:
        return found
    last = min(line, _LEGEND_LINES - 1)
    found.append(
        label(
            plot.x + plot.width,
            y + last * _LEGEND_LINE,
            f"and {rest} more",
            size=size,
            style="faint",
            anchor="end",
        )
    )
    return found
