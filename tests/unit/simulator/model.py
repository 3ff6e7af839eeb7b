"""Amazon's model of the Notifications API; modules that import this skip where it is missing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

_DEFAULT_MODELS = Path(__file__).resolve().parents[3].parent / "shared" / "sp-api-models"
MODEL_FILE = Path(os.environ.get("SP_API_MODELS", _DEFAULT_MODELS)) / "notifications" / "notifications.json"
RATE_HEADER, REQUEST_ID_HEADER = "x-amzn-RateLimit-Limit", "x-amzn-RequestId"
METHODS = ("get", "post", "delete")

if not MODEL_FILE.is_file():
    pytest.skip(f"no model at {MODEL_FILE}; set SP_API_MODELS", allow_module_level=True)
MODEL: dict[str, Any] = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
MODEL_OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    item[method]["operationId"]: (method.upper(), path, item[method])
    for path, item in MODEL["paths"].items()
    for method in METHODS
    if method in item
}


def resolved(schema: Mapping[str, Any], model: Mapping[str, Any] = MODEL) -> dict[str, Any]:
    """A Swagger 2 schema as a JSON schema: references inlined, allOf merged, unknown properties refused.

    The last is stricter than the model, so that a misspelt optional field is found.
    """
    if "$ref" in schema:
        return resolved(model["definitions"][schema["$ref"].removeprefix("#/definitions/")], model)
    result = {key: value for key, value in schema.items() if key not in ("allOf", "properties", "items")}
    properties: dict[str, Any] = {}
    required = list(schema.get("required", []))
    for part in (resolved(part, model) for part in schema.get("allOf", [])):
        properties.update(part.get("properties", {}))
        required.extend(part.get("required", []))
    properties.update({name: resolved(part, model) for name, part in schema.get("properties", {}).items()})
    if properties:
        result |= {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        result["required"] = required
    if "items" in schema:
        result["items"] = resolved(schema["items"], model)
    return result


def check(operation: str, answer: requests.Response) -> None:
    """Body, content type and headers of an answer against what the model says of its status."""
    listed = MODEL_OPERATIONS[operation][2]["responses"]
    assert str(answer.status_code) in listed, (
        f"{operation} must not answer {answer.status_code}: {answer.text}"
    )
    said = listed[str(answer.status_code)]
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    jsonschema.Draft4Validator(resolved(said["schema"])).validate(body)
    assert ("errors" in body) == (answer.status_code != 200)
    if answer.status_code != 200:
        assert body["errors"]
    assert answer.headers[REQUEST_ID_HEADER]
    if RATE_HEADER not in said["headers"]:
        assert RATE_HEADER not in answer.headers
