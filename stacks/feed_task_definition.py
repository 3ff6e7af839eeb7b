"""The states that a feed goes through, in Amazon States Language with JSONPath. Pure.

A step's function gets {"taskId"} and answers {"next", ...}, kept as `$.step`; a Choice follows that knows
every answer of that step. What Amazon or a user cause is an answer; an exception is what nobody expected: it
is repeated with growing waits, then the task is given up. That is safe for createFeed too: its own protocol,
in the task's row, decides whether it is called. `${Name}` stands for a function's ARN.

Source: Step Functions developer guide, "Amazon States Language", "Wait for a Callback with Task Token".
"""

from collections.abc import Mapping
from typing import Any

State = dict[str, Any]

FOLLOW_FEED = "FollowFeed"
END_FEED_TASK = "EndFeedTask"
STEPS = (
    "CheckFeed",
    "TakeTurn",
    "SubmitFeed",
    FOLLOW_FEED,
    "CollectFeedReport",
    "ReportListingChanges",
    END_FEED_TASK,
)
"""The functions, by the names that stand for their ARNs."""

DECISION_SECONDS = 90 * 86_400
"""Amazon keeps feeds for 90 days: what nobody has decided by then can't be looked up any more."""

# Longer than any function runs: a safety net for an answer that got lost, not a limit on the work.
_STEP_SECONDS = 1200

_ENDS = {"ended": "TaskEnded", "report-changes": "ReportListingChanges"}
"""Where a task that has ended goes on: one of gathered changes reports each of them first."""

_RETRY = [
    {
        "ErrorEquals": [
            "Lambda.AWSLambdaException",
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.SdkClientException",
            "Lambda.ServiceException",
            "Lambda.TooManyRequestsException",
        ],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 300,
        "MaxAttempts": 40,
        "JitterStrategy": "FULL",
    },
    {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 5,
        "BackoffRate": 2,
        "MaxDelaySeconds": 300,
        "MaxAttempts": 10,
        "JitterStrategy": "FULL",
    },
]
_GIVE_UP = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "GiveUp"}


def definition() -> dict[str, Any]:
    """The whole state machine."""
    return {
        "Comment": "One feed, from the file that was handed over to the result of each message",
        "StartAt": "CheckFeed",
        "States": {
            **_step("CheckFeed", {"take-turn": "TakeTurn", **_ENDS}),
            **_step("TakeTurn", {"submit": "SubmitFeed", "wait": "WaitForTurn", **_ENDS}),
            **_wait("WaitForTurn", "TakeTurn"),
            **_step(
                "SubmitFeed",
                {
                    "await": "AwaitProcessing",
                    "wait": "WaitToSubmit",
                    "decide": "AwaitDecision",
                    **_ENDS,
                },
            ),
            **_wait("WaitToSubmit", "SubmitFeed"),
            **_callback(
                "AwaitProcessing",
                "await",
                {"TimeoutSecondsPath": "$.step.silenceSeconds"},
                {"collect": "CollectFeedReport", "look": "LookAtFeed", **_ENDS},
                late="LookAtFeed",
            ),
            **_step(
                "LookAtFeed",
                {
                    "collect": "CollectFeedReport",
                    "await": "AwaitProcessing",
                    "wait": "WaitToLook",
                    **_ENDS,
                },
                function=FOLLOW_FEED,
                payload={"action": "look"},
            ),
            **_wait("WaitToLook", "LookAtFeed"),
            **_step("CollectFeedReport", {"wait": "WaitToCollect", **_ENDS}),
            **_wait("WaitToCollect", "CollectFeedReport"),
            **_callback(
                "AwaitDecision",
                "await-decision",
                {"TimeoutSeconds": DECISION_SECONDS},
                {"await": "AwaitProcessing", "take-turn": "TakeTurn", **_ENDS},
                late="EndUndecided",
            ),
            **_step("EndUndecided", _ENDS, function=END_FEED_TASK, payload={"action": "undecided"}),
            **_report(),
            **_give_up(),
            "TaskEnded": {"Type": "Succeed", "Comment": "What became of the feed stands in the task"},
            "TaskFailed": {
                "Type": "Fail",
                "ErrorPath": "$.failure.Error",
                "CausePath": "$.failure.Cause",
            },
        },
    }


