"""A change's JSON, read so that what is passed on says just the same. Pure.

The feed's document is written anew from what was read here, and the streaming check of feeds reads it with
its own bounds: whatever would not come out as it went in, or break the document, is told instead.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from typing import Any, Final

DEEPEST_NESTING: Final = 100

_LARGEST_NUMBER: Final = 2**63 - 1


class NotJsonError(ValueError):
    """The text is no JSON object. The error's text has none of it."""


def parsed(body: str, faults: list[str]) -> dict[str, Any]:
    """Parse JSON; what of it can't be passed on as it is goes to `faults`. Raises NotJsonError."""

    def whole(text: str) -> int:
        # Python turns no text of more than 4300 digits into a number.
        if len(text) > 20 or abs(int(text)) > _LARGEST_NUMBER:
            faults.append(f"the number {text[:24]} is beyond 64 bits")
            return 0
        return int(text)

    def fraction(text: str) -> float:
        value = float(text)
        if not math.isfinite(value) or not _exact(text, value):
            faults.append(f"the number {text[:40]} can't be passed on exactly: give it fewer digits")
            return 0.0
        return value

    def constant(text: str) -> float:
        faults.append(f"{text} is no number of JSON")
        return 0.0

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        named = dict(pairs)
        if len(named) < len(pairs):
            faults.append("an object has a field twice")
        return named

    try:
        found = json.loads(
            body, parse_int=whole, parse_float=fraction, parse_constant=constant, object_pairs_hook=once
        )
    except json.JSONDecodeError as error:
        text = f"it can't be read as JSON: {error.msg} at character {error.pos + 1}"
        raise NotJsonError(text) from None
    except RecursionError:
        raise NotJsonError("its JSON nests too deeply") from None
    if not isinstance(found, dict):
        raise NotJsonError("it is no JSON object")
    return found


def _exact(text: str, value: float) -> bool:
    try:
        return Decimal(text) == Decimal(repr(value))
    except InvalidOperation:
        return False


def nests_deeper(value: object, most: int = DEEPEST_NESTING) -> bool:
    """Whether objects and lists lie in each other more than `most` deep, counting the value itself."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most < 1 or any(isinstance(each, dict | list) and nests_deeper(each, most - 1) for each in inner)
