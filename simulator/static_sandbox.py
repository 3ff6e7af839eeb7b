"""The static sandbox of the APIs for orders, messages and uploads: fixed answers, whatever the state.

The cases are those of Amazon's models (`x-amzn-api-sandbox`), which are read when the first call comes: they
are Amazon's, and no part of this project. The model of the Uploads API has none. Amazon's sandbox compares a
request with the parameters that a case names and no others; of several that fit, the one that names most is
meant. Where none fits it answers 400. Without the models every call is answered so, with what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.call import Call
from simulator.errors import ApiError
from simulator.operations import MESSAGING_API, ORDERS_API, ORDERS_V0_API, UPLOADS_API

MODELS_VARIABLE = "SP_API_MODELS"
_BESIDE_THE_PROJECT = Path(__file__).resolve().parents[2] / "shared" / "sp-api-models"
_FILES = {
    MESSAGING_API: "messaging/messaging.json",
    ORDERS_V0_API: "orders/ordersV0.json",
    ORDERS_API: "orders/orders_2026-01-01.json",
    UPLOADS_API: "uploads/uploads_2020-11-01.json",
}


def models_folder(environment: Mapping[str, str]) -> Path:
    """Where Amazon's models are looked for: where SP_API_MODELS says, else beside the project."""
    return Path(environment.get(MODELS_VARIABLE) or _BESIDE_THE_PROJECT)


class SandboxError(ApiError):
    """An answer that is written in a case."""

    def __init__(self, status: int, answer: dict[str, object]) -> None:
        super().__init__(status, "InvalidInput", "as the sandbox case says")
        self._answer = answer

    def body(self) -> dict[str, object]:
        return self._answer


@dataclass(frozen=True)
class _Case:
    operation: str
    status: int
    parameters: dict[str, Any]
    answer: dict[str, object]


class StaticSandbox:
    """Carries out calls of one API, such as `orders/v0`, in sandbox mode. models: the folder of them all."""

    def __init__(self, api: str, models: Path) -> None:
        self._name = _FILES[api]
        self._file = models / self._name
        self._cases: list[_Case] | None = None

    async def carry_out(self, call: Call) -> dict[str, object] | None:
        """Returns the body of a success, None where that has none, or raises ApiError."""
        name = call.operation.rsplit("/", 1)[-1]
        fitting = [case for case in self._known() if case.operation == name and _fits(case, call)]
        if not fitting:
            raise ApiError(400, "InvalidInput", "Could not match input arguments")
        case = max(fitting, key=lambda fitting: len(fitting.parameters))
        if case.status >= 400:
            raise SandboxError(case.status, case.answer)
        return None if case.status == 204 else case.answer

    def _known(self) -> list[_Case]:
        if self._cases is None:
            try:
                self._cases = _cases(json.loads(self._file.read_text(encoding="utf-8")))
            except FileNotFoundError as error:
                raise self._without_model("which is not there") from error
            except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
                raise self._without_model(f"which cannot be read ({type(error).__name__})") from error
        return self._cases

    def _without_model(self, why: str) -> ApiError:
        return ApiError(
            400,
            "InvalidInput",
            f"The simulator's static sandbox answers with the cases of Amazon's model {self._name}, {why}",
            f"Looked for in {self._file.parents[1]}; {MODELS_VARIABLE} names another folder with such models",
        )


def _cases(model: dict[str, Any]) -> list[_Case]:
    return [
        _Case(
            said["operationId"],
            int(status),
            {name: held["value"] for name, held in case["request"].get("parameters", {}).items()},
            case.get("response") or {},
        )
        for item in model["paths"].values()
        for method, said in item.items()
        if method != "parameters"
        for status, response in said["responses"].items()
        for case in response.get("x-amzn-api-sandbox", {}).get("static", [])
    ]


def _fits(case: _Case, call: Call) -> bool:
    query: dict[str, list[str]] = {}
    for name, value in call.query:
        query.setdefault(name, []).extend(value.split(","))
    return all(
        _given(name, call, query) == (value if name == "body" else _texts(value))
        for name, value in case.parameters.items()
    )


def _given(name: str, call: Call, query: dict[str, list[str]]) -> object:
    if name == "body":
        return call.body
    return [call.path[name]] if name in call.path else query.get(name)


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
