"""Many rows are read in few calls."""

from __future__ import annotations

from typing import Any

from local.task_rows import task_rows


class FakeTable:
    def __init__(self, *partitions: str) -> None:
        self.partitions = partitions
        self.sizes: list[int] = []

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        asked = RequestItems["Tasks"]
        assert asked["ConsistentRead"] is True
        self.sizes.append(len(asked["Keys"]))
        there = [key for key in asked["Keys"] if key["pk"]["S"] in self.partitions]
        return {"Responses": {"Tasks": [{**key, "state": {"S": "ENDED"}} for key in there]}}


def test_each_is_read_and_what_is_not_there_is_empty() -> None:
    partitions = [f"task/{number}" for number in range(130)]
    table = FakeTable("task/0", "task/129")
    rows = task_rows(table, "Tasks", partitions)
    assert list(rows) == partitions
    assert rows["task/129"] == {"pk": "task/129", "sk": "task", "state": "ENDED"}
    assert [name for name, row in rows.items() if row] == ["task/0", "task/129"]
    assert table.sizes == [100, 30]


def test_none_is_asked_for_where_none_is_wanted() -> None:
    table = FakeTable()
    assert (task_rows(table, "Tasks", []), table.sizes) == ({}, [])
