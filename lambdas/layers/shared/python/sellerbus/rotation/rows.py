"""The row of a rotation: one per application, read whole and written whole, conditional on its version.

Attributes: pk (the client id), sk, version, request, successor, toldExpiry, toldTroubles. Nothing of it is
secret.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.task_table import RefusedError, TaskTable, Write
from sellerbus.rotation.state import Answer, Because, Request, Rotation, Stage, Successor

_SORT_KEY: Final = "rotation"
_ATTEMPTS: Final = 5


class RotationStore:
    """Raises StoreUnavailableError where DynamoDB does not do it now."""

    def __init__(self, table: TaskTable) -> None:
        self._table = table

    def read(self, client_id: str) -> Rotation:
        """Return what is known of an application's rotation; of an unknown one, that nothing is."""
        return _rotation(client_id, self._table.get((client_id, _SORT_KEY)) or {})

    def change(self, client_id: str, change: Callable[[Rotation], Rotation]) -> Rotation:
        """Write what `change` makes of the row, and return it; what it leaves as it is, isn't written.

        `change` is asked again where another function was faster: it must judge by what it is given.
        """
        key = (client_id, _SORT_KEY)
        for _ in range(_ATTEMPTS):
            item = self._table.get(key) or {}
            before = _rotation(client_id, item)
            after = change(before)
            if after == before:
                return after
            version = int(item.get("version", 0))
            condition = "#version = :version" if item else "attribute_not_exists(pk)"
            values = {"version": version} if item else {}
            try:
                self._table.write(
                    Write.put(key, {**_item(after), "version": version + 1}, condition=condition, **values)
                )
            except RefusedError:
                continue
            return after
        raise StoreUnavailableError("TransactWriteItems", "other functions change the row all the time")


def _item(rotation: Rotation) -> dict[str, Any]:
    return {
        "request": dataclasses.asdict(rotation.request) if rotation.request else None,
        "successor": dataclasses.asdict(rotation.successor) if rotation.successor else None,
        "toldExpiry": list(rotation.told_expiry) if rotation.told_expiry else None,
        "toldTroubles": list(rotation.told_troubles),
    }


def _rotation(client_id: str, item: Mapping[str, Any]) -> Rotation:
    request, successor, told = item.get("request"), item.get("successor"), item.get("toldExpiry")
    return Rotation(
        client_id=client_id,
        request=Request(
            **{**request, "answer": Answer(request["answer"]), "because": Because(request["because"])}
        )
        if request
        else None,
        successor=Successor(**{**successor, "stage": Stage(successor["stage"])}) if successor else None,
        told_expiry=(str(told[0]), float(told[1])) if told else None,
        told_troubles=tuple(item.get("toldTroubles", ())),
    )
