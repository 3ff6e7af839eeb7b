"""In what a task's request differs from that of the first task with the id, in words."""

from __future__ import annotations

from sellerbus.feeds.findings import quote
from sellerbus.feeds.task import FeedTask


def others(first: FeedTask, asked: FeedTask) -> str:
    """Name each field that differs, with the first task's value and the one asked for."""
    values = {
        "sellerId": (first.seller_id, asked.seller_id),
        "feedType": (first.feed_type, asked.feed_type),
        "marketplaceIds": (_listed(first), _listed(asked)),
        # The check fills in what was not said of it.
        "contentType": (first.content_type, asked.content_type or first.content_type),
        "feedOptions": (dict(first.feed_options or {}), dict(asked.feed_options or {})),
    }
    told = [
        f"{name} {quote(there)}, and {quote(here)} is asked for"
        for name, (there, here) in values.items()
        if there != here
    ]
    return f"task {first.task_id} has {'; '.join(told) or 'another content type'}"


def _listed(task: FeedTask) -> str:
    return ",".join(sorted(task.marketplace_ids))
