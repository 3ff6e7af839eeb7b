"""What was received: one entry a request, without tokens, secrets or bodies."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

GRANTLESS = "grantless"

# Enough for long stories; a bound keeps a process that runs for days from growing.
KEPT_ENTRIES = 100_000


@dataclass(frozen=True)
class Entry:
    """`status` is None where the connection was cut; `caller` is a seller id, GRANTLESS or, unknown, None.

    `region` is None for Login with Amazon, which has none.
    """

    time: str
    operation: str
    method: str
    path: str
    status: int | None
    caller: str | None = None
    cut: str | None = None
    sandbox: bool = False
    region: str | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "time": self.time,
            "operation": self.operation,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "sellerId": None if self.caller == GRANTLESS else self.caller,
            "grantless": self.caller == GRANTLESS,
            "cut": self.cut,
            "sandbox": self.sandbox,
            "region": self.region,
        }


class Journal:
    def __init__(self, kept_entries: int = KEPT_ENTRIES) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept_entries)

    def record(self, entry: Entry) -> None:
        self._entries.append(entry)

    def entries(self, operation: str | None = None) -> list[Entry]:
        return [entry for entry in self._entries if operation in (None, entry.operation)]

    def clear(self) -> None:
        self._entries.clear()
