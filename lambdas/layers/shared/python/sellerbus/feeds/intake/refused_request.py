"""A request that can become no task, as the event FeedRefused tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RefusedRequest:
    """task_id: the one that it asks for. What is not known of it is None."""

    task_id: str
    reason: str | None
    seller_id: str | None = None
    region: str | None = None
    feed_type: str | None = None
    marketplace_ids: Sequence[str] = ()
    feed_id: str | None = None
    outcome: str | None = "REFUSED"
    totals: Mapping[str, Any] | None = None
    report: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    findings: Mapping[str, Any] | None = None
