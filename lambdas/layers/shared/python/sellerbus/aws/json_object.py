"""JSON that people write by hand, read strictly."""

from __future__ import annotations

import json
from typing import Any


def json_object(text: str) -> dict[str, Any]:
    """Read an object in which no name stands twice. Raises ValueError, whose text has none of the content."""
    try:
        found = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("it nests too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it must be an object, in braces")  # noqa: TRY004 - of the text, not of a type
    if not is_text(found):
        raise ValueError("it has halves of characters")
    return found


def is_text(found: Any) -> bool:
    """Whether all of it can be written: JSON's escapes can name halves of a UTF-16 pair."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
