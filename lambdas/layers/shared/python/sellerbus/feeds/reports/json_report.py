"""The JSON listings processing report, version 2, and the error lists that Amazon writes in its stead.

The listings data in `items` are no results of messages and are passed over; the original has them.

Source: Amazon's schema "Selling Partner JSON Listings Feed Processing Report (v2)".
"""

from __future__ import annotations

from typing import Any, Final

from sellerbus.feeds.json_events import JsonEvents, check_depth
from sellerbus.feeds.reports.model import (
    MOST_DETAILS,
    Counts,
    ReportMessage,
    clip,
    severity,
    whole_number,
)

_LISTS: Final = frozenset({"issues", "errors"})
_LISTINGS_KEYS: Final = frozenset({"issues", "summary"})
_FACTS: Final = frozenset({"sellerId", "feedId", "version"})
_KNOWN: Final = frozenset(
    {"messageId", "sku", "code", "severity", "message", "attributeName", "attributeNames"}
)
_OPENING: Final = frozenset({"start_map", "start_array"})
_CLOSING: Final = frozenset({"end_map", "end_array"})
# Under a name that no field has.
_DETAILS: Final = ""
# Inside one message of a list of the root: root, list, message.
_MESSAGE_DEPTH: Final = 3


class JsonReportReader:
    """Takes the report's text piece by piece; `ready` has the messages that are complete."""

    def __init__(self) -> None:
        self.ready: list[ReportMessage] = []
        self.facts: dict[str, str] = {}
        self.notes: list[str] = []
        self.kind = "json"
        self._events = JsonEvents()
        self._depth = 0
        self._root_key = ""
        self._key = ""
        self._message: dict[str, Any] | None = None
        self._summary: dict[str, int] = {}

    @property
    def told(self) -> Counts:
        told = self._summary.get
        return Counts(
            processed=told("messagesProcessed"),
            successful=told("messagesAccepted"),
            with_errors=told("messagesInvalid"),
            errors=told("errors"),
            warnings=told("warnings"),
        )

    def take(self, text: str) -> None:
        """Read on. Raises BrokenJsonError."""
        self._follow(self._events.take(text.encode("utf-8", "replace")))

    def finish(self) -> None:
        """Say that all was taken. Raises BrokenJsonError where the report isn't complete."""
        self._events.close()

    def _follow(self, events: list[tuple[str, Any]]) -> None:
        depth, key, message = self._depth, self._key, self._message
        for name, value in events:
            if name == "map_key":
                key = value
                if depth == 1:
                    self._enter(value)
            elif value is not None:
                if message is not None:
                    if depth == _MESSAGE_DEPTH and key in _KNOWN:
                        message[key] = value
                    else:
                        _keep(message, key, value, depth)
                elif depth == 2:
                    self._fact(key, value)
            elif name in _OPENING:
                depth += 1
                check_depth(depth)
                if depth == _MESSAGE_DEPTH and name == "start_map" and self._root_key in _LISTS:
                    message = {}
            elif name in _CLOSING:
                if depth == _MESSAGE_DEPTH and message is not None:
                    self.ready.append(_message(message))
                    message = None
                depth -= 1
        self._depth, self._key, self._message = depth, key, message

    def _enter(self, root_key: str) -> None:
        self._root_key = root_key
        if root_key in _LISTINGS_KEYS:
            self.kind = "json-listings"

    def _fact(self, key: str, value: Any) -> None:
        if self._root_key == "summary":
            number = whole_number(value)
            if number is not None:
                self._summary[key] = number
        elif self._root_key == "header" and key in _FACTS and isinstance(value, str):
            self.facts[key] = clip(value)


def _message(found: dict[str, Any]) -> ReportMessage:
    """The message for the values that were found; one of another type than the schema's is taken as text."""
    names = found.get("attributeNames")
    attribute = found.get("attributeName") or (", ".join(names) if isinstance(names, list) else names)
    return ReportMessage(
        whole_number(found.get("messageId")) or None,
        _text(found.get("sku")),
        _text(found.get("code")),
        severity(_text(found.get("severity"))),
        _text(found.get("message")) or "",
        _text(attribute),
        found.get(_DETAILS),
    )


def _text(value: Any) -> str | None:
    if value.__class__ is str:
        return clip(value) or None
    return None if value is None else clip(str(value))


def _keep(message: dict[str, Any], key: str, value: Any, depth: int) -> None:
    """Take in what the schema of a message does not have, and the names of several attributes."""
    if depth == _MESSAGE_DEPTH:
        details = message.setdefault(_DETAILS, {})
        if len(details) < MOST_DETAILS:
            details[key] = _text(value)
    elif key == "attributeNames":
        names = message.setdefault(key, [])
        if isinstance(names, list) and len(names) < MOST_DETAILS:
            names.append(_text(value))
