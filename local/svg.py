"""Text and lines as SVG, and how wide a text will be."""

from __future__ import annotations

from html import escape
from typing import Final

_NARROW: Final = frozenset("iljtfI.,:;'|!()[]{} -")
_WIDE: Final = frozenset("mwMW@%")


def width_of(text: str, size: float, *, mono: bool = False) -> float:
    """Returns about how many pixels a text takes, rather more than less: the font is the reader's own."""
    if mono:
        return 0.61 * size * len(text)
    return size * sum(
        0.4 if sign in _NARROW else 0.95 if sign in _WIDE else 0.72 if sign.isupper() else 0.63
        for sign in text
    )


def cut(text: str, size: float, room: float, *, mono: bool = False) -> str:
    """Returns what of a text fits, with … where something is missing."""
    if width_of(text, size, mono=mono) <= room:
        return text
    while text and width_of(f"{text}…", size, mono=mono) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def label(x: float, y: float, text: str, *, size: float, style: str = "ink", anchor: str = "start") -> str:
    """Returns one line of text, by its base line."""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" class="{style}"{where}>{escape(text)}</text>'


def box(x: float, y: float, width: float, height: float, style: str, *, radius: float = 0) -> str:
    round_ = f' rx="{radius:g}"' if radius else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"{round_} class="{style}"/>'
    )


def path(points: list[tuple[float, float]], style: str, *, closed: bool = False) -> str:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<{"polygon" if closed else "polyline"} points="{told}" class="{style}"/>'
