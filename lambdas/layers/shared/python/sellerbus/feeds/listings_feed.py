"""A JSON_LISTINGS_FEED held against Amazon's rules while its bytes pass by, in bounded memory.

Of a message only what the rules ask for is kept, and of a feed the ids of its first 25,000 messages.

Source: Amazon's schema "Selling Partner Listings Feed (v2)".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sellerbus.feeds.findings import WARNING, Finding, Findings, quote
from sellerbus.feeds.json_events import BrokenJsonError, JsonEvents, check_depth
from sellerbus.feeds.listings_header import FIELDS as HEADER_FIELDS
from sellerbus.feeds.listings_header import Header
from sellerbus.feeds.listings_message import (
    FIELDS,
    LIST,
    MOST_FAULTS,
    MOST_MESSAGES,
    OBJECT,
    TEXT,
    Message,
    message_findings,
    patch_faults,
)

_KINDS: Final = {
    "start_map": OBJECT,
    "start_array": LIST,
    "string": TEXT,
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_ROOT, _SECTION, _ITEM, _FIELD, _PATCH, _VALUE = range(1, 7)
_LONGEST_KEPT: Final = 1000
MOST_COUNTED: Final = 4 * MOST_MESSAGES
"""Messages that are read. A gigabyte of tiny ones would take longer than a function may run."""


class ListingsFeedCheck:
    """Takes the feed's bytes (UTF-8) piece by piece, and adds to the findings what is wrong."""

    def __init__(self, seller_id: str, findings: Findings) -> None:
        self._seller_id = seller_id
        self._findings = findings
        self._events = JsonEvents()
        self._broken = False
        self._depth = 0
        self._keys = ["" for _ in range(_VALUE + 2)]
        self._root: dict[str, str] = {}
        self._header = Header()
        self._messages = 0
        self._ids: set[int] = set()
        self._message: Message | None = None
        self._patch: tuple[dict[str, str], dict[str, Any]] | None = None

    @property
    def messages(self) -> int:
        """How many messages were read."""
        return self._messages

    def take(self, piece: bytes) -> None:
        """Read on; after a fault of the JSON itself, or far too many messages, nothing more is read."""
        if self._broken:
            return
        try:
            for name, value in self._events.take(piece):
                self._event(name, value)
        except BrokenJsonError as error:
            self._break(error)
        if self._messages > MOST_COUNTED:
            self._broken = True
            self._findings.add(_too_many(f"more than {MOST_COUNTED}"))

    def finish(self) -> None:
        """Say that all was taken, and check what only the whole shows."""
        if not self._broken:
            try:
                self._events.close()
            except BrokenJsonError as error:
                self._break(error)
        if not self._broken:
            for finding in self._whole():
                self._findings.add(finding)

    def _break(self, error: BrokenJsonError) -> None:
        self._broken = True
        where = f"messages[{self._messages - 1}]" if self._messages else None
        near = f"; the fault is in {where} or right after it" if where else ""
        self._findings.add(Finding("not-json", f"the feed can't be read as JSON: {error}{near}", where=where))

    def _event(self, name: str, value: Any) -> None:
        if name == "map_key":
            if self._depth <= _VALUE:
                self._keys[self._depth] = value
            return
        if name in {"end_map", "end_array"}:
            self._close()
            return
        self._value(_KINDS[name], value)
        if value is None and name != "null":
            self._depth += 1
            check_depth(self._depth)
            if self._depth == _ITEM and name == "start_map" and self._in_messages():
                self._message = Message(self._messages - 1)

    def _in_messages(self) -> bool:
        return self._keys[_ROOT] == "messages" and self._root.get("messages") == LIST

    def _value(self, kind: str, value: Any) -> None:
        """A value inside the container that is open."""
        depth = self._depth
        if self._message is not None:
            if depth <= _VALUE:
                self._in_message(self._message, kind, value)
        elif depth == 0 and kind != OBJECT:
            self._findings.add(Finding("not-json", f"the feed is {kind}: it must be an object"))
        elif depth == _ROOT:
            if self._keys[_ROOT] in {"header", "messages"} or len(self._root) < MOST_FAULTS:
                self._root[self._keys[_ROOT]] = kind
        elif depth == _SECTION and self._in_messages():
            self._messages += 1
            if kind != OBJECT:
                self._findings.add(
                    Finding(
                        "message-form",
                        f"a message is {kind}: it must be an object",
                        where=f"messages[{self._messages - 1}]",
                    )
                )
        elif self._keys[_ROOT] == "header" and self._root.get("header") == OBJECT:
            self._in_header(kind, value)

    def _in_header(self, kind: str, value: Any) -> None:
        section, item = self._keys[_SECTION], self._keys[_ITEM]
        if self._depth == _SECTION:
            self._header.field(section, kind, value)
        elif section == "report" and self._header.kinds.get("report") == OBJECT:
            if self._depth == _ITEM:
                self._header.report_field(item, kind, value)
            elif self._depth == _FIELD and item == "includedData":
                self._header.included(value)

    def _in_message(self, message: Message, kind: str, value: Any) -> None:
        depth = self._depth
        key = self._keys[_ITEM]
        if depth == _ITEM:
            if key not in FIELDS:
                if len(message.unknown) < MOST_FAULTS:
                    message.unknown.append(key[:_LONGEST_KEPT])
                return
            message.kinds[key] = kind
            message.values.pop(key, None)
            if value is not None:
                message.values[key] = value[:_LONGEST_KEPT] if isinstance(value, str) else value
        elif depth == _FIELD and key == "attributes":
            message.attributes += 1
        elif depth == _FIELD and key == "patches":
            message.patches += 1
            if kind == OBJECT:
                self._patch = ({}, {})
            else:
                self._patch_fault(
                    message, f"patches[{message.patches - 1}]", f"a patch is {kind}: it must be an object"
                )
        elif self._patch is not None:
            kinds, values = self._patch
            name = self._keys[_PATCH]
            if depth == _PATCH and name in {"op", "path", "value"}:
                kinds[name] = kind
                if isinstance(value, str):
                    values[name] = value[:_LONGEST_KEPT]
            elif depth == _VALUE and name == "value" and kinds.get("value") == LIST and kind != OBJECT:
                where = f"patches[{message.patches - 1}].value"
                self._patch_fault(message, where, f"value holds {kind}: it must hold objects only")

    def _patch_fault(self, message: Message, where: str, text: str) -> None:
        if len(message.patch_faults) < MOST_FAULTS:
            message.patch_faults.append((where, text))

    def _close(self) -> None:
        message = self._message
        if message is not None and self._depth == _PATCH and self._patch is not None:
            for where, text in patch_faults(message.patches - 1, *self._patch):
                self._patch_fault(message, where, text)
            self._patch = None
        elif message is not None and self._depth == _ITEM:
            self._complete(message)
            self._message = None
        self._depth -= 1

    def _complete(self, message: Message) -> None:
        for finding in message_findings(message):
            self._findings.add(finding)
        number = message.message_id
        if number is None or self._messages > MOST_MESSAGES:
            return
        if number in self._ids:
            text = f"messageId {number} comes more than once: each message needs its own"
            self._findings.add(
                Finding(
                    "message-id-twice",
                    text,
                    where=f"messages[{message.index}].messageId",
                    message_id=number,
                    sku=message.sku,
                )
            )
        self._ids.add(number)

    def _whole(self) -> Iterator[Finding]:
        for name, form in (("header", OBJECT), ("messages", LIST)):
            kind = self._root.get(name)
            if kind is None:
                yield Finding(f"{name}-missing", f"the feed has no {name}")
            elif kind != form:
                yield Finding(f"{name}-form", f"{name} is {kind}: it must be {form}", where=name)
        if self._root.get("header") == OBJECT:
            yield from self._header.findings(self._seller_id)
        if self._root.get("messages") == LIST and not self._messages:
            yield Finding("messages-missing", "the feed has no message", where="messages")
        if self._messages > MOST_MESSAGES:
            yield _too_many(str(self._messages))
        for where, names, known in (
            ("", self._root, {"header", "messages"}),
            ("header.", self._header.kinds, HEADER_FIELDS),
        ):
            for name in sorted(set(names) - known)[:MOST_FAULTS]:
                text = f"Amazon's schema has no field {quote(name)} here"
                yield Finding("unknown-field", text, WARNING, f"{where}{name}"[:_LONGEST_KEPT])


def _too_many(count: str) -> Finding:
    text = f"the feed has {count} messages: Amazon takes {MOST_MESSAGES} in one; split it"
    return Finding("too-many-messages", text, where="messages", limit=str(MOST_MESSAGES))
