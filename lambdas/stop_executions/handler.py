"""Custom resource Custom::StopExecutions: stops what runs of a state machine before that is deleted.

A state machine is there until its last execution is over, and CloudFormation waits for that: one that waits
for a person would hold up the deletion of the stack for 90 days. Property: StateMachineArn. Until its Delete
it does nothing.

Source: Step Functions API, DeleteStateMachine, ListExecutions and StopExecution.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from sellerbus.runtime import bootstrap, config, custom_resource, observability
from sellerbus.runtime.custom_resource import Request, Result

PHYSICAL_ID = "stopped-on-delete"
LEAST_SECONDS = 10.0

# It ended by itself meanwhile.
_OVER = frozenset({"ExecutionDoesNotExist", "ValidationException"})

logger = observability.logger()


class StillRunningError(Exception):
    """Executions are left; the message says of what, and what to do."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> None:
    custom_resource.answer(
        event, context, work=_work, failed_create_id=PHYSICAL_ID, session=bootstrap.http, log=logger
    )


def _work(request: Request) -> Result:
    config.load(config.StopExecutionsConfig, os.environ)
    if request.request_type == "Delete":
        arn = request.text("StateMachineArn")
        logger.info("No execution runs any more", state_machine=arn, stopped=_stop_all(arn, request))
    return Result(PHYSICAL_ID)


def _stop_all(arn: str, request: Request) -> int:
    """Stop until a list shows none that was not stopped before; it tells changes a little late."""
    stepfunctions = bootstrap.aws("stepfunctions")
    stopped: set[str] = set()
    before = -1
    while len(stopped) > before:
        before = len(stopped)
        for execution in _running(stepfunctions, arn):
            if execution in stopped:
                continue
            if request.remaining_seconds() < LEAST_SECONDS:
                raise StillRunningError(
                    f"executions of {arn} still run after {len(stopped)} were stopped, and the time is over. "
                    "Delete the stack again: it goes on from there."
                )
            _stop(stepfunctions, execution)
            stopped.add(execution)
    return len(stopped)


def _running(stepfunctions: Any, arn: str) -> Iterator[str]:
    more: dict[str, str] = {}
    while True:
        try:
            page = stepfunctions.list_executions(stateMachineArn=arn, statusFilter="RUNNING", **more)
        except ClientError as error:
            if error.response["Error"]["Code"] == "StateMachineDoesNotExist":
                return
            raise
        for execution in page["executions"]:
            yield execution["executionArn"]
        if not page.get("nextToken"):
            return
        more = {"nextToken": page["nextToken"]}


def _stop(stepfunctions: Any, execution: str) -> None:
    """Without error and cause: those would be encrypted, which takes the key."""
    try:
        stepfunctions.stop_execution(executionArn=execution)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _OVER:
            raise
