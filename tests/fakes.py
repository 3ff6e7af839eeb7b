"""Stand-ins for AWS that run in memory and judge the real expressions the stores send.

FakeDynamoDb is held against moto's in tests/unit/notifications/test_fake_dynamodb.py: a fake that is
kinder than DynamoDB would make the protocol's tests worthless.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, dict[str, Any]]

_TOKEN = re.compile(r"\s*(attribute_not_exists|AND|OR|<=|<|=|\(|\)|[#:]?[A-Za-z_]+)")
_UPDATE_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD)\b")
_IF_NOT_EXISTS = re.compile(r"if_not_exists\((\S+), (\S+)\)")


def client_error(operation: str, code: str, **more: Any) -> ClientError:
    """What boto3 raises where AWS answers with an error."""
    return ClientError({"Error": {"Code": code, "Message": code}, **more}, operation)


class FakeDynamoDb:
    """Tables keyed by `pk`, with the conditions and update expressions that the stores here use."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.requests = 0
        self._seen_tokens: set[str] = set()

    def transact_write_items(
        self, *, TransactItems: list[dict[str, Any]], ClientRequestToken: str
    ) -> Mapping[str, Any]:
        """All updates or none, as DynamoDB does it; a repeated token is answered without writing again."""
        self.requests += 1
        if ClientRequestToken in self._seen_tokens:
            return {}
        updates = [action["Update"] for action in TransactItems]
        keys = [update["Key"]["pk"]["S"] for update in updates]
        if len(set(keys)) != len(keys) or len(keys) > 100:
            raise client_error("TransactWriteItems", "ValidationException")
        reasons = [self._reason(update) for update in updates]
        if any(reason["Code"] != "None" for reason in reasons):
            raise client_error(
                "TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons
            )
        for key, update in zip(keys, updates, strict=True):
            self.items[key] = _updated(self.items.get(key, {"pk": {"S": key}}), update)
        self._seen_tokens.add(ClientRequestToken)
        return {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Mapping[str, Any]:
        """Those that are there, in no order to rely on."""
        ((table, request),) = RequestItems.items()
        keys = [key["pk"]["S"] for key in request["Keys"]]
        if not 0 < len(keys) <= 100 or len(set(keys)) != len(keys):
            raise client_error("BatchGetItem", "ValidationException")
        found = [copy.deepcopy(self.items[key]) for key in reversed(keys) if key in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def _reason(self, update: dict[str, Any]) -> dict[str, Any]:
        item = self.items.get(update["Key"]["pk"]["S"], {})
        if _Condition(update, item).holds():
            return {"Code": "None"}
        reason: dict[str, Any] = {"Code": "ConditionalCheckFailed"}
        if item and update.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            reason["Item"] = copy.deepcopy(item)
        return reason


class _Condition:
    """A recursive descent over OR, AND, parentheses, attribute_not_exists, =, < and <=."""

    def __init__(self, update: dict[str, Any], item: Item) -> None:
        self._item = item
        self._names = update.get("ExpressionAttributeNames", {})
        self._values = update.get("ExpressionAttributeValues", {})
        expression = update["ConditionExpression"]
        self._tokens = _TOKEN.findall(expression)
        assert "".join(self._tokens) == "".join(expression.split()), expression

    def holds(self) -> bool:
        result = self._alternatives()
        assert not self._tokens, self._tokens
        return result

    def _alternatives(self) -> bool:
        result = self._all()
        while self._tokens and self._tokens[0] == "OR":
            self._tokens.pop(0)
            result = self._all() or result
        return result

    def _all(self) -> bool:
        result = self._one()
        while self._tokens and self._tokens[0] == "AND":
            self._tokens.pop(0)
            result = self._one() and result
        return result

    def _one(self) -> bool:
        token = self._tokens.pop(0)
        if token == "(":
            result = self._alternatives()
            assert self._tokens.pop(0) == ")"
            return result
        if token == "attribute_not_exists":
            _, name, _ = (self._tokens.pop(0) for _ in range(3))
            return self._names.get(name, name) not in self._item
        operator, value = self._tokens.pop(0), self._tokens.pop(0)
        left = self._item.get(self._names.get(token, token))
        right = self._values[value]
        if left is None or left.keys() != right.keys():
            return False
        a, b = _plain(left), _plain(right)
        return bool({"=": a == b, "<": a < b, "<=": a <= b}[operator])


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, inner),) = value.items()
    return int(inner) if kind == "N" else inner


def _updated(item: Item, update: dict[str, Any]) -> Item:
    names = update.get("ExpressionAttributeNames", {})
    values = update["ExpressionAttributeValues"]
    result = copy.deepcopy(item)
    _, *parts = _UPDATE_CLAUSE.split(update["UpdateExpression"])
    for clause, body in zip(parts[::2], parts[1::2], strict=True):
        for action in (part.strip() for part in re.split(r",(?![^(]*\))", body)):
            if clause == "SET":
                name, _, value = action.partition(" = ")
                kept = _IF_NOT_EXISTS.fullmatch(value)
                if kept:
                    result[name] = item.get(kept[1]) or values[kept[2]]
                else:
                    result[names.get(name, name)] = values[value]
            elif clause == "REMOVE":
                result.pop(names.get(action, action), None)
            else:
                name, value = action.split()
                result[name] = _added(item.get(name), values[value])
    return result


def _added(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    if "N" in new:
        return {"N": str(int(old["N"] if old else 0) + int(new["N"]))}
    return {"SS": sorted({*(old["SS"] if old else ()), *new["SS"]})}
