"""The table Arrivals in memory: it judges the conditions that are sent, and knows no others.

Held against moto's in test_arrivals.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes import client_error

_ASSIGNED = re.compile(r"(\w+) = (?:if_not_exists\(\w+, (:\w+)\)|(:\w+))")
_EQUAL = re.compile(r"(\w+) = (:\w+)")

Key = tuple[str, str]


class FakeArrivals:
    """Given as boto3's client. page: how many items a page of a scan or a query has at most."""

    def __init__(self, *, page: int = 2) -> None:
        self.rows: dict[Key, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.faults: list[Exception | None] = []
        self._page = page

    def _begin(self, operation: str) -> None:
        self.calls.append(operation)
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault

    def get_item(self, **request: Any) -> Mapping[str, Any]:
        self._begin("GetItem")
        found = self.rows.get(_key(request["Key"]))
        return {"Item": dict(found)} if found else {}

    def update_item(self, **request: Any) -> Mapping[str, Any]:
        self._begin("UpdateItem")
        key, values = _key(request["Key"]), request["ExpressionAttributeValues"]
        row = self.rows.get(key, {})
        if not _holds(request["ConditionExpression"], row, values):
            raise client_error("UpdateItem", "ConditionalCheckFailedException")
        assigned = request["UpdateExpression"].removeprefix("SET ")
        parts = _ASSIGNED.findall(assigned)
        assert len(parts) == assigned.count(" = "), assigned
        new = {name: row.get(name, values[kept]) if kept else values[value] for name, kept, value in parts}
        self.rows[key] = {**request["Key"], **row, **new}
        return {}

    def scan(self, **request: Any) -> Mapping[str, Any]:
        self._begin("Scan")
        return self._paged(list(self.rows), request)

    def query(self, **request: Any) -> Mapping[str, Any]:
        self._begin("Query")
        assert request["KeyConditionExpression"] == "sellerId = :seller"
        seller = request["ExpressionAttributeValues"][":seller"]["S"]
        return self._paged(sorted(key for key in self.rows if key[0] == seller), request)

    def _paged(self, keys: list[Key], request: Mapping[str, Any]) -> Mapping[str, Any]:
        start = keys.index(_key(request["ExclusiveStartKey"])) + 1 if "ExclusiveStartKey" in request else 0
        here = keys[start : start + self._page]
        more = {"LastEvaluatedKey": _named(here[-1])} if keys[start + self._page :] else {}
        return {"Items": [dict(self.rows[key]) for key in here], **more}


def _holds(condition: str, row: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    if condition == "attribute_not_exists(sellerId)":
        return not row
    found = _EQUAL.fullmatch(condition)
    assert found, condition
    return bool(row.get(found[1]) == values[found[2]])


def _key(item: Mapping[str, Any]) -> Key:
    return item["sellerId"]["S"], item["notificationType"]["S"]


def _named(key: Key) -> dict[str, Any]:
    return {"sellerId": {"S": key[0]}, "notificationType": {"S": key[1]}}
