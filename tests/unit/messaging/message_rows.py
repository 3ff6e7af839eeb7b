"""Rows of message tasks, as tests use them."""

from __future__ import annotations

from typing import Any

from sellerbus.messaging.task import MessageTask, iso
from tests.unit.messaging.message_scene import NOW, ORDER, SELLER, US


def row(task_id: str = "t1", **changes: Any) -> MessageTask:
    """A task as it was accepted."""
    at = iso(NOW)
    values: dict[str, Any] = {
        "task_id": task_id,
        "seller_id": SELLER,
        "region": "na",
        "marketplace_id": US,
        "amazon_order_id": ORDER,
        "message_type": "confirmOrderDetails",
        "content": {"text": "Which colour?"},
        "content_hash": f"hash of {task_id}",
        "request_hash": f"request of {task_id}",
        "content_until": round(NOW) + 28 * 86_400,
        "origin": "sqs",
        "source_id": task_id,
        "handed_over_at": at,
        "created_at": at,
        "updated_at": at,
        "tried_since": at,
    }
    return MessageTask(**{**values, **changes})
