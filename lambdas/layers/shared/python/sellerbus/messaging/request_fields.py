"""Reads the fields of a JSON object that came from outside, and gathers all that is wrong with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sellerbus.aws.json_object import is_text
from sellerbus.messaging.finding import Finding

RULE: Final = "request-form"
_LONGEST: Final = 1000
_MOST_TOLD: Final = 10
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}", re.ASCII)


def names_told(names: Sequence[str]) -> str:
    """The first names that have a name's form. A text may stand in a name's place: it is only counted."""
    told = [repr(name) for name in names if _NAME.fullmatch(name)][:_MOST_TOLD]
    others = len(names) - len(told)
    return ", ".join([*told, *([f"{others} more"] if others else [])])


class Fields:
    """One object. place: how faults call it. known: the names it may have. faults: gathers what is wrong.

    Faults name fields and forms, and never repeat a value: it may be a buyer's.
    """

    def __init__(
        self,
        said: object,
        place: str,
        known: Sequence[str],
        faults: list[Finding],
        *,
        prefix: str = "",
        rule: str = RULE,
    ) -> None:
        self._faults = faults
        self._place = place.removeprefix("the ")
        self._prefix = prefix
        self._rule = rule
        self._said: Mapping[str, Any] = said if isinstance(said, dict) else {}
        self._is_object = isinstance(said, dict)
        if not self._is_object:
            self.fault("", f"{place} must be a JSON object")
        unknown = [name for name in self._said if name not in known]
        if unknown:
            self.fault("", f"unknown {names_told(unknown)}; known are {', '.join(known)}")

    def fault(self, name: str, text: str, limit: str | None = None, *, rule: str | None = None) -> None:
        """Add what is wrong with a field; "" stands for the object."""
        field = ".".join(part for part in (self._prefix, name) if part) or self._place
        self._faults.append(Finding(rule or self._rule, field, text, limit=limit))

    def has(self, name: str) -> bool:
        """Whether the field is there. Null stands for a field that is not."""
        return self._said.get(name) is not None

    def text(self, name: str, *, longest: int = _LONGEST, needed: bool = False) -> str | None:
        """The field, a text of at most `longest` characters; None where it is not there or wrong."""
        value = self._said.get(name)
        if value is None:
            if needed and self._is_object:
                self.fault(name, "is missing")
            return None
        if not isinstance(value, str):
            self.fault(name, "must be a text, in quotes")
        elif len(value) > longest:
            self.fault(name, f"must have at most {longest} characters, it has {len(value)}", str(longest))
        elif not is_text(value):
            self.fault(name, "has a half of a character (a lone surrogate)")
        elif needed and not value.strip():
            self.fault(name, "is empty")
        else:
            return value
        return None

    def matching(self, name: str, form: re.Pattern[str], limit: str, *, needed: bool = True) -> str | None:
        """The field, a text that is all of the form; None where it is not there or wrong."""
        value = self.text(name, needed=needed)
        if value is not None and not form.fullmatch(value):
            self.fault(name, f"must be {limit}", limit)
            return None
        return value

    def flag(self, name: str) -> bool:
        value = self._said.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, "must be true or false")
            return False
        return bool(value)

    def rows(self, name: str) -> Sequence[Any]:
        value = self._said.get(name)
        if value is not None and not isinstance(value, list):
            self.fault(name, "must be a list")
            return ()
        return value or ()

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """The field, an object; an empty one where it is not there, None where it is wrong."""
        value = self._said.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(name, "must be an object")
        elif not is_text(value):
            self.fault(name, "has a half of a character (a lone surrogate)")
        else:
            return value
        return None

    def inner(self, name: str, known: Sequence[str]) -> Fields | None:
        """The object in a field; None where it is not there."""
        return self.nested(self._said[name], name, known) if self.has(name) else None

    def nested(self, said: object, field: str, known: Sequence[str]) -> Fields:
        """An object that lies in this one, at `field`."""
        return Fields(said, "it", known, self._faults, prefix=field, rule=self._rule)
