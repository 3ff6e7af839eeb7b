"""One operation of Amazon's: everything that is a fact of it, so that no caller can get it wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

SELLER: Final = "seller"

Query = Mapping[str, str | Sequence[str]]
"""Query parameters; a list is sent as one value, joined by commas (Amazon's collectionFormat csv)."""

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """grant: SELLER, or the scope of a grantless token; the wrong one is answered with a misleading 403.

    rate, burst: the default usage plan, requests per second in the long run, and at once.
    query: all query parameters; required: those of them without which Amazon refuses.
    greedy: the path parameter that keeps its slashes.
    repeatable: a second identical call does no harm, so that a lost answer may be followed by a repeat.
    answers: success comes with a JSON object.
    """

    name: str
    method: str
    path: str
    grant: str
    rate: float
    burst: int
    query: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    greedy: str = ""
    success: frozenset[int] = field(default=frozenset({200}))
    repeatable: bool
    answers: bool = True

    @property
    def key(self) -> str:
        """The name after its API's version, "feeds/2021-06-30 createFeed": bare names are not unique."""
        return f"{'/'.join(self.path.split('/')[1:3])} {self.name}"

    @property
    def path_parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.path))

    def filled(self, parameters: Mapping[str, str]) -> str:
        """Return the path with `parameters` percent-encoded in their places.

        Raises ValueError where one is missing, unknown, empty or a dot segment: the path would be another's.
        """
        if set(parameters) != set(self.path_parameters):
            raise ValueError(f"{self.name} takes the path parameters {self.path_parameters}")
        unusable = [
            name
            for name, value in parameters.items()
            for segment in (value.split("/") if name == self.greedy else [value])
            if segment in ("", ".", "..")
        ]
        if unusable:
            raise ValueError(f"{self.name}: unusable path parameters: {', '.join(sorted(set(unusable)))}")
        return _PARAMETER.sub(
            lambda match: quote(parameters[match[1]], safe="/" if match[1] == self.greedy else ""), self.path
        )

    def asked(self, query: Query) -> dict[str, str]:
        """Return the query parameters as they are sent, not yet percent-encoded.

        Raises ValueError for an unknown one, a required one that is missing or empty, and a comma in a list.
        """
        unknown = set(query) - self.query
        if unknown:
            raise ValueError(f"{self.name} takes no query parameter {', '.join(sorted(unknown))}")
        lists = {name: list(value) for name, value in query.items() if not isinstance(value, str)}
        torn = [name for name, values in lists.items() if any("," in value for value in values)]
        if torn:
            raise ValueError(f"{self.name}: a value of {', '.join(sorted(torn))} contains a comma")
        values = {name: ",".join(lists[name]) if name in lists else str(query[name]) for name in query}
        missing = {name for name in self.required if not values.get(name)}
        if missing:
            raise ValueError(f"{self.name} needs the query parameter {', '.join(sorted(missing))}")
        return values
