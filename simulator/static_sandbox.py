"""The static sandbox of the APIs for orders and messages: fixed answers, whatever the state.

The files in `sandbox_cases` hold the `x-amzn-api-sandbox` cases of Amazon's models ordersV0.json,
orders_2026-01-01.json and messaging.json (Apache License 2.0), as parameters and answer; the model of the
Uploads API has none. Amazon's sandbox compares a request with the parameters that a case names and no others;
of several that fit, the one that names most is meant. Where none fits it answers 400.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.call import Call
from simulator.errors import ApiError

_CASES = Path(__file__).parent / "sandbox_cases"


class SandboxError(ApiError):
    """An answer that is written in a case."""

    def __init__(self, status: int, answer: dict[str, object]) -> None:
        super().__init__(status, "InvalidInput", "as the sandbox case says")
        self._answer = answer

    def body(self) -> dict[str, object]:
        return self._answer


class StaticSandbox:
    """Carries out calls of one API, such as `orders/v0`, in sandbox mode."""

    def __init__(self, api: str) -> None:
        file = _CASES / f"{api.replace('/', '_')}.json"
        self._cases: list[dict[str, Any]] = (
            json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
        )

    async def carry_out(self, call: Call) -> dict[str, object] | None:
        """Returns the body of a success, None where that has none, or raises ApiError."""
        name = call.operation.rsplit("/", 1)[-1]
        fitting = [case for case in self._cases if case["operation"] == name and _fits(case, call)]
        if not fitting:
            raise ApiError(400, "InvalidInput", "Could not match input arguments")
        case = max(fitting, key=lambda fitting: len(fitting["parameters"]))
        answer: dict[str, object] = case["response"]
        if case["status"] >= 400:
            raise SandboxError(case["status"], answer)
        return None if case["status"] == 204 else answer


def _fits(case: dict[str, Any], call: Call) -> bool:
    query: dict[str, list[str]] = {}
    for name, value in call.query:
        query.setdefault(name, []).extend(value.split(","))
    return all(
        _given(name, call, query) == (value if name == "body" else _texts(value))
        for name, value in case["parameters"].items()
    )


def _given(name: str, call: Call, query: dict[str, list[str]]) -> object:
    if name == "body":
        return call.body
    return [call.path[name]] if name in call.path else query.get(name)


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
