"""The static sandbox reads Amazon's models where they are, and says what is missing where they are not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.call import Call
from simulator.errors import ApiError
from simulator.operations import MESSAGING_API, UPLOADS_API
from simulator.static_sandbox import StaticSandbox, models_folder
from simulator.world import Application
from tests.unit.simulator.amazon import CLIENT_ID, CLIENT_SECRET

ORDER = "111-2223334-4445556"


def model(folder: Path, content: str) -> Path:
    file = folder / "messaging" / "messaging.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return folder


def with_case(folder: Path) -> Path:
    """A model with one case of an operation, and one that answers nothing."""
    case = {"request": {"parameters": {"amazonOrderId": {"value": ORDER}}}, "response": {"told": "it"}}
    responses = {"200": {"x-amzn-api-sandbox": {"static": [case]}}, "404": {}}
    item = {"parameters": [], "get": {"operationId": "GetAttributes", "responses": responses}}
    return model(folder, json.dumps({"paths": {"/x": item}}))


def ask(models: Path, api: str = MESSAGING_API, order_id: str = ORDER) -> Any:
    call = Call(
        f"{api}/GetAttributes", Application(CLIENT_ID, CLIENT_SECRET), "S", {"amazonOrderId": order_id}
    )
    return asyncio.run(StaticSandbox(api, models).carry_out(call))


def refused(models: Path, api: str = MESSAGING_API, order_id: str = ORDER) -> str:
    with pytest.raises(ApiError) as caught:
        ask(models, api, order_id)
    assert caught.value.status == 400
    return f"{caught.value.message}. {caught.value.details}"


def test_a_case_of_the_model_is_the_answer(tmp_path: Path) -> None:
    assert ask(with_case(tmp_path)) == {"told": "it"}
    assert "Could not match" in refused(tmp_path, order_id="another")


def test_without_the_model_the_refusal_says_what_is_missing(tmp_path: Path) -> None:
    said = refused(tmp_path, UPLOADS_API)
    assert "uploads/uploads_2020-11-01.json, which is not there" in said
    assert f"Looked for in {tmp_path}; SP_API_MODELS names another" in said


@pytest.mark.parametrize("content", ["{", "[]", '{"paths": {"/x": {"get": {}}}}', '{"paths": {"/x": []}}'])
def test_a_model_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    assert "which cannot be read" in refused(model(tmp_path, content))


def test_the_models_are_where_the_environment_says_or_beside_the_project(tmp_path: Path) -> None:
    assert models_folder({"SP_API_MODELS": str(tmp_path)}) == tmp_path
    project = Path(__file__).resolve().parents[3]
    for environment in ({}, {"SP_API_MODELS": ""}):
        assert models_folder(environment) == project.parent / "shared" / "sp-api-models"
