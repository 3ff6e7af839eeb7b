"""Executions of feed tasks: named by the task, a second one once."""

import json
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.feeds.executions import Executions, task_of
from tests.fakes import client_error

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:feeds"


class StepFunctions:
    """Takes a name once. refuses: the code of its next refusal."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.refuses = ""

    def start_execution(self, **request: Any) -> dict[str, Any]:
        if self.refuses:
            raise client_error("StartExecution", self.refuses)
        assert request["stateMachineArn"] == MACHINE
        if request["name"] in self.inputs:
            raise client_error("StartExecution", "ExecutionAlreadyExists")
        self.inputs[request["name"]] = json.loads(request["input"])
        return {}


def test_both_executions_of_a_task_are_started_once_and_go_on_with_the_task() -> None:
    client = StepFunctions()
    executions = Executions(client, MACHINE)
    for _ in range(2):
        executions.start("spring-2027")
        executions.start_second("spring-2027")
    assert client.inputs == {
        "spring-2027": {"taskId": "spring-2027"},
        "_spring-2027": {"taskId": "spring-2027"},
    }
    assert [task_of(name) for name in client.inputs] == [("spring-2027", False), ("spring-2027", True)]
    assert executions.arn("t1") == "arn:aws:states:us-east-1:000000000000:execution:feeds:t1"


@pytest.mark.parametrize("second", [False, True])
def test_a_refusal_is_told(second: bool) -> None:
    client = StepFunctions()
    client.refuses = "ThrottlingException"
    executions = Executions(client, MACHINE)
    with pytest.raises(StoreUnavailableError, match="ThrottlingException"):
        (executions.start_second if second else executions.start)("t1")
