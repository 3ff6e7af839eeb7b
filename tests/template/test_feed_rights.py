"""The functions of feed tasks may do exactly what their code does, to exactly what it is about."""

import json
from typing import Any

import pytest

from tests.template.synthesis import Synthesis, listed, refers_to

OF_ALL = {"WriteLogs", "XRay"}
OF_CALLS = {"ReadLwaCredentials", "ReadLwaCredentialsKey", "SpendQuota", "DecryptRefreshTokens"}
TABLE = "Tasks"
INBOX = "Inbox"
RESULTS = "Results"
MACHINE = "FeedTasks-"
EXECUTIONS = "Executions"

# A task's row is written, and its place in the lane deleted, in transactions of updates and deletes.
KEEP = {"GetItem", "UpdateItem", "DeleteItem"}


def table(*operations: str) -> tuple[set[str], str]:
    return {f"dynamodb:{operation}" for operation in operations}, TABLE


READ_FEEDS = ({"s3:GetObject", "s3:GetObjectVersion"}, INBOX, "/feeds/*")
READ_CHANGES = ({"s3:GetObject", "s3:GetObjectVersion"}, INBOX, "/changes/*")
FIND_FEEDS = ({"s3:ListBucket"}, INBOX)
PUBLISH = ({"events:PutEvents"}, "EventBus")
SELLERS = ({"dynamodb:GetItem"}, "SellerRegistry")
ANSWER = ({"states:SendTaskSuccess"}, MACHINE)
TAKE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
TAKE_AND_HIDE = {*TAKE, "sqs:ChangeMessageVisibility"}
DELETE = {"s3:DeleteObject", "s3:DeleteObjectVersion"}
DEAD_LETTER = {"sqs:SendMessage", "sqs:GetQueueUrl"}

# By function and Sid: the actions, what they are about, and where that is a bucket's objects their prefix.
RIGHTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "accept_feeds": {
        "TakeRequests": (TAKE_AND_HIDE, "RequestsFeedRequestQueue"),
        "SendDeadLetters": (DEAD_LETTER, "RequestsFeedRequestQueueDeadLetterQueue"),
        "UseTasks": table("GetItem", "PutItem"),
        "PublishEvents": PUBLISH,
        "ReadFeeds": READ_FEEDS,
        "FindFeeds": FIND_FEEDS,
        "KeepFeeds": ({"s3:PutObject"}, INBOX, "/feeds/*"),
        "StartTasks": ({"states:StartExecution"}, MACHINE),
    },
    "check_feed": {
        "UseTasks": table(*KEEP),
        "PublishEvents": PUBLISH,
        "LookUpSellers": SELLERS,
        "ReadFeeds": READ_FEEDS,
        "FindFeeds": FIND_FEEDS,
        "KeepFindings": ({"s3:PutObject"}, RESULTS, "/tasks/*"),
    },
    "take_feed_turn": {"UseTasks": table(*KEEP, "ConditionCheckItem", "Query")},
    "submit_feed": {
        "UseTasks": table(*KEEP),
        "PublishEvents": PUBLISH,
        "UseSellerRegistry": SELLERS,
        "ReadFeeds": READ_FEEDS,
        "FindFeeds": FIND_FEEDS,
    },
    "follow_feed": {
        "UseTasks": table(*KEEP),
        "PublishEvents": PUBLISH,
        "UseSellerRegistry": SELLERS,
        "AnswerSteps": ANSWER,
    },
    "note_feed_processed": {
        "TakeNotifications": (TAKE, "ProcessedFeedProcessedQueue"),
        "UseTasks": table("GetItem", "UpdateItem"),
        "AnswerSteps": ANSWER,
    },
    "collect_feed_report": {
        "UseTasks": table(*KEEP),
        "PublishEvents": PUBLISH,
        "UseSellerRegistry": SELLERS,
        "KeepReports": ({"s3:PutObject", "s3:AbortMultipartUpload"}, RESULTS, "/tasks/*"),
    },
    "report_listing_changes": {
        "UseTasks": table("GetItem", "PutItem", "UpdateItem"),
        "PublishEvents": PUBLISH,
        "ReadChanges": READ_CHANGES,
        "ReadResults": ({"s3:GetObject"}, RESULTS, "/tasks/*"),
    },
    "end_feed_task": {
        "UseTasks": table(*KEEP),
        "PublishEvents": PUBLISH,
        "StartTasks": ({"states:StartExecution"}, MACHINE),
    },
    "operate_feed": {
        "UseTasks": table(*KEEP, "PutItem"),
        "PublishEvents": PUBLISH,
        "UseSellerRegistry": SELLERS,
        "AnswerSteps": ANSWER,
    },
    "gather_listing_changes": {
        "TakeChanges": (TAKE_AND_HIDE, "ChangesListingChangeQueue"),
        "CloseLater": ({"sqs:SendMessage"}, "ChangesListingChangeQueue"),
        "SendDeadLetters": (DEAD_LETTER, "ChangesListingChangeQueueDeadLetterQueue"),
        "UseTasks": table(*KEEP, "PutItem", "Query"),
        "PublishEvents": PUBLISH,
        "ReadChanges": READ_CHANGES,
        "KeepChanges": ({"s3:PutObject"}, INBOX, "/changes/*"),
        "KeepFeeds": ({"s3:PutObject"}, INBOX, "/feeds/*"),
    },
    "stop_executions": {
        "FindExecutions": ({"states:ListExecutions"}, MACHINE),
        "StopExecutions": ({"states:StopExecution"}, EXECUTIONS),
    },
    "empty_bucket": {
        "InboxList": ({"s3:ListBucketVersions"}, INBOX),
        "InboxDelete": (DELETE, INBOX, "/*"),
        "ResultsList": ({"s3:ListBucketVersions"}, RESULTS),
        "ResultsDelete": (DELETE, RESULTS, "/*"),
    },
}
CALLERS = {"collect_feed_report", "follow_feed", "operate_feed", "submit_feed"}


