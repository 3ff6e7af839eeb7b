"""The state machine of a feed: what follows what, what is repeated, how it ends, and who can read it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from stacks.feed_task_definition import DECISION_SECONDS, STEPS, definition
from tests.template.synthesis import Synthesis, attribute, listed, refers_to

STATES: Mapping[str, Any] = definition()["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
CALLBACKS = {"AwaitProcessing", "AwaitDecision"}
# What each step may answer, and where that leads: the contract with the functions.
ANSWERS = {
    "CheckFeed": {"take-turn": "TakeTurn"},
    "TakeTurn": {"submit": "SubmitFeed", "wait": "WaitForTurn"},
    "SubmitFeed": {"await": "AwaitProcessing", "wait": "WaitToSubmit", "decide": "AwaitDecision"},
    "AwaitProcessing": {"collect": "CollectFeedReport", "look": "LookAtFeed"},
    "LookAtFeed": {"collect": "CollectFeedReport", "await": "AwaitProcessing", "wait": "WaitToLook"},
    "CollectFeedReport": {"wait": "WaitToCollect"},
    "AwaitDecision": {"await": "AwaitProcessing", "take-turn": "TakeTurn"},
    "EndUndecided": {},
}
ENDS = {"ended": "TaskEnded", "report-changes": "ReportListingChanges"}
OF_THE_REPORT = {"again": "ReportListingChanges", "wait": "WaitToReport", "ended": "ChangesReported"}
OF_GIVING_UP = {"decide": "LeaveToDecision", "report-changes": "ReportListingChanges", "ended": "TaskFailed"}


def after(state: Mapping[str, Any]) -> Iterator[str]:
    """Every state that may follow."""
    for rule in [*state.get("Choices", []), *state.get("Catch", []), state]:
        yield from (rule[key] for key in ("Next", "Default") if key in rule)


def answers(step: str) -> dict[str, str]:
    choice = STATES[TASKS[step]["Next"]]
    assert all(rule["Variable"] == "$.step.next" for rule in choice["Choices"])
    return {rule["StringEquals"]: rule["Next"] for rule in choice["Choices"]}


def test_every_state_is_reached_and_leads_to_a_state() -> None:
    reached, frontier = {"CheckFeed"}, ["CheckFeed"]
    assert definition()["StartAt"] == "CheckFeed"
    while frontier:
        for name in after(STATES[frontier.pop()]):
            assert name in STATES
            if name not in reached:
                reached.add(name)
                frontier.append(name)
    assert reached == set(STATES)


def test_every_step_knows_the_answers_of_its_function() -> None:
    assert set(TASKS) == {*ANSWERS, "GiveUp", "ReportListingChanges"}
    for step, expected in ANSWERS.items():
        assert answers(step) == {**expected, **ENDS}, step
    assert answers("ReportListingChanges") == OF_THE_REPORT
    assert answers("GiveUp") == OF_GIVING_UP


def test_an_answer_that_no_step_knows_ends_the_task_in_its_row_too() -> None:
    for step in ANSWERS:
        assert STATES[TASKS[step]["Next"]]["Default"] == "AnswerUnknown"
    assert STATES["AnswerUnknown"]["Next"] == "GiveUp"
    assert set(STATES["AnswerUnknown"]["Result"]) == {"Error", "Cause"}
    # Not a second time: it would go round for ever.
    assert STATES["AfterGiveUp"]["Default"] == "TaskFailed"
    assert STATES["AfterReportListingChanges"]["Default"] == "ReportUnknown"
    assert STATES["ReportUnknown"] == {**STATES["AnswerUnknown"], "Next": "TaskFailed"}


def test_what_a_step_answers_stands_beside_the_task_id() -> None:
    for name, state in TASKS.items():
        assert state["ResultPath"] == "$.step", name
        payload = state["Parameters"].get("Payload", state["Parameters"])
        assert payload["taskId.$"] == "$.taskId", name


def test_waits_last_as_long_as_the_step_before_says() -> None:
    waits = {name: state for name, state in STATES.items() if state["Type"] == "Wait"}
    assert len(waits) == 5
    for name, state in waits.items():
        assert state["SecondsPath"] == "$.step.waitSeconds"
        before = [step for step in TASKS if name in answers(step).values()]
        # Back to the step that asked for it.
        assert before == [state["Next"]], name


def test_what_nobody_expected_is_repeated_with_growing_waits() -> None:
    for name, state in TASKS.items():
        *others, last = state["Retry"]
        assert last["ErrorEquals"] == ["States.ALL"], name
        assert (last["IntervalSeconds"], last["BackoffRate"], last["MaxAttempts"]) == (5, 2, 10)
        assert last["MaxDelaySeconds"] == 300
        lambdas = next(rule for rule in others if "Lambda.ServiceException" in rule["ErrorEquals"])
        assert "Lambda.TooManyRequestsException" in lambdas["ErrorEquals"]
        assert lambdas["MaxAttempts"] > last["MaxAttempts"]


def test_what_fails_for_good_is_given_up_and_fails_the_execution() -> None:
    for name, state in TASKS.items():
        last = state["Catch"][-1]
        assert last["ErrorEquals"] == ["States.ALL"], name
        assert last["ResultPath"] == "$.failure"
        # The report of a task that has ended, and giving up itself, can't be given up again.
        wanted = "TaskFailed" if name in ("GiveUp", "ReportListingChanges") else "GiveUp"
        assert last["Next"] == wanted, name
    assert STATES["TaskFailed"] == {
        "Type": "Fail",
        "ErrorPath": "$.failure.Error",
        "CausePath": "$.failure.Cause",
    }
    assert TASKS["GiveUp"]["Parameters"] == {
        "action": "give-up",
        "taskId.$": "$.taskId",
        "error.$": "$.failure.Error",
        "cause.$": "$.failure.Cause",
    }


def test_silence_is_no_failure_and_is_not_waited_for_again() -> None:
    late = {"AwaitProcessing": "LookAtFeed", "AwaitDecision": "EndUndecided"}
    for name in CALLBACKS:
        first = TASKS[name]["Retry"][0]
        assert first == {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}
        caught = TASKS[name]["Catch"][0]
        assert (caught["ErrorEquals"], caught["Next"]) == (["States.Timeout"], late[name])
        # Whatever else stands there must not be lost, nor the task be taken for a failed one.
        assert caught["ResultPath"] == "$.silence"


def test_steps_that_wait_hand_out_their_token() -> None:
    for name, action in (("AwaitProcessing", "await"), ("AwaitDecision", "await-decision")):
        assert TASKS[name]["Resource"] == "arn:aws:states:::lambda:invoke.waitForTaskToken"
        payload = TASKS[name]["Parameters"]["Payload"]
        assert payload == {"action": action, "taskId.$": "$.taskId", "token.$": "$$.Task.Token"}
    assert TASKS["AwaitProcessing"]["TimeoutSecondsPath"] == "$.step.silenceSeconds"
    assert TASKS["AwaitDecision"]["TimeoutSeconds"] == DECISION_SECONDS == 90 * 24 * 3600


def test_no_other_step_can_wait_for_ever() -> None:
    for name in set(TASKS) - CALLBACKS:
        # Longer than any function may run.
        assert 900 < TASKS[name]["TimeoutSeconds"] <= 3600, name


def test_a_task_that_is_left_to_a_decision_goes_on_as_if_nothing_had_failed() -> None:
    assert STATES["LeaveToDecision"]["Parameters"] == {"taskId.$": "$.taskId"}
    assert STATES["LeaveToDecision"]["Next"] == "AwaitDecision"


def test_changes_are_reported_before_an_execution_ends_well_or_badly() -> None:
    assert STATES["ChangesReported"]["Choices"] == [
        {"Variable": "$.failure", "IsPresent": True, "Next": "TaskFailed"}
    ]
    assert STATES["ChangesReported"]["Default"] == "TaskEnded"


@pytest.fixture
def machine(synthesis: Synthesis) -> Any:
    return synthesis.tasks.only("AWS::StepFunctions::StateMachine")["Properties"]


def test_the_template_has_the_definition_and_every_function_of_it(synthesis: Synthesis, machine: Any) -> None:
    assert json.loads(machine["DefinitionString"]) == definition()
    functions = {
        step: synthesis.tasks.of_type("AWS::Lambda::Function")[reference["Fn::GetAtt"][0]]
        for step, reference in machine["DefinitionSubstitutions"].items()
    }
    names = {
        step: found["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for step, found in functions.items()
    }
    assert names == {
        "CheckFeed": "check_feed",
        "TakeTurn": "take_feed_turn",
        "SubmitFeed": "submit_feed",
        "FollowFeed": "follow_feed",
        "CollectFeedReport": "collect_feed_report",
        "ReportListingChanges": "report_listing_changes",
        "EndFeedTask": "end_feed_task",
    }
    assert set(names) == set(STEPS)
    for step in STEPS:
        assert f"${{{step}}}" in machine["DefinitionString"]


def test_what_passes_through_it_is_under_the_key_and_not_in_its_logs(
    synthesis: Synthesis, machine: Any
) -> None:
    key = synthesis.foundation.logical_id("AWS::KMS::Key", "Key")
    encryption = machine["EncryptionConfiguration"]
    assert encryption["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert refers_to(encryption["KmsKeyId"], key)
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_its_log_group_has_room_in_the_accounts_policy_and_forgets(
    synthesis: Synthesis, machine: Any
) -> None:
    (destination,) = machine["LoggingConfiguration"]["Destinations"]
    log_group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
    properties = synthesis.tasks.of_type("AWS::Logs::LogGroup")[log_group]["Properties"]
    name = properties["LogGroupName"]["Fn::Join"][1]
    # The key's policy knows log groups by what their names begin with.
    assert name[0] == f"/aws/vendedlogs/states/{synthesis.prefix}-tasks-FeedTasks-"
    assert properties["RetentionInDays"] == synthesis.settings.retention.logs_days
    assert name[1:] == machine["StateMachineName"]["Fn::Join"][1][1:]


def test_its_role_may_invoke_its_steps_and_use_the_key_for_its_own_executions(
    synthesis: Synthesis, machine: Any
) -> None:
    role = machine["RoleArn"]["Fn::GetAtt"][0]
    rights = {
        statement["Sid"]: statement
        for policy in synthesis.tasks.of_type("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    assert set(rights) == {"DeliverLogs", "EncryptExecutions", "EncryptLogs", "InvokeSteps", "Trace"}
    invoked = rights["InvokeSteps"]
    assert invoked["Action"] == "lambda:InvokeFunction"
    substitutions = list(machine["DefinitionSubstitutions"].values())
    assert sorted(map(str, invoked["Resource"])) == sorted(map(str, substitutions))
    # kms:ViaService here would keep executions from starting.
    (operator,) = rights["EncryptExecutions"]["Condition"].items()
    assert operator[0] == "StringEquals"
    ((context, arn),) = operator[1].items()
    assert context == "kms:EncryptionContext:aws:states:stateMachineArn"
    assert arn["Fn::Join"][1][-2:] == [
        f":stateMachine:{synthesis.prefix}-tasks-FeedTasks-",
        machine["StateMachineName"]["Fn::Join"][1][-1],
    ]
    assert rights["EncryptLogs"]["Action"] == "kms:GenerateDataKey"
    assert set(rights["EncryptLogs"]["Condition"]["StringEquals"]) == {"kms:EncryptionContext:SourceArn"}


def test_step_functions_takes_the_role_for_this_state_machine_only(
    synthesis: Synthesis, machine: Any
) -> None:
    role = synthesis.tasks.of_type("AWS::IAM::Role")[machine["RoleArn"]["Fn::GetAtt"][0]]
    (trust,) = listed(role["Properties"]["AssumeRolePolicyDocument"]["Statement"])
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert f":stateMachine:{synthesis.prefix}-tasks-FeedTasks-" in json.dumps(trust["Condition"]["ArnEquals"])


def test_it_is_there_before_anybody_starts_it(synthesis: Synthesis) -> None:
    """The function has its ARN by a reference: by the name alone CloudFormation would not wait for it."""
    variables = synthesis.tasks.functions()["accept_feeds"]["Properties"]["Environment"]["Variables"]
    machine = synthesis.tasks.logical_id("AWS::StepFunctions::StateMachine", "FeedTasksMachine")
    assert variables["FEED_STATE_MACHINE_ARN"] == attribute(machine)
    assert synthesis.tasks.body["Outputs"]["FeedStateMachineArn"]["Value"] == attribute(machine)
