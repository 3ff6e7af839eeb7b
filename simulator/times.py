"""Times as the Orders API writes them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def time(seconds: float) -> str:
    """UTC in whole seconds, `Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