def is_about(statement: Any, synthesis: Synthesis, beginning: str) -> bool:
    resource = statement["Resource"]
    if beginning in (MACHINE, EXECUTIONS):
        # It is known by its name before it is there.
        kind = "stateMachine" if beginning == MACHINE else "execution"
        return f":{kind}:{synthesis.prefix}-tasks-{MACHINE}" in json.dumps(resource)
    return any(
        refers_to(resource, logical_id)
        for template in synthesis.templates.values()
        for logical_id, found in template.body["Resources"].items()
        if logical_id[:-8] == beginning and "Policy" not in found["Type"]
    )


def key_sids(function: str) -> set[str]:
    """The statements about the key that go with the others."""
    others = RIGHTS[function]
    by_service = {f"{sid}Key" for sid, right in others.items() if _service(right[0]) in ("s3", "sqs")}
    without_data = {f"{sid}Key" for sid, right in others.items() if right[0] <= _ABOUT_NO_DATA}
    return (by_service - without_data) | ({"UseTablesKey"} if "UseTasks" in others else set())


_ABOUT_NO_DATA = {"s3:ListBucket", "s3:ListBucketVersions", *DELETE}


def _service(actions: set[str]) -> str:
    (service,) = {action.split(":")[0] for action in actions}
    return service


def functions(synthesis: Synthesis) -> list[str]:
    return sorted(synthesis.tasks.functions())


def test_every_function_stands_in_the_table(local: Synthesis) -> None:
    assert functions(local) == sorted(RIGHTS)


def test_each_has_these_statements_and_no_others(synthesis: Synthesis) -> None:
    for function in functions(synthesis):
        wanted = {*RIGHTS[function], *key_sids(function), *OF_ALL}
        if function in CALLERS:
            wanted |= OF_CALLS
        assert set(synthesis.tasks.rights(function)) == wanted, function


def test_each_statement_names_these_actions_and_what_they_are_about(synthesis: Synthesis) -> None:
    for function in functions(synthesis):
        rights = synthesis.tasks.rights(function)
        for sid, (actions, beginning, *prefix) in RIGHTS[function].items():
            statement = rights[sid]
            # The emulator knows batches of messages by names of their own.
            named = {action for action in listed(statement["Action"]) if not action.endswith("Batch")}
            assert named == actions, (function, sid)
            assert is_about(statement, synthesis, beginning), (function, sid)
            if prefix:
                assert statement["Resource"]["Fn::Join"][1][-1] == prefix[0], (function, sid)


def test_the_key_is_used_through_the_service_that_holds_the_data(synthesis: Synthesis) -> None:
    for function in functions(synthesis):
        rights = synthesis.tasks.rights(function)
        for sid in key_sids(function):
            service = "dynamodb" if sid == "UseTablesKey" else _service(RIGHTS[function][sid[:-3]][0])
            via = rights[sid]["Condition"]["StringEquals"]["kms:ViaService"]
            assert via.split(".")[0] == service, (function, sid)


def test_the_key_makes_new_data_keys_only_where_something_is_written(synthesis: Synthesis) -> None:
    for function in functions(synthesis):
        rights = synthesis.tasks.rights(function)
        for sid in key_sids(function) - {"UseTablesKey"}:
            writes = RIGHTS[function][sid[:-3]][0] & {"s3:PutObject", "sqs:SendMessage"}
            assert ("kms:GenerateDataKey" in listed(rights[sid]["Action"])) == bool(writes), (function, sid)


def test_they_publish_events_of_feeds_only(synthesis: Synthesis) -> None:
    for function in functions(synthesis):
        statement = synthesis.tasks.rights(function).get("PublishEvents")
        if statement:
            assert statement["Condition"] == {"StringEquals": {"events:source": ["sellerbus.feeds"]}}, (
                function
            )


def test_nobody_but_the_operator_makes_the_operators_function_work(synthesis: Synthesis) -> None:
    """It has no event source, and no service may invoke it."""
    function = synthesis.tasks.logical_id("AWS::Lambda::Function", "OperatorOperateFeed")
    policies = synthesis.tasks.of_type("AWS::IAM::Policy").values()
    invoked = [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "lambda:InvokeFunction" in listed(statement["Action"])
    ]
    assert not refers_to(invoked, function)
    for resource_type in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Events::Rule"):
        for resource in synthesis.tasks.of_type(resource_type).values():
            assert not refers_to(resource["Properties"], function)


@pytest.mark.parametrize(
    ("function", "seconds", "least_mb"),
    [
        ("check_feed", 900, 1769),
        ("submit_feed", 900, 1769),
        ("collect_feed_report", 900, 1769),
        ("report_listing_changes", 900, 1024),
        ("accept_feeds", 300, 1769),
        ("gather_listing_changes", 300, 1024),
    ],
)
def test_what_works_on_documents_has_time_and_a_processor(
    example: Synthesis, function: str, seconds: int, least_mb: int
) -> None:
    """From 1769 MB on a function has one whole processor (Lambda developer guide, "Configure memory")."""
    properties = example.tasks.functions()[function]["Properties"]
    assert properties["Timeout"] == seconds
    assert properties["MemorySize"] >= least_mb


def test_the_others_are_short(example: Synthesis) -> None:
    short = {"take_feed_turn", "follow_feed", "note_feed_processed", "end_feed_task", "operate_feed"}
    timeouts = {name: found["Properties"]["Timeout"] for name, found in example.tasks.functions().items()}
    assert {name for name, seconds in timeouts.items() if seconds <= 60} == short
