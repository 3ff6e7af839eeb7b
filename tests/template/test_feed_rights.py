"""The functions of feed tasks may do exactly what their code does, to exactly what it is about."""

import pytest

from tests.template.synthesis import Synthesis
from tests.template.task_rights import (
    DEAD_LETTER,
    DELETE,
    EXECUTIONS,
    MACHINE,
    PUBLISH,
    SELLERS,
    TAKE,
    TAKE_AND_HIDE,
    Right,
    Rights,
    nobody_invokes,
)
from tests.template.test_message_rights import RIGHTS as RIGHTS_OF_MESSAGES

TABLE = "Tasks"
INBOX = "Inbox"
RESULTS = "Results"
MESSAGES = "MessagesBucket"

# A task's row is written, and its place in the lane deleted, in transactions of updates and deletes.
KEEP = {"GetItem", "UpdateItem", "DeleteItem"}


def table(*operations: str) -> Right:
    return {f"dynamodb:{operation}" for operation in operations}, TABLE


READ_FEEDS = ({"s3:GetObject", "s3:GetObjectVersion"}, INBOX, "/feeds/*")
READ_CHANGES = ({"s3:GetObject", "s3:GetObjectVersion"}, INBOX, "/changes/*")
FIND_FEEDS = ({"s3:ListBucket"}, INBOX)
ANSWER = ({"states:SendTaskSuccess"}, MACHINE)

BY_FUNCTION: dict[str, dict[str, Right]] = {
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
        "MessagesList": ({"s3:ListBucketVersions"}, MESSAGES),
        "MessagesDelete": (DELETE, MESSAGES, "/*"),
    },
}
RIGHTS = Rights(
    BY_FUNCTION, callers=frozenset({"collect_feed_report", "follow_feed", "operate_feed", "submit_feed"})
)


def test_every_function_stands_in_a_table(local: Synthesis) -> None:
    of_messages = set(RIGHTS_OF_MESSAGES.by_function)
    assert set(local.tasks.functions()) - of_messages == set(BY_FUNCTION)
    assert of_messages <= set(local.tasks.functions())


def test_each_has_these_statements_and_no_others(synthesis: Synthesis) -> None:
    RIGHTS.check_sids(synthesis)


def test_each_statement_names_these_actions_and_what_they_are_about(synthesis: Synthesis) -> None:
    RIGHTS.check_statements(synthesis)


def test_the_key_is_used_through_the_service_that_holds_the_data(synthesis: Synthesis) -> None:
    RIGHTS.check_key(synthesis)


def test_they_publish_events_of_feeds_only(synthesis: Synthesis) -> None:
    RIGHTS.check_source(synthesis, "sellerbus.feeds")


def test_nobody_but_the_operator_makes_the_operators_function_work(synthesis: Synthesis) -> None:
    nobody_invokes(synthesis, "OperatorOperateFeed")


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
    found = example.tasks.functions()
    timeouts = {name: found[name]["Properties"]["Timeout"] for name in BY_FUNCTION.keys() & found.keys()}
    assert {name for name, seconds in timeouts.items() if seconds <= 60} == short
