"""Calls of the Orders API v0 for one order, with answers that are held to the model."""

from __future__ import annotations

from typing import Any

import requests

from tests.unit.simulator.message_scene import ORDER_ID, MessageScene
from tests.unit.simulator.selling_models import ROWS, check

V0 = "orders/v0"


def read(scene: MessageScene, name: str, order_id: str = ORDER_ID, **query: str) -> Any:
    """The payload of a reading operation of version 0."""
    row = ROWS[f"{V0}/{name}"]
    answer = scene.call("GET", row.path.format(orderId=order_id), query=query)
    assert answer.status_code == 200, answer.text
    return check(row.key, answer)["payload"]


def write(scene: MessageScene, name: str, body: object, order_id: str = ORDER_ID) -> requests.Response:
    row = ROWS[f"{V0}/{name}"]
    answer = scene.call(row.method, row.path.format(orderId=order_id), query={}, body=body)
    check(row.key, answer)
    return answer
