"""Amazon's models of the Feeds API and its schemas; modules that import this skip where they are missing."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import requests

from tests.unit.simulator.model import MODEL_FILE, RATE_HEADER, REQUEST_ID_HEADER, resolved

VERSIONS = ("2021-06-30", "2020-09-04")
_FOLDER = MODEL_FILE.parents[1]


def _load(path: str) -> dict[str, Any]:
    file = _FOLDER / path
    if not file.is_file():
        pytest.skip(f"no model at {file}; set SP_API_MODELS", allow_module_level=True)
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


MODELS = {version: _load(f"feeds/feeds_{version}.json") for version in VERSIONS}
REPORT_SCHEMA = _load("feeds/listings-feed-processing-report-schema-v2.json")
FEED_EXAMPLE = _load("feeds/listings-feed-schema-v2.example.json")
NOTIFICATION_SCHEMA = _load("notification-schemas/FeedProcessingFinishedNotification.json")

# (version, operation) -> (method, path, what the model says of it)
OPERATIONS: dict[tuple[str, str], tuple[str, str, dict[str, Any]]] = {
    (version, said["operationId"]): (method.upper(), path, said)
    for version, model in MODELS.items()
    for path, item in model["paths"].items()
    for method, said in item.items()
    if method in ("get", "post", "delete")
}


def check(version: str, operation: str, answer: requests.Response) -> Any:
    """Returns the body of an answer that is as the model says of its status.

    The models list x-amzn-RateLimit-Limit for some errors where they also say that it is no longer returned.
    """
    responses = OPERATIONS[version, operation][2]["responses"]
    status = str(answer.status_code)
    assert status in responses, f"{operation} must not answer {status}: {answer.text}"
    said = responses[status]
    assert answer.headers[REQUEST_ID_HEADER]
    assert (RATE_HEADER in answer.headers) == (status[0] == "2" or status in ("400", "404"))
    if "schema" not in said:
        assert answer.content == b""
        return None
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    checker = jsonschema.Draft4Validator(resolved(said["schema"], MODELS[version]))
    checker.validate(body)
    assert ("errors" in body) == (status[0] != "2")
    return body
