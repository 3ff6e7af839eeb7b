"""Reading the JSON bodies of the control API: typed fields, and a clear refusal of everything else. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


class FieldError(Exception):
    """A control request that cannot be understood; the text names the field and what it takes."""


class Fields:
    """The fields of one object. Take each, then call `done`, which refuses what nobody took."""

    def __init__(self, content: object, where: str = "the body") -> None:
        if not isinstance(content, dict):
            raise FieldError(f"{where} must be a JSON object")
        self._content: Mapping[str, Any] = content
        self._where = where
        self._taken: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether it is there, be it null."""
        return name in self._content

    def text(self, name: str) -> str:
        value = self.optional_text(name)
        if not value:
            raise FieldError(f"{self._where}: {name} is required")
        return value

    def optional_text(self, name: str) -> str | None:
        value: str | None = self._take(name, str, "a string")
        return value

    def integer(self, name: str, default: int) -> int:
        value = self.optional_integer(name)
        return default if value is None else value

    def optional_integer(self, name: str) -> int | None:
        value: int | None = self._take(name, int, "an integer")
        return value

    def number(self, name: str, default: float = 0.0) -> float:
        value = self._take(name, (int, float), "a number")
        if value is None:
            return default
        if not math.isfinite(value):
            raise FieldError(f"{self._where}: {name} must be a finite number")
        return float(value)

    def flag(self, name: str) -> bool:
        return bool(self.optional_flag(name))

    def optional_flag(self, name: str) -> bool | None:
        value: bool | None = self._take(name, bool, "true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._take(name, list, "a list of strings")
        if value is None:
            return ()
        if not all(isinstance(item, str) for item in value):
            raise FieldError(f"{self._where}: {name} must be a list of strings")
        return tuple(value)

    def items(self, name: str) -> list[object]:
        value = self._take(name, list, "a list")
        if not value:
            raise FieldError(f"{self._where}: {name} must be a list of at least one item")
        return list(value)

    def optional_object(self, name: str) -> dict[str, Any] | None:
        value = self._take(name, dict, "an object")
        return None if value is None else dict(value)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        value = self.optional_text(name)
        if value is not None and value not in allowed:
            raise FieldError(f"{self._where}: {name} must be one of {', '.join(allowed)}, got {value!r}")
        return value

    def required_choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.choice(name, allowed)
        if value is None:
            raise FieldError(f"{name} is required, one of {', '.join(allowed)}")
        return value

    def done(self) -> None:
        unknown = sorted(self._content.keys() - self._taken)
        if unknown:
            raise FieldError(
                f"{self._where}: unknown field {', '.join(unknown)}; "
                f"known are {', '.join(sorted(self._taken))}"
            )

    def _take(self, name: str, kinds: type | tuple[type, ...], described: str) -> Any:
        self._taken.add(name)
        value = self._content.get(name)
        # A bool is an int to isinstance, and nobody who writes true means 1.
        if value is not None and (
            not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool)
        ):
            raise FieldError(f"{self._where}: {name} must be {described}")
        return value
