"""Plain values as DynamoDB's attribute values, and back.

Source: DynamoDB API, AttributeValue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def attribute(value: Any) -> dict[str, Any]:
    """Return the attribute value of a text, bool, number, None, or a list or mapping of such.

    Raises TypeError for anything else.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int() | float():
            return {"N": repr(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": {str(key): attribute(each) for key, each in value.items()}}
        case list() | tuple():
            return {"L": [attribute(each) for each in value]}
    raise TypeError(f"{type(value).__name__} has no attribute value")


def plain(value: Mapping[str, Any]) -> Any:
    """Return what an attribute value stands for; whole numbers as int, others as float.

    Raises ValueError for a kind of value that `attribute` doesn't make.
    """
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "BOOL":
            return inner
        case "N":
            return _number(inner)
        case "NULL":
            return None
        case "B":
            return bytes(inner)
        case "M":
            return {key: plain(each) for key, each in inner.items()}
        case "L":
            return [plain(each) for each in inner]
    raise ValueError(f"attribute values of kind {kind} are not read here")


def plain_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a whole item's attributes as plain values."""
    return {name: plain(value) for name, value in item.items()}


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
