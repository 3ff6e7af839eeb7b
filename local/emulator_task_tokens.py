"""What the emulator's Step Functions lacks for steps that wait for a task token.

In ministack 1.5.33 a step knows TimeoutSeconds only, and without it such a one waits for a day: here
TimeoutSecondsPath is read too. And an exception of the function that is handed the token is swallowed: AWS
fails the step, so that its Retry and Catch decide; there it waited for an answer that nobody gives.

Where IAM is enforced, an answer to a token is about no resource there. In AWS it is about the token's state
machine, also when the token is out of date: so its denials say, though the Service Authorization Reference
names no resource.

Nothing is allowed here that AWS would refuse.

Source: Amazon States Language, "Timeouts"; Step Functions developer guide, "Wait for a Callback with Task
Token".
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Mapping
from typing import Any

_machine: contextvars.ContextVar[str] = contextvars.ContextVar("machine", default="*")
_waiting_for: contextvars.ContextVar[str | None] = contextvars.ContextVar("waiting_for", default=None)

ExecuteTask = Callable[[Mapping[str, Any], Any, Any, Any], Any]
InvokeWithCallback = Callable[[str, Any, str, Mapping[str, Any]], Any]
CallLambda = Callable[[str, Any], Any]

_ANSWERS = ("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat")


def fit(stepfunctions: Any, iam_actions: Any) -> None:
    """Takes the places in the emulator's modules that carry executions out and read requests for IAM."""
    machines: dict[str, str] = {}
    stepfunctions._execute_task = with_timeout_path(
        stepfunctions._execute_task, stepfunctions._resolve_path, stepfunctions._ExecutionError
    )
    stepfunctions._invoke_with_callback = with_token_known(stepfunctions._invoke_with_callback, machines)
    iam_actions.extract_resource_arn = with_machines(iam_actions.extract_resource_arn, machines)
    stepfunctions._call_lambda = with_failures_told(
        stepfunctions._call_lambda, stepfunctions._task_tokens, stepfunctions._ExecutionError
    )


def with_timeout_path(
    original: ExecuteTask, resolve: Callable[[str, Any], Any], failure: Callable[[str, str], Exception]
) -> ExecuteTask:
    """`original` runs a step by its definition; the result does so with the seconds the path leads to.

    While it does, the state machine is known.
    """

    def execute(state: Mapping[str, Any], raw_input: Any, execution: Any, context: Any) -> Any:
        path = state.get("TimeoutSecondsPath")
        if path is not None:
            seconds = resolve(path, raw_input)
            if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
                raise failure(
                    "States.Runtime", f"TimeoutSecondsPath {path} leads to no whole seconds above 0"
                )
            state = {**state, "TimeoutSeconds": seconds}
        before = _machine.set(str(context["StateMachine"]["Id"]))
        try:
            return original(state, raw_input, execution, context)
        finally:
            _machine.reset(before)

    return execute


def with_token_known(original: InvokeWithCallback, machines: dict[str, str]) -> InvokeWithCallback:
    """`original` invokes a function and waits for a token; while the result does so, the token is known.

    machines: gets the ARN of the state machine that each token is of, for good.
    """

    def invoke(resource: str, input_data: Any, token: str, state: Mapping[str, Any]) -> Any:
        machines[token] = _machine.get()
        before = _waiting_for.set(token)
        try:
            return original(resource, input_data, token, state)
        finally:
            _waiting_for.reset(before)

    return invoke


def with_machines(original: Callable[..., str], machines: Mapping[str, str]) -> Callable[..., str]:
    """`original` gives the ARN of the resource that a request is about; the result knows tokens' machines."""

    def resource_arn(
        service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, *more: Any
    ) -> str:
        if service == "states" and headers.get("x-amz-target", "").endswith(_ANSWERS):
            return machines.get(str(json.loads(body).get("taskToken")), "*")
        return original(service, method, path, headers, body, *more)

    return resource_arn


def with_failures_told(
    original: CallLambda, tokens: Mapping[str, dict[str, Any]], failure: type[Exception]
) -> CallLambda:
    """`original` invokes a function; what fails in the result ends the wait for the token that it was handed.

    A token that was answered before the function failed keeps its answer.
    """

    def call(function: str, event: Any) -> Any:
        try:
            return original(function, event)
        except failure as error:
            token = _waiting_for.get()
            entry = tokens.get(token) if token is not None else None
            if entry is not None and not entry["event"].is_set():
                entry["error"] = {"Error": getattr(error, "error", ""), "Cause": getattr(error, "cause", "")}
                entry["event"].set()
            raise

    return call
