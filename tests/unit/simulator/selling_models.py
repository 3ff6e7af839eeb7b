"""Amazon's models of the APIs for orders and messages; what imports this skips where they are missing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import requests

from tests.unit.simulator.model import MODEL_FILE, RATE_HEADER, REQUEST_ID_HEADER, resolved

_FOLDER = MODEL_FILE.parents[1]


def _load(path: str) -> dict[str, Any]:
    file = _FOLDER / path
    if not file.is_file():
        pytest.skip(f"no model at {file}; set SP_API_MODELS", allow_module_level=True)
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


MODELS = {
    "messaging/v1": _load("messaging/messaging.json"),
    "uploads/2020-11-01": _load("uploads/uploads_2020-11-01.json"),
    "orders/v0": _load("orders/ordersV0.json"),
    "orders/2026-01-01": _load("orders/orders_2026-01-01.json"),
}
LIVE_EXAMPLE = _load("messaging/getMessagingActionsForOrder.live-example.json")


@dataclass(frozen=True)
class Row:
    """An operation as a model has it."""

    api: str
    name: str
    method: str
    path: str
    said: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{self.api}/{self.name}"

    @property
    def plan(self) -> tuple[float, int] | None:
        stated = re.search(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", self.said["description"])
        return (float(stated[1]), int(stated[2])) if stated else None

    @property
    def success(self) -> int:
        (status,) = [int(status) for status in self.said["responses"] if status.startswith("2")]
        return status

    @property
    def media_type(self) -> str:
        (media_type,) = MODELS[self.api]["produces"]
        return str(media_type)


ROWS = {
    row.key: row
    for api, model in MODELS.items()
    for path, item in model["paths"].items()
    for method, said in item.items()
    if method in ("get", "post", "patch")
    for row in [Row(api, said["operationId"], method.upper(), path, said)]
}


def check(key: str, answer: requests.Response, *, strict: bool = True) -> Any:
    """Returns the body of an answer that is as the model says of its status.

    `strict` refuses what the model does not know, too.
    """
    row = ROWS[key]
    responses = row.said["responses"]
    status = str(answer.status_code)
    assert status in responses, f"{key} must not answer {status}: {answer.text}"
    said = responses[status]
    assert answer.headers[REQUEST_ID_HEADER]
    assert (RATE_HEADER in answer.headers) == (status[0] == "2" or status in ("400", "404"))
    if "schema" not in said:
        assert answer.content == b""
        return None
    assert answer.headers["content-type"] == row.media_type
    body = answer.json()
    schema = resolved(said["schema"], MODELS[row.api])
    jsonschema.Draft4Validator(schema if strict else _open(schema)).validate(body)
    assert ("errors" in body) == (status[0] != "2")
    return body


def _open(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _open(part) for name, part in schema.items() if name != "additionalProperties"}
    return [_open(part) for part in schema] if isinstance(schema, list) else schema
