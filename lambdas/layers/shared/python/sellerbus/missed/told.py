"""Which changes were told: by the ordering guard's rows, which keep of each thing what its newest told.

A change counts as told where the thing's newest notification told the state that the thing is in: Amazon's
lists give every touch of an order as an update, its notifications only changes of state. Another state is
older news, unless it was told more than TOLERANCE after the change: then the list lags behind. Rows of
notifications that told no state go by the time alone.

Rows go some weeks after the last notification. Of an old order without one nobody can say what was told last,
and any touch of it, such as a refund, would seem to be a change: it counts as told.

Source: DynamoDB API, BatchGetItem (100 keys a call, UnprocessedKeys).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError, aws_call
from sellerbus.missed.change import Change
from sellerbus.notifications.ordering import microseconds

TOLERANCE: Final = timedelta(minutes=5)
"""How far the times that a list and a notification give for the same change may be apart."""

REMEMBERED: Final = timedelta(days=21)
"""For how long the guard surely keeps a row: settings don't take less for retention.completed_days."""

_MOST_KEYS: Final = 100
_ATTEMPTS: Final = 5
_NAP_SECONDS: Final = 0.2
_REMEMBERED: Final = REMEMBERED // timedelta(microseconds=1)
_TOLERANCE: Final = TOLERANCE // timedelta(microseconds=1)
# Version 0 has a word of its own for what is shipped and has no invoice yet; 2026-01-01 has not.
_SAME: Final = {"InvoiceUnconfirmed": "Shipped"}


class DynamoDbClient(Protocol):
    """The part of boto3's DynamoDB client used here."""

    def batch_get_item(self, **request: Any) -> Mapping[str, Any]: ...


class ToldThings:
    """Reads the ordering guard. Raises StoreUnavailableError."""

    def __init__(
        self, client: DynamoDbClient, ledger_table_name: str, *, sleep: Callable[[float], None]
    ) -> None:
        self._client = client
        self._table = ledger_table_name
        self._sleep = sleep

    def missed(self, changes: Sequence[Change]) -> list[Change]:
        """Return those that no notification has told, in their order, each thing once: its newest change."""
        newest: dict[str, Change] = {}
        for change in changes:
            known = newest.get(change.key)
            if known is None or _at(change) >= _at(known):
                newest[change.key] = change
        rows = self._rows(list(newest))
        return [change for key, change in newest.items() if not _is_told(change, rows.get(key))]

    def _rows(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(keys), _MOST_KEYS):
            asked: Mapping[str, Any] = {
                self._table: {
                    "Keys": [{"pk": {"S": key}} for key in keys[start : start + _MOST_KEYS]],
                    "ConsistentRead": True,
                }
            }
            for attempt in range(_ATTEMPTS):
                with aws_call("BatchGetItem"):
                    answer = self._client.batch_get_item(RequestItems=asked)
                rows = answer.get("Responses", {}).get(self._table, ())
                found.update((row["pk"]["S"], row) for row in rows)
                asked = answer.get("UnprocessedKeys") or {}
                if not asked:
                    break
                self._sleep(_NAP_SECONDS * 2**attempt)
            else:
                raise StoreUnavailableError("BatchGetItem", "UnprocessedKeys")
        return found


def _is_told(change: Change, row: Mapping[str, Any] | None) -> bool:
    if row is None:
        return _is_old(change)
    told_at = int(row["eventTime"]["N"])
    state = row.get("toldState", {}).get("S")
    if state is None:
        return told_at >= _at(change) - _TOLERANCE
    return _SAME.get(state, state) == _SAME.get(change.state, change.state) or (
        told_at > _at(change) + _TOLERANCE
    )


def _is_old(change: Change) -> bool:
    began_at = microseconds(change.began_at)
    return began_at is not None and _at(change) - began_at > _REMEMBERED


def _at(change: Change) -> int:
    # A time that can't be read is older than any: the thing then counts as told by whatever told it.
    return microseconds(change.at) or 0
