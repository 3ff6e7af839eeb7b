"""Reads the fields of Amazon's answers; null is as good as a field that is not there. Pure.

Each raises ValueError, which says where the answer is not what it should be and repeats nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_SEVERAL_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)


def object_in(value: object, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no object")  # noqa: TRY004 - of the answer, not of a type
    return value


def list_in(value: object, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{where} is no list")  # noqa: TRY004 - of the answer, not of a type
    return value


def texts_in(value: object, where: str) -> list[str]:
    found = list_in(value, where)
    if not all(isinstance(each, str) for each in found):
        raise ValueError(f"{where} is no list of texts")
    return found


def text_of(said: Mapping[str, Any], name: str, where: str) -> str:
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{where}.{name} is no text")  # noqa: TRY004 - of the answer, not of a type
    return value


def flag_of(said: Mapping[str, Any], name: str, where: str) -> bool:
    value = said.get(name)
    known = {None: False, False: False, True: True, "": False, "false": False, "true": True}
    told = value.strip().lower() if isinstance(value, str) else value
    if not isinstance(told, str | bool | None) or told not in known:
        raise ValueError(f"{where}.{name} is neither true nor false")
    return known[told]


def count_of(said: Mapping[str, Any], name: str, where: str, otherwise: int | None) -> int | None:
    """A count, which may come as a text; `otherwise` where the schema does not have it."""
    value = said.get(name)
    if value is None:
        return otherwise
    if isinstance(value, str) and _SEVERAL_DIGITS.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{where}.{name} is no count")
    return value
