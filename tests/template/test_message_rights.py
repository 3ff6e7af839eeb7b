"""The functions of message tasks may do exactly what their code does, and nothing with what is the feeds'."""

import json

from tests.template.synthesis import Synthesis, listed, refers_to
from tests.template.task_rights import (
    DEAD_LETTER,
    PUBLISH,
    SELLERS,
    TAKE_AND_HIDE,
    Right,
    Rights,
    nobody_invokes,
)

TABLE = "MessagesTable"
BUCKET = "MessagesBucket"
REQUESTS = "MessagesRequestsMessageTaskQueue"
SENDING = "MessagesMessageSendQueue"


def table(*operations: str) -> Right:
    return {f"dynamodb:{operation}" for operation in operations}, TABLE


READ = {"s3:GetObject", "s3:GetObjectVersion"}
READ_ATTACHMENTS = (READ, BUCKET, "/attachments/*")
SEND = ({"sqs:SendMessage"}, SENDING)

BY_FUNCTION: dict[str, dict[str, Right]] = {
    "accept_messages": {
        "TakeRequests": (TAKE_AND_HIDE, REQUESTS),
        "SendDeadLetters": (DEAD_LETTER, f"{REQUESTS}DeadLetterQueue"),
        "HandOver": SEND,
        "UseMessages": table("GetItem", "PutItem", "UpdateItem"),
        "PublishEvents": PUBLISH,
        "ReadAttachments": READ_ATTACHMENTS,
        "FindAttachments": ({"s3:ListBucket"}, BUCKET),
    },
    "send_message": {
        "TakeTasks": (TAKE_AND_HIDE, SENDING),
        "SendDeadLetters": (DEAD_LETTER, f"{SENDING}DeadLetterQueue"),
        "UseMessages": table("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        "PublishEvents": PUBLISH,
        "UseSellerRegistry": SELLERS,
        "ReadAttachments": READ_ATTACHMENTS,
        "ReadTemplates": (READ, BUCKET, "/templates/*"),
        "FindObjects": ({"s3:ListBucket"}, BUCKET),
    },
    "sweep_messages": {
        "UseMessages": table("GetItem", "UpdateItem"),
        "FindOpenMessages": ({"dynamodb:Query"}, TABLE),
        "PutBack": SEND,
    },
    "operate_message": {
        "UseMessages": table("DeleteItem", "GetItem", "UpdateItem"),
        "PublishEvents": PUBLISH,
        "SendAgain": SEND,
    },
    "look_up_orders": {
        "UseSellerRegistry": SELLERS,
        "KeepRecentOrders": table("GetItem", "PutItem"),
    },
}
RIGHTS = Rights(BY_FUNCTION, callers=frozenset({"send_message", "look_up_orders"}))


def test_each_has_these_statements_and_no_others(synthesis: Synthesis) -> None:
    assert RIGHTS.functions(synthesis) == sorted(BY_FUNCTION)
    RIGHTS.check_sids(synthesis)


def test_each_statement_names_these_actions_and_what_they_are_about(synthesis: Synthesis) -> None:
    RIGHTS.check_statements(synthesis)


def test_the_key_is_used_through_the_service_that_holds_the_data(synthesis: Synthesis) -> None:
    RIGHTS.check_key(synthesis)


def test_they_publish_events_of_messages_only(synthesis: Synthesis) -> None:
    RIGHTS.check_source(synthesis, "sellerbus.messages")


def test_nobody_but_the_operator_makes_the_operators_functions_work(synthesis: Synthesis) -> None:
    nobody_invokes(synthesis, "MessagesOperatorOperateMessage")
    nobody_invokes(synthesis, "MessagesOperatorLookUpOrders")


def test_who_looks_orders_up_reads_no_message(synthesis: Synthesis) -> None:
    statement = synthesis.tasks.rights("look_up_orders")["KeepRecentOrders"]
    assert statement["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["orders/*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def test_the_sweeper_finds_open_tasks_by_their_index_only(synthesis: Synthesis) -> None:
    statement = synthesis.tasks.rights("sweep_messages")["FindOpenMessages"]
    assert statement["Resource"]["Fn::Join"][1][-1] == "/index/open"


def resources_of(synthesis: Synthesis, *beginnings: str) -> set[str]:
    return {
        name
        for resource_type in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue")
        for name in synthesis.tasks.of_type(resource_type)
        if name.startswith(beginnings)
    }


def test_functions_of_feeds_and_of_messages_have_no_right_on_what_is_the_others(synthesis: Synthesis) -> None:
    of_messages = resources_of(synthesis, "Messages")
    others = resources_of(synthesis, "") - of_messages
    assert len(of_messages) == 6
    assert len(others) == 9
    # It goes with the stack, and takes the objects out of all its buckets.
    for function in set(synthesis.tasks.functions()) - {"empty_bucket"}:
        forbidden = others if function in BY_FUNCTION else of_messages
        for sid, statement in synthesis.tasks.rights(function).items():
            reached = {name for name in forbidden if refers_to(statement["Resource"], name)}
            assert not reached, (function, sid)
        policy = json.dumps(synthesis.tasks.rights(function))
        assert "feeds" not in policy if function in BY_FUNCTION else "sellerbus.messages" not in policy


def test_no_function_but_the_one_that_sends_may_both_read_a_text_and_call_amazon(
    synthesis: Synthesis,
) -> None:
    may = {
        function
        for function in synthesis.tasks.functions()
        if "SpendQuota" in synthesis.tasks.rights(function)
        and "UseMessages" in synthesis.tasks.rights(function)
    }
    assert may == {"send_message"}


def test_only_what_is_handed_over_and_the_sweeper_and_a_person_put_tasks_into_the_queue(
    synthesis: Synthesis,
) -> None:
    """The function that works on it sends nothing there: Lambda would stop such a chain as endless."""
    queue = synthesis.tasks.logical_id("AWS::SQS::Queue", SENDING)
    senders = {
        function
        for function in synthesis.tasks.functions()
        for statement in synthesis.tasks.rights(function).values()
        if "sqs:SendMessage" in listed(statement["Action"]) and refers_to(statement["Resource"], queue)
    }
    assert senders == {"accept_messages", "operate_message", "sweep_messages"}
