"""Reads the rows of many tasks at once: whoever waits for sixty asks the table once, not sixty times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

_MOST_KEYS = 100
"""Source: BatchGetItem."""


def task_rows(dynamodb: Any, table_name: str, partitions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The row "task" of each partition as plain values; {} where there is none, or it wasn't read."""
    found: dict[str, dict[str, Any]] = {partition: {} for partition in partitions}
    for start in range(0, len(partitions), _MOST_KEYS):
        keys = [{"pk": {"S": each}, "sk": {"S": "task"}} for each in partitions[start : start + _MOST_KEYS]]
        answer = dynamodb.batch_get_item(RequestItems={table_name: {"Keys": keys, "ConsistentRead": True}})
        for item in answer["Responses"].get(table_name, ()):
            found[item["pk"]["S"]] = plain(item)
    return found


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """A row's values as Python has them."""
    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in item.items()}
