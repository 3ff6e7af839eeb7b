"""The bus, and where its failures go."""

import json
from collections.abc import Mapping
from typing import Any

from tests.template.synthesis import Synthesis, attribute

REQUESTS = {
    "FeedRequested": "sellerbus.feeds",
    "ListingChangeRequested": "sellerbus.feeds",
    "MessageRequested": "sellerbus.messages",
}


def test_what_cannot_be_encrypted_is_kept(synthesis: Synthesis) -> None:
    bus_id = synthesis.notifications.logical_id("AWS::Events::EventBus", "EventBus")
    bus = synthesis.notifications.of_type("AWS::Events::EventBus")[bus_id]
    assert bus["Properties"]["Name"] == synthesis.prefix
    queue_id = synthesis.notifications.logical_id("AWS::SQS::Queue", "EventBusUndeliverableQueue")
    assert bus["Properties"]["DeadLetterConfig"] == {"Arn": attribute(queue_id)}
    (allowed,) = (
        statement
        for policy in synthesis.notifications.of_type("AWS::SQS::QueuePolicy").values()
        if {"Ref": queue_id} in policy["Properties"]["Queues"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    )
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": attribute(bus_id)}}


def test_what_is_asked_of_sellerbus_reaches_what_works_on_it_and_nothing_else(synthesis: Synthesis) -> None:
    """A request of a message has the text in it: it is neither archived nor shown to a consumer of events."""
    reached = {
        (request, name[:-8])
        for template in synthesis.templates.values()
        for name, found in template.of_type("AWS::Events::Rule").items()
        for request, source in REQUESTS.items()
        # A schedule has no pattern.
        if takes(found["Properties"].get("EventPattern", {"source": []}), source, request)
    }
    assert reached == {
        ("FeedRequested", "RequestsRequestsOnTheBus"),
        ("ListingChangeRequested", "ChangesChangesOnTheBus"),
        ("MessageRequested", "MessagesRequestsRequestsOnTheBus"),
    }


def takes(pattern: Mapping[str, Any], source: str, detail_type: str) -> bool:
    """Whether a pattern takes events of a source and detail type, whatever their detail."""
    return matches(pattern.get("source"), source) and matches(pattern.get("detail-type"), detail_type)


def matches(filters: list[Any] | None, value: str) -> bool:
    if filters is None:
        return True
    return any(
        each == value
        if isinstance(each, str)
        else value.startswith(each["prefix"])
        if "prefix" in each
        else value not in each["anything-but"]
        for each in filters
    )


def test_the_example_consumer_gets_everything_that_is_told_and_nobody_else_sends_to_it(
    synthesis: Synthesis,
) -> None:
    consumer = synthesis.templates["ExampleConsumer"]
    rule_id, rule = next(iter(consumer.of_type("AWS::Events::Rule").items()))
    queue_id = consumer.logical_id("AWS::SQS::Queue", "ConsumerQueue")
    dead_letter_id = consumer.logical_id("AWS::SQS::Queue", "ConsumerDeadLetterQueue")
    assert rule["Properties"]["EventPattern"] == {
        "source": [{"prefix": "sellerbus."}],
        "detail-type": [{"anything-but": [*sorted(REQUESTS), "SELLERBUS_CANARY"]}],
    }
    (target,) = rule["Properties"]["Targets"]
    assert target["Arn"] == attribute(queue_id)
    assert target["DeadLetterConfig"] == {"Arn": attribute(dead_letter_id)}
    for policy in consumer.of_type("AWS::SQS::QueuePolicy").values():
        (allowed,) = (
            statement
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        )
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": attribute(rule_id)}}


def test_the_example_consumer_may_be_looked_into_as_often_as_sqs_allows(synthesis: Synthesis) -> None:
    consumer = synthesis.templates["ExampleConsumer"]
    queue = consumer.of_type("AWS::SQS::Queue")[consumer.logical_id("AWS::SQS::Queue", "ConsumerQueue")]
    assert queue["Properties"]["RedrivePolicy"]["maxReceiveCount"] == 1000


def test_there_is_a_consumer_only_where_it_is_configured(example: Synthesis) -> None:
    assert "ExampleConsumer" in example.templates
    source = json.dumps(example.notifications.body)
    assert "ExampleConsumer" not in source
