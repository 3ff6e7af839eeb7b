"""The rules of a JSON_LISTINGS_FEED's header.

Source: Amazon's schema "Selling Partner Listings Feed (v2)".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from sellerbus.feeds.findings import WARNING, Finding, quote
from sellerbus.feeds.listings_message import LIST, MOST_FAULTS, OBJECT, TEXT

VERSION: Final = "2.0"
FIELDS: Final = frozenset({"sellerId", "version", "issueLocale", "report"})

_LONGEST_KEPT: Final = 1000
_MOST_FIELDS: Final = 50
_LOCALE: Final = re.compile(r"[a-z]{2}_[A-Z]{2}")
_INCLUDED: Final = (
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
)
_API_VERSION: Final = "2021-08-01"


class Header:
    """What is kept of the header while it is read."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._report: dict[str, str] = {}
        self._report_faults: list[tuple[str, str]] = []
        self._included = 0

    def field(self, name: str, kind: str, value: Any) -> None:
        """Take a field of the header itself."""
        if name not in FIELDS and len(self.kinds) >= _MOST_FIELDS:
            return
        self.kinds[name] = kind
        self._values.pop(name, None)
        if value is not None:
            self._values[name] = value[:_LONGEST_KEPT] if isinstance(value, str) else value

    def report_field(self, name: str, kind: str, value: Any) -> None:
        """Take a field of the header's `report`."""
        if name in {"includedData", "apiVersion"}:
            self._report[name] = kind
        if name == "apiVersion" and value != _API_VERSION:
            self._report_fault(name, f"apiVersion must be {_API_VERSION}")

    def included(self, value: Any) -> None:
        """Take a name in the report's includedData."""
        self._included += 1
        if value not in _INCLUDED:
            self._report_fault("includedData", f"includedData may have {', '.join(_INCLUDED)}")

    def findings(self, seller_id: str) -> Iterator[Finding]:
        """Yield what is wrong with the whole header, of a feed handed over for the seller."""
        yield from self._must_be("seller-id", "sellerId", seller_id, "the seller it is handed over for")
        yield from self._must_be("version", "version", VERSION, "as a text")
        yield from self._locale()
        yield from self._report_findings()

    def _must_be(self, rule: str, name: str, wanted: str, why: str) -> Iterator[Finding]:
        if name not in self.kinds:
            text = f"the header has no {name}: it must be {quote(wanted)}, {why}"
            yield Finding(rule, text, where="header", limit=wanted)
        elif self._values.get(name) != wanted:
            found = quote(self._values[name]) if name in self._values else self.kinds[name]
            text = f"{name} is {found}: it must be {quote(wanted)}, {why}"
            yield Finding(rule, text, where=f"header.{name}", limit=wanted)

    def _locale(self) -> Iterator[Finding]:
        kind = self.kinds.get("issueLocale")
        if kind is None:
            return
        value = self._values.get("issueLocale")
        where = "header.issueLocale"
        if kind != TEXT:
            yield Finding("issue-locale", f"issueLocale is {kind}: it must be a text", where=where)
        elif not _LOCALE.fullmatch(str(value)):
            text = f"issueLocale is {quote(value)}: unless it looks like en_US, Amazon answers in English"
            yield Finding("issue-locale", text, WARNING, where, limit="xx_XX")

    def _report_findings(self) -> Iterator[Finding]:
        where = "header.report"
        kind = self.kinds.get("report")
        if kind is None:
            return
        if kind != OBJECT:
            yield Finding("report-form", f"report is {kind}: it must be an object", where=where)
            return
        for name in ("includedData", "apiVersion"):
            if name not in self._report:
                yield Finding("report-form", f"report has no {name}", where=where)
        included = self._report.get("includedData")
        if included not in {None, LIST}:
            yield Finding("report-form", "includedData must be a list", where=f"{where}.includedData")
        elif included == LIST and not self._included:
            yield Finding("report-form", "includedData is empty", where=f"{where}.includedData")
        for name, text in self._report_faults:
            yield Finding("report-form", text, where=f"{where}.{name}")

    def _report_fault(self, name: str, text: str) -> None:
        if len(self._report_faults) < MOST_FAULTS:
            self._report_faults.append((name, text))
