"""The row that says whose message a content is: the last task with it, and those before it that may have
reached the buyer, too. Pure.

    taskId, since      the last task with this very message, and when it took it, in seconds since 1970
    earlier            [{taskId, since}] of the tasks before it that have not ended without being sent
    expiresAt

A task that certainly was not sent leaves the row, and the one before it stands there again: else a forced
repetition that is refused would make room for a third message, though the buyer has the first. One that a
person gave up may have been sent: it stays, since then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sellerbus.aws.task_table import Key, Write

_MOST_EARLIER: Final = 20
_FREE: Final = "attribute_not_exists(pk)"


@dataclass(frozen=True)
class Holder:
    """A task whose message was sent, or may still be, or may have been. since: seconds since 1970."""

    task_id: str
    since: float


def holders(row: Mapping[str, Any]) -> tuple[Holder, ...]:
    """The tasks in the row, the last one first. row: {} where there is none."""
    if not row:
        return ()
    listed = [row, *row.get("earlier", ())]
    return tuple(Holder(str(each["taskId"]), float(each["since"])) for each in listed)


def taken(row: Mapping[str, Any], key: Key, task_id: str, *, now: float, until: int) -> Write:
    """The write that makes a task the last one, if the row is as it was read."""
    found = [Holder(task_id, now), *(each for each in holders(row) if each.task_id != task_id)]
    condition, values = _as_read(row)
    return Write.put(key, _row(found, until), condition=condition, **values)


def left(row: Mapping[str, Any], key: Key, task_id: str, *, until: int) -> Write | None:
    """The write that takes a task that was not sent out of the row; None where it is not in it."""
    found = holders(row)
    others = [each for each in found if each.task_id != task_id]
    if len(others) == len(found):
        return None
    condition, values = _as_read(row)
    if not others:
        return Write.delete(key, condition=condition, **values)
    return _changed(key, others, until, condition, values)


def doubted(row: Mapping[str, Any], key: Key, task_id: str, *, now: float, until: int) -> Write:
    """The write that keeps a task of which nobody knows whether it was sent, as of now."""
    found = [replace(each, since=now) if each.task_id == task_id else each for each in holders(row)]
    if all(each.task_id != task_id for each in found):
        found.append(Holder(task_id, now))
    condition, values = _as_read(row)
    return _changed(key, found, until, condition, values)


def _row(found: Sequence[Holder], until: int) -> dict[str, Any]:
    last, *earlier = found
    row: dict[str, Any] = {"taskId": last.task_id, "since": last.since, "expiresAt": until}
    if earlier:
        kept = earlier[:_MOST_EARLIER]
        row["earlier"] = [{"taskId": each.task_id, "since": each.since} for each in kept]
    return row


def _changed(
    key: Key, found: Sequence[Holder], until: int, condition: str, values: Mapping[str, Any]
) -> Write:
    """An update, which functions may do that may make no row of a task."""
    row = _row(found, until)
    expression = "SET " + ", ".join(f"{name} = :{name}After" for name in row)
    if "earlier" not in row:
        expression += " REMOVE earlier"
    after = {f"{name}After": value for name, value in row.items()}
    return Write.update(key, expression, condition=condition, **values, **after)


def _as_read(row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if not row:
        return _FREE, {}
    values = {"holder": row["taskId"], "since": row["since"]}
    condition = "taskId = :holder AND since = :since"
    if "earlier" in row:
        return f"{_FREE} OR ({condition} AND earlier = :earlier)", {**values, "earlier": row["earlier"]}
    return f"{_FREE} OR ({condition} AND attribute_not_exists(earlier))", values
