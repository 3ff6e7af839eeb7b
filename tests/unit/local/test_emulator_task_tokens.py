"""Steps that wait for a task token do as in AWS: as long as the path says, and not for a failed function."""

from __future__ import annotations

import contextlib
import importlib
import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from local.emulator_task_tokens import (
    fit,
    with_failures_told,
    with_machines,
    with_timeout_path,
    with_token_known,
)

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Feeds"
CONTEXT = {"StateMachine": {"Id": MACHINE}}


class FailedError(Exception):
    """As the emulator's."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


def timeout_of(state: Mapping[str, Any], step: Any) -> Any:
    execute = with_timeout_path(
        lambda seen, *_: seen.get("TimeoutSeconds"), lambda _, data: data["step"]["seconds"], FailedError
    )
    return execute(state, {"step": {"seconds": step}}, None, CONTEXT)


def test_the_timeout_is_read_where_the_path_leads() -> None:
    assert timeout_of({"TimeoutSecondsPath": "$.step.seconds"}, 6) == 6
    assert timeout_of({"TimeoutSeconds": 3}, 6) == 3


@pytest.mark.parametrize("seconds", [None, 0, -1, 1.5, "6", True])
def test_a_path_to_anything_else_fails_the_execution(seconds: Any) -> None:
    with pytest.raises(FailedError, match=r"States\.Runtime"):
        timeout_of({"TimeoutSecondsPath": "$.step.seconds"}, seconds)


class Waiting:
    """The emulator's part: hands the token over, swallows what the function raises, and waits."""

    def __init__(self, raised: Exception | None, *, answered: bool = False) -> None:
        self.tokens: dict[str, dict[str, Any]] = {}
        self._raised = raised
        self._answered = answered
        self._call = with_failures_told(self._function, self.tokens, FailedError)
        self.machines: dict[str, str] = {}
        self.invoke = with_token_known(self._invoke, self.machines)

    def _function(self, function: str, event: Any) -> None:
        if self._answered:
            entry = self.tokens["token"]
            entry["result"] = "answer"
            entry["event"].set()
        if self._raised:
            raise self._raised

    def _invoke(self, resource: str, input_data: Any, token: str, state: Mapping[str, Any]) -> Any:
        self.tokens[token] = {"event": threading.Event(), "result": None, "error": None}
        with contextlib.suppress(FailedError):
            self._call(resource, input_data)
        entry = self.tokens[token]
        return entry["error"] or (entry["result"] if entry["event"].is_set() else "still waiting")

    def outcome(self) -> Any:
        return self.invoke("function", {}, "token", {})


def test_a_function_that_fails_ends_the_wait() -> None:
    assert Waiting(None).outcome() == "still waiting"
    failed = Waiting(FailedError("Runtime.HandlerError", "its cause"))
    assert failed.outcome() == {"Error": "Runtime.HandlerError", "Cause": "its cause"}


def test_an_answer_that_was_given_before_the_function_failed_stays() -> None:
    assert Waiting(FailedError("late"), answered=True).outcome() == "answer"


def test_a_function_that_waits_for_nothing_just_fails() -> None:
    def function(function: str, event: Any) -> None:
        raise FailedError("Runtime.HandlerError")

    with pytest.raises(FailedError):
        with_failures_told(function, {}, FailedError)("function", {})


def arn_of(machines: Mapping[str, str], operation: str, token: str, service: str = "states") -> str:
    resource_arn = with_machines(lambda *_: "arn:of-the-emulator", machines)
    headers = {"x-amz-target": f"AWSStepFunctions.{operation}"}
    body = json.dumps({"taskToken": token}).encode()
    return resource_arn(service, "POST", "/", headers, body, {}, "eu-west-1", "123456789012")


def test_an_answer_is_about_the_state_machine_of_its_token_also_when_nobody_waits_any_more() -> None:
    waiting = Waiting(None)
    execute = with_timeout_path(lambda *_: waiting.outcome(), lambda *_: None, FailedError)
    execute({}, {}, None, CONTEXT)

    for operation in ("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"):
        assert arn_of(waiting.machines, operation, "token") == MACHINE
        assert arn_of(waiting.machines, operation, "another") == "*"
    assert arn_of(waiting.machines, "StartExecution", "token") == "arn:of-the-emulator"
    assert arn_of(waiting.machines, "SendTaskSuccess", "token", "swf") == "arn:of-the-emulator"


def test_the_emulator_has_the_places_that_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own waiting, and a function that fails."""
    stepfunctions: Any = importlib.import_module("ministack.services.stepfunctions")
    for name in ("_execute_task", "_invoke_with_callback", "_call_lambda"):
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))

    def function(function: str, event: Any) -> None:
        raise stepfunctions._ExecutionError("Runtime.HandlerError", "its cause")

    monkeypatch.setattr(stepfunctions, "_call_lambda", function)
    monkeypatch.setattr(stepfunctions, "_resolve_lambda_function_ref", lambda name, **_: name)
    iam_actions: Any = importlib.import_module("ministack.core.iam_actions")
    monkeypatch.setattr(iam_actions, "extract_resource_arn", iam_actions.extract_resource_arn)
    fit(stepfunctions, iam_actions)
    with pytest.raises(stepfunctions._ExecutionError) as caught:
        stepfunctions._invoke_with_callback(
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            {"FunctionName": "follow", "Payload": {}},
            "token",
            {"TimeoutSeconds": 5},
        )
    assert caught.value.error == "Runtime.HandlerError"
