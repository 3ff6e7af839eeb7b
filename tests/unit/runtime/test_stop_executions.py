"""stop_executions: what it stops, when, and how it ends when it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.stop_executions import handler as module
from sellerbus.runtime import bootstrap
from tests.fakes import client_error
from tests.unit.subscriptions.handlers import CloudFormation, Context, event, set_environment

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:FeedTasks"
PAGE = 3


class StepFunctions:
    """Lists in pages, and what was stopped until the next list but one."""

    def __init__(self, count: int) -> None:
        self.running = [
            f"{MACHINE.replace('stateMachine', 'execution')}:t{number}" for number in range(count)
        ]
        self.late: list[str] = []
        self.stopped: list[str] = []
        self.refuses: dict[str, str] = {}
        self.gone = False

    def list_executions(self, *, stateMachineArn: str, statusFilter: str, nextToken: str = "") -> Any:
        assert (stateMachineArn, statusFilter) == (MACHINE, "RUNNING")
        if self.gone:
            raise client_error("ListExecutions", "StateMachineDoesNotExist")
        begin = int(nextToken or 0)
        if not nextToken:
            self.shown = [*self.running, *self.late]
            self.late = []
        page = [{"executionArn": arn} for arn in self.shown[begin : begin + PAGE]]
        more = {"nextToken": str(begin + PAGE)} if begin + PAGE < len(self.shown) else {}
        return {"executions": page, **more}

    def stop_execution(self, **request: Any) -> Any:
        # Error and cause would be encrypted with the key, which the function may not use.
        assert set(request) == {"executionArn"}
        arn = request["executionArn"]
        if arn in self.refuses:
            raise client_error("StopExecution", self.refuses[arn])
        self.stopped.append(arn)
        self.running.remove(arn)
        self.late.append(arn)


def answer(
    monkeypatch: pytest.MonkeyPatch, fake: StepFunctions, kind: str = "Delete", *, seconds: float = 120.0
) -> Any:
    set_environment(monkeypatch)
    cloudformation = CloudFormation()
    monkeypatch.setattr(bootstrap, "http", lambda: cloudformation)
    monkeypatch.setattr(bootstrap, "aws", lambda service: fake)
    more = {} if kind == "Create" else {"PhysicalResourceId": module.PHYSICAL_ID}
    module.handler(event(kind, {"StateMachineArn": MACHINE}, **more), Context(seconds=seconds))  # type: ignore[arg-type]
    (sent,) = cloudformation.answers
    return sent


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_nothing_is_stopped_while_the_stack_stands(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    fake = StepFunctions(2)
    assert answer(monkeypatch, fake, kind)["Status"] == "SUCCESS"
    assert fake.stopped == []


def test_a_delete_stops_all_once_and_twice_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = StepFunctions(8)
    for _ in range(2):
        assert answer(monkeypatch, fake)["Status"] == "SUCCESS"
        assert (fake.running, len(fake.stopped)) == ([], 8)


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "ValidationException"])
def test_one_that_ended_by_itself_is_no_failure(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    fake = StepFunctions(4)
    fake.refuses[fake.running[1]] = code
    assert answer(monkeypatch, fake)["Status"] == "SUCCESS"
    assert len(fake.stopped) == 3


def test_a_state_machine_that_is_gone_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = StepFunctions(1)
    fake.gone = True
    assert answer(monkeypatch, fake)["Status"] == "SUCCESS"


def test_a_refusal_fails_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = StepFunctions(1)
    fake.refuses[fake.running[0]] = "AccessDeniedException"
    sent = answer(monkeypatch, fake)
    assert sent["Status"] == "FAILED"
    assert "AccessDeniedException" in sent["Reason"]


def test_where_the_time_is_over_it_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = StepFunctions(1)
    sent = answer(monkeypatch, fake, seconds=20.0)
    assert sent["Status"] == "FAILED"
    assert "Delete the stack again" in sent["Reason"]
    assert fake.stopped == []
