"""The query of a request, typed; what cannot be read is refused with 400 and the parameter's name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from simulator.errors import invalid


class Query:
    def __init__(self, query: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in query:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        return self._values[name][-1] or None if name in self._values else None

    def list(self, name: str, maximum: int = 100, allowed: Iterable[str] | None = None) -> tuple[str, ...]:
        """The items of a list, separated by commas or repeated; none where it is not given."""
        if name not in self._values:
            return ()
        parts = tuple(part for value in self._values[name] for part in value.split(","))
        if not all(parts) or len(parts) > maximum:
            raise invalid(f"{name} must have from 1 to {maximum} items, separated by commas")
        known = parts if allowed is None else tuple(allowed)
        for part in parts:
            if part not in known:
                raise invalid(f"{name} must be of {', '.join(known)}")
        return parts

    def time(self, name: str) -> float | None:
        """Seconds since the epoch."""
        value = self.text(name)
        if value is None:
            return None
        try:
            time = datetime.fromisoformat(value)
        except ValueError as error:
            raise invalid(f"{name} must be a date and time in ISO 8601 format") from error
        if time.tzinfo is None:
            raise invalid(f"{name} must name its offset from UTC")
        return time.timestamp()

    def integer(self, name: str, smallest: int, largest: int, usual: int) -> int:
        value = self.text(name)
        if value is None:
            return usual
        if not re.fullmatch(r"[0-9]{1,9}", value) or not smallest <= int(value) <= largest:
            raise invalid(f"{name} must be an integer from {smallest} to {largest}")
        return int(value)

    def flag(self, name: str) -> bool:
        value = self.text(name) or "false"
        if value not in ("true", "false"):
            raise invalid(f"{name} must be true or false")
        return value == "true"
