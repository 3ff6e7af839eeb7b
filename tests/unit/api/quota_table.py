"""A stand-in for the quota table: the few expressions that are used, and the Date of the answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, float]


@dataclass
class QuotaTable:
    """Numbers only. `clock` is the true time; answers carry its Date unless `dateless`.

    faults: raised in place of the next calls. doubled: so many updates are carried out twice before they are
    answered, as when botocore repeats one whose answer was lost.
    """

    clock: Callable[[], float]
    items: dict[str, Item] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    doubled: int = 0
    dateless: bool = False
    expressions: set[str] = field(default_factory=set)

    def get_item(self, **arguments: Any) -> Any:
        self._begin("get_item")
        assert arguments["ConsistentRead"] is True
        item = self.items.get(arguments["Key"]["bucket"]["S"])
        return {"ResponseMetadata": self._metadata(), **({"Item": _marshalled(item)} if item else {})}

    def update_item(self, **arguments: Any) -> Any:
        self._begin("update_item")
        assert arguments["ReturnValues"] == "ALL_NEW"
        assert arguments["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
        self.expressions |= {arguments["ConditionExpression"], arguments["UpdateExpression"]}
        values = {name: float(value["N"]) for name, value in arguments["ExpressionAttributeValues"].items()}
        bucket = arguments["Key"]["bucket"]["S"]
        times, self.doubled = (2, self.doubled - 1) if self.doubled else (1, 0)
        for _ in range(times):
            item = self.items.get(bucket, {})
            if not _holds(arguments["ConditionExpression"], item, values):
                raise self._refused(item)
            changes = arguments["UpdateExpression"].removeprefix("SET ").split(", ")
            new = dict(change.split(" = ") for change in changes)
            self.items[bucket] = item | {name: _value(term, item, values) for name, term in new.items()}
        return {"ResponseMetadata": self._metadata(), "Attributes": _marshalled(self.items[bucket])}

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        if self.faults:
            raise self.faults.pop(0)

    def _metadata(self) -> dict[str, Any]:
        headers = {} if self.dateless else {"date": formatdate(int(self.clock()), usegmt=True)}
        return {"HTTPHeaders": headers, "HTTPStatusCode": 200}

    def _refused(self, item: Item) -> ClientError:
        error: Any = {
            "Error": {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"},
            "ResponseMetadata": self._metadata(),
        }
        return ClientError(error | ({"Item": _marshalled(item)} if item else {}), "UpdateItem")


def _marshalled(item: Item) -> dict[str, dict[str, str]]:
    whole = {name: int(value) if value == int(value) else value for name, value in item.items()}
    return {name: {"N": str(value)} for name, value in whole.items()}


def _holds(condition: str, item: Item, values: Item) -> bool:
    return all(
        any(_true(term, item, values) for term in part.strip("()" if " OR " in part else "").split(" OR "))
        for part in condition.split(" AND ")
    )


def _true(term: str, item: Item, values: Item) -> bool:
    term = term.strip()
    absent = re.fullmatch(r"attribute_not_exists\((\w+)\)?", term)
    if absent:
        return absent[1] not in item
    name, operator, other = term.split()
    if name not in item:
        return False
    left, right = item[name], values[other]
    return {"=": left == right, "<=": left <= right, "<": left < right, ">": left > right}[operator]


def _value(term: str, item: Item, values: Item) -> float:
    return sum(item[name] if not name.startswith(":") else values[name] for name in term.split(" + "))
