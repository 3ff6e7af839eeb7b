"""Texts of others (Amazon's, a seller's, a file's name) as they may be printed.

A terminal obeys control characters: what stands in a report could rewrite the screen or its title, and turn
what is read around. Halves of surrogate pairs, which JSON may hold, have no bytes at all in UTF-8.
"""

from __future__ import annotations

import re
from typing import Final

REPLACEMENT: Final = "\ufffd"

# Controls of C0 but tab and line feed, DEL, those of C1, and those that turn the direction of writing.
_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HALVES: Final = re.compile("[\ud800-\udfff]")


def plain(text: str) -> str:
    """Return the text without what a terminal would obey, or no file can hold."""
    return whole(_OBEYED.sub(REPLACEMENT, text))


def whole(text: str) -> str:
    """Return the text without halves of surrogate pairs."""
    return _HALVES.sub(REPLACEMENT, text)