def _step(
    name: str,
    answers: Mapping[str, str],
    *,
    function: str | None = None,
    payload: Mapping[str, str] | None = None,
) -> dict[str, State]:
    """A step and the Choice after it."""
    return {
        name: {
            "Type": "Task",
            "Resource": f"${{{function or name}}}",
            "Parameters": {"taskId.$": "$.taskId", **(payload or {})},
            "ResultPath": "$.step",
            "TimeoutSeconds": _STEP_SECONDS,
            "Retry": _RETRY,
            "Catch": [_GIVE_UP],
            "Next": f"After{name}",
        },
        **_choice(f"After{name}", answers),
    }


def _callback(
    name: str, action: str, timeout: Mapping[str, Any], answers: Mapping[str, str], *, late: str
) -> dict[str, State]:
    """A step that somebody else answers, by its task token, or that is `late`; and the Choice after it."""
    return {
        name: {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {
                "FunctionName": f"${{{FOLLOW_FEED}}}",
                "Payload": {"action": action, "taskId.$": "$.taskId", "token.$": "$$.Task.Token"},
            },
            "ResultPath": "$.step",
            **timeout,
            # That nobody has answered is what the Catch is for: States.ALL would repeat it.
            "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}, *_RETRY],
            "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.silence", "Next": late}, _GIVE_UP],
            "Next": f"After{name}",
        },
        **_choice(f"After{name}", answers),
    }


def _wait(name: str, then: str) -> dict[str, State]:
    return {name: {"Type": "Wait", "SecondsPath": "$.step.waitSeconds", "Next": then}}


def _choice(name: str, answers: Mapping[str, str]) -> dict[str, State]:
    rules = [
        {"Variable": "$.step.next", "StringEquals": answer, "Next": state}
        for answer, state in answers.items()
    ]
    return {name: {"Type": "Choice", "Choices": rules, "Default": "AnswerUnknown"}}


def _answer_unknown(then: str) -> State:
    return {
        "Type": "Pass",
        "Comment": "A function of another version than the state machine's",
        "Result": {"Error": "AnswerUnknown", "Cause": "A step answered what its Choice doesn't know"},
        "ResultPath": "$.failure",
        "Next": then,
    }


def _report() -> dict[str, State]:
    """Each gathered change gets its result, also after the task was given up."""
    states = _step(
        "ReportListingChanges",
        {"again": "ReportListingChanges", "wait": "WaitToReport", "ended": "ChangesReported"},
    )
    # Given up a second time it would come here again.
    not_reported = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "TaskFailed"}
    states["ReportListingChanges"]["Catch"] = [not_reported]
    states["AfterReportListingChanges"]["Default"] = "ReportUnknown"
    return {
        **states,
        "ReportUnknown": _answer_unknown("TaskFailed"),
        **_wait("WaitToReport", "ReportListingChanges"),
        "ChangesReported": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.failure", "IsPresent": True, "Next": "TaskFailed"}],
            "Default": "TaskEnded",
        },
    }


def _give_up() -> dict[str, State]:
    """What becomes of a task when a step failed for good: an open createFeed is a person's to decide."""
    states = _step(
        "GiveUp",
        {"decide": "LeaveToDecision", "report-changes": "ReportListingChanges", "ended": "TaskFailed"},
        function=END_FEED_TASK,
        payload={"action": "give-up", "error.$": "$.failure.Error", "cause.$": "$.failure.Cause"},
    )
    states["GiveUp"]["Catch"] = [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "TaskFailed"}
    ]
    states["AfterGiveUp"]["Default"] = "TaskFailed"
    return {
        **states,
        "AnswerUnknown": _answer_unknown("GiveUp"),
        "LeaveToDecision": {
            "Type": "Pass",
            "Comment": "What failed is behind: the decision begins anew",
            "Parameters": {"taskId.$": "$.taskId"},
            "Next": "AwaitDecision",
        },
    }
