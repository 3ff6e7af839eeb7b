"""DynamoDB's table of tasks in memory: keyed by pk and sk, it judges the real expressions that are sent.

Held against moto's in tests/unit/test_task_table.py: a fake that is kinder than DynamoDB would make the
tests on it worthless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.fakes import Item, client_error

_TOKEN = re.compile(r"\s*(begins_with|attribute_exists|attribute_not_exists|<>|<=|>=|[<>=(),]|[#:]?\w+)")
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b")
_SPLIT = re.compile(r",(?![^(]*\))")
_KEPT = re.compile(r"if_not_exists\((\S+),\s*(\S+)\)")
_NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_WORD = re.compile(r"(?<![#:\w])[A-Za-z_]\w*")
_SYNTAX = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN"})
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_INDEXES = {
    "bySeller": ("sellerId", "createdAt"),
    "byState": ("state", "createdAt"),
    "open": ("sweep", "sweepAt"),
}

Key = tuple[str, str]


class FakeTable:
    """Given as boto3's client. Attribute values are never changed, so copies of rows are shallow.

    fault: called with each operation's name and request before it works; what it raises is answered.
    """

    def __init__(self) -> None:
        self.rows: dict[Key, Item] = {}
        self.requests: list[tuple[str, Mapping[str, Any]]] = []
        self.fault: Callable[[str, Mapping[str, Any]], None] = lambda operation, request: None
        self._tokens: dict[str, str] = {}

    @property
    def client(self) -> Any:
        return self

    def _begin(self, operation: str, request: Mapping[str, Any]) -> None:
        self.requests.append((operation, request))
        self.fault(operation, request)

    def get_item(self, **request: Any) -> Mapping[str, Any]:
        self._begin("GetItem", request)
        found = self.rows.get(_key(request["Key"]))
        return {"Item": dict(found)} if found else {}

    def query(self, **request: Any) -> Mapping[str, Any]:
        self._begin("Query", request)
        hash_name, range_name = _INDEXES[request["IndexName"]] if "IndexName" in request else ("pk", "sk")
        expression = request["KeyConditionExpression"]
        rows = [
            row
            for row in self.rows.values()
            if hash_name in row and range_name in row and _holds(expression, request, row)
        ]
        rows.sort(
            key=lambda row: (row[range_name]["S"], row["pk"]["S"], row["sk"]["S"]),
            reverse=not request.get("ScanIndexForward", True),
        )
        if "ExclusiveStartKey" in request:
            keys = [_key(row) for row in rows]
            rows = rows[keys.index(_key(request["ExclusiveStartKey"])) + 1 :]
        page = rows[: request.get("Limit", len(rows))]
        kept = [row for row in page if _holds(request.get("FilterExpression", ""), request, row)]
        answer: dict[str, Any] = {"Items": [dict(row) for row in kept], "Count": len(kept)}
        if request.get("Select") == "COUNT":
            del answer["Items"]
        if page and len(page) == request.get("Limit"):
            answer["LastEvaluatedKey"] = {"pk": page[-1]["pk"], "sk": page[-1]["sk"]}
        return answer

    def put_item(self, **request: Any) -> Mapping[str, Any]:
        return self._alone("PutItem", "Put", request)

    def update_item(self, **request: Any) -> Mapping[str, Any]:
        return self._alone("UpdateItem", "Update", request)

    def delete_item(self, **request: Any) -> Mapping[str, Any]:
        return self._alone("DeleteItem", "Delete", request)

    def _alone(self, operation: str, kind: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._begin(operation, request)
        _check_expressions(request)
        key = _key(request["Item"] if kind == "Put" else request["Key"])
        before = dict(self.rows.get(key, {}))
        if not _holds(request.get("ConditionExpression", ""), request, before):
            told = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and before
            raise client_error(
                operation, "ConditionalCheckFailedException", **({"Item": before} if told else {})
            )
        self._carry_out(kind, key, request)
        wanted = request.get("ReturnValues", "NONE")
        if wanted == "ALL_OLD":
            return {"Attributes": before} if before else {}
        return {"Attributes": dict(self.rows[key])} if wanted == "ALL_NEW" else {}

    def transact_write_items(
        self, *, TransactItems: list[dict[str, Any]], ClientRequestToken: str = ""
    ) -> Mapping[str, Any]:
        """All or none; a repeated token is answered without writing again."""
        self._begin("TransactWriteItems", {"TransactItems": TransactItems})
        if ClientRequestToken in self._tokens:
            if self._tokens[ClientRequestToken] != repr(TransactItems):
                raise client_error("TransactWriteItems", "IdempotentParameterMismatchException")
            return {}
        actions = [next(iter(action.items())) for action in TransactItems]
        keys = [_key(action["Item"] if kind == "Put" else action["Key"]) for kind, action in actions]
        if len(set(keys)) != len(keys) or not 1 <= len(keys) <= 100:
            raise client_error("TransactWriteItems", "ValidationException")
        reasons = [self._reason(key, action) for key, (_, action) in zip(keys, actions, strict=True)]
        if any(reason["Code"] != "None" for reason in reasons):
            raise client_error(
                "TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons
            )
        for key, (kind, action) in zip(keys, actions, strict=True):
            self._carry_out(kind, key, action)
        if ClientRequestToken:
            self._tokens[ClientRequestToken] = repr(TransactItems)
        return {}

    def _reason(self, key: Key, action: Mapping[str, Any]) -> dict[str, Any]:
        _check_expressions(action)
        there = self.rows.get(key, {})
        if _holds(action.get("ConditionExpression", ""), action, there):
            return {"Code": "None"}
        reason: dict[str, Any] = {"Code": "ConditionalCheckFailed"}
        if there and action.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            reason["Item"] = dict(there)
        return reason

    def _carry_out(self, kind: str, key: Key, action: Mapping[str, Any]) -> None:
        if kind == "Put":
            self.rows[key] = dict(action["Item"])
        elif kind == "Delete":
            self.rows.pop(key, None)
        elif kind == "Update":
            before = self.rows.get(key, {"pk": {"S": key[0]}, "sk": {"S": key[1]}})
            self.rows[key] = _updated(before, action)


def _key(attributes: Mapping[str, Any]) -> Key:
    return attributes["pk"]["S"], attributes["sk"]["S"]


def _check_expressions(action: Mapping[str, Any]) -> None:
    """DynamoDB refuses values and names that no expression mentions, and its own words as names."""
    texts = [action.get(name, "") for name in ("ConditionExpression", "UpdateExpression")]
    mentioned = set(re.findall(r"[:#]\w+", " ".join(texts)))
    given = {*action.get("ExpressionAttributeValues", {}), *action.get("ExpressionAttributeNames", {})}
    if mentioned != given:
        raise client_error("DynamoDB", f"ValidationException {sorted(mentioned ^ given)}")
    for text in texts:
        _refuse_reserved(text)


@cache
def _refuse_reserved(expression: str) -> None:
    words = {word for word in _WORD.findall(expression) if word not in _SYNTAX}
    if reserved := {word for word in words if word.upper() in _RESERVED}:
        raise client_error("DynamoDB", f"ValidationException reserved {sorted(reserved)}")


def _holds(expression: str, request: Mapping[str, Any], row: Item) -> bool:
    if not expression:
        return True
    return _condition(expression)(
        row, request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    )


Judge = Callable[[Item, Mapping[str, str], Mapping[str, Any]], bool]


@cache
def _condition(expression: str) -> Judge:
    """Read OR, AND, NOT, parentheses, comparisons, BETWEEN, and the functions that the stores use."""
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == "".join(expression.split()), expression
    judge = _alternatives(tokens)
    assert not tokens, (expression, tokens)
    return judge


def _alternatives(tokens: list[str]) -> Judge:
    parts = [_all(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        parts.append(_all(tokens))
    return lambda *given: any(part(*given) for part in parts)


def _all(tokens: list[str]) -> Judge:
    parts = [_one(tokens)]
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        parts.append(_one(tokens))
    return lambda *given: all(part(*given) for part in parts)


def _one(tokens: list[str]) -> Judge:
    token = tokens.pop(0)
    if token == "NOT":
        inner = _one(tokens)
        return lambda *given: not inner(*given)
    if token == "(":
        inner = _alternatives(tokens)
        assert tokens.pop(0) == ")"
        return inner
    if token in ("attribute_exists", "attribute_not_exists"):
        _, name, _ = (tokens.pop(0) for _ in range(3))
        wanted = token == "attribute_exists"
        return lambda row, names, values: (names.get(name, name) in row) is wanted
    if token == "begins_with":
        _, name, _, value, _ = (tokens.pop(0) for _ in range(5))
        return lambda row, names, values: (
            row.get(names.get(name, name), {}).get("S", "\0").startswith(values[value]["S"])
        )
    if tokens[0] == "BETWEEN":
        _, low, _, high = (tokens.pop(0) for _ in range(4))
        return lambda row, names, values: (
            _compared(">=", row.get(names.get(token, token)), values[low])
            and _compared("<=", row.get(names.get(token, token)), values[high])
        )
    operator, right = tokens.pop(0), tokens.pop(0)
    return lambda row, names, values: _compared(
        operator,
        row.get(names.get(token, token)),
        values[right] if right.startswith(":") else row.get(names.get(right, right)),
    )


def _compared(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        # What is absent is unequal to everything, and in no order.
        return operator == "<>"
    if left.keys() != right.keys():
        return operator == "<>"
    return _NUMBERS[operator](_plain(left), _plain(right))


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, inner),) = value.items()
    return float(inner) if kind == "N" else inner


def _updated(item: Item, action: Mapping[str, Any]) -> Item:
    names = action.get("ExpressionAttributeNames", {})
    values = action.get("ExpressionAttributeValues", {})
    result = dict(item)
    _, *parts = _CLAUSE.split(action["UpdateExpression"])
    for clause, body in zip(parts[::2], parts[1::2], strict=True):
        for each in (part.strip() for part in _SPLIT.split(body)):
            if clause == "SET":
                name, _, value = each.partition(" = ")
                result[names.get(name, name)] = _operand(value, item, names, values)
            elif clause == "REMOVE":
                result.pop(names.get(each, each), None)
            elif clause == "ADD":
                name, value = each.split()
                old = item.get(names.get(name, name), {"N": "0"})
                result[names.get(name, name)] = _sum(old, values[value], 1)
            else:
                raise AssertionError(f"{clause} is not known to the fake")
    return result


def _operand(text: str, item: Item, names: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    for sign, factor in ((" + ", 1), (" - ", -1)):
        if sign in text:
            left, right = (_operand(part.strip(), item, names, values) for part in text.split(sign))
            return _sum(left, right, factor)
    kept = _KEPT.fullmatch(text)
    if kept:
        return item.get(names.get(kept[1], kept[1])) or values[kept[2]]
    if text.startswith(":"):
        return values[text]
    return item[names.get(text, text)]


def _sum(left: Mapping[str, Any], right: Mapping[str, Any], factor: int) -> dict[str, Any]:
    total = float(left["N"]) + factor * float(right["N"])
    return {"N": str(int(total)) if total.is_integer() else repr(total)}
