"""The queue Amazon sends to, its policy and its dead-letter queue."""

import json
from typing import Any

import pytest

from tests.template.synthesis import Resource, Synthesis, attribute, listed, settings_of, synthesise

AMAZON = "arn:aws:iam::437568002678:root"
FOURTEEN_DAYS = 14 * 24 * 3600


@pytest.fixture
def queue_id(synthesis: Synthesis) -> str:
    return synthesis.notifications.logical_id("AWS::SQS::Queue", "NotificationQueue")


@pytest.fixture
def dead_letter_id(synthesis: Synthesis) -> str:
    return synthesis.notifications.logical_id("AWS::SQS::Queue", "NotificationQueueDeadLetterQueue")


@pytest.fixture
def queue(synthesis: Synthesis, queue_id: str) -> Resource:
    found: Resource = synthesis.notifications.body["Resources"][queue_id]["Properties"]
    return found


@pytest.fixture
def dead_letters(synthesis: Synthesis, dead_letter_id: str) -> Resource:
    found: Resource = synthesis.notifications.body["Resources"][dead_letter_id]["Properties"]
    return found


def statements_about(synthesis: Synthesis, logical_id: str) -> list[Any]:
    return [
        statement
        for policy in synthesis.notifications.of_type("AWS::SQS::QueuePolicy").values()
        if {"Ref": logical_id} in policy["Properties"]["Queues"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_is_a_standard_queue(queue: Resource) -> None:
    assert "FifoQueue" not in queue
    assert not json.dumps(queue["QueueName"]).rstrip('"]}').endswith(".fifo")


def test_is_encrypted_with_the_customer_managed_key(synthesis: Synthesis, queue: Resource) -> None:
    key_id = synthesis.foundation.logical_id("AWS::KMS::Key", "Key")
    assert key_id in queue["KmsMasterKeyId"]["Fn::ImportValue"]


def test_reuses_data_keys(queue: Resource, dead_letters: Resource) -> None:
    assert queue["KmsDataKeyReusePeriodSeconds"] == dead_letters["KmsDataKeyReusePeriodSeconds"] == 3600


def test_keeps_messages_as_long_as_sqs_can(queue: Resource, dead_letters: Resource) -> None:
    assert queue["MessageRetentionPeriod"] == dead_letters["MessageRetentionPeriod"] == FOURTEEN_DAYS


def test_hides_messages_for_six_timeouts_of_the_function_and_the_window(
    synthesis: Synthesis, queue: Resource
) -> None:
    function = synthesis.notifications.functions()["process_notifications"]["Properties"]
    window = synthesis.settings.processing.batching_window_seconds
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"] + window


def test_gives_up_messages_to_its_dead_letter_queue(queue: Resource, dead_letter_id: str) -> None:
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": attribute(dead_letter_id), "maxReceiveCount": 12}


def test_the_dead_letter_queue_takes_messages_of_exactly_this_queue(
    synthesis: Synthesis, queue: Resource, dead_letters: Resource
) -> None:
    allowed = dead_letters["RedriveAllowPolicy"]
    assert allowed["redrivePermission"] == "byQueue"
    (source,) = allowed["sourceQueueArns"]
    prefix, account, rest, *unique = source["Fn::Join"][1]
    service = f"arn:aws:sqs:{synthesis.settings.aws_region}:"
    assert (prefix, account) == (service, {"Ref": "AWS::AccountId"})
    assert [rest.removeprefix(":"), *unique] == queue["QueueName"]["Fn::Join"][1]


def test_the_dead_letter_queue_has_the_same_key(queue: Resource, dead_letters: Resource) -> None:
    assert dead_letters["KmsMasterKeyId"] == queue["KmsMasterKeyId"]


def allowed_by(synthesis: Synthesis, logical_id: str) -> dict[str, Any]:
    """What is allowed, by Sid, but for the rule of the partner event bus, which stands in its own tests."""
    allowed = [s for s in statements_about(synthesis, logical_id) if s["Effect"] == "Allow"]
    found = {statement["Sid"]: statement for statement in allowed}
    assert len(found) == len(allowed)
    assert ("TheRuleSendsEvents" in found) == synthesis.has_partner_events
    found.pop("TheRuleSendsEvents", None)
    return found


def test_amazon_may_send_and_look_and_nobody_else_may_do_anything(
    synthesis: Synthesis, queue_id: str
) -> None:
    (allowed,) = allowed_by(synthesis, queue_id).values()
    assert allowed["Principal"] == {"AWS": AMAZON}
    assert set(allowed["Action"]) == {"sqs:SendMessage", "sqs:GetQueueAttributes"}
    assert allowed["Resource"] == attribute(queue_id)
    assert "Condition" not in allowed


def test_nobody_outside_may_do_anything_with_the_dead_letter_queue(
    synthesis: Synthesis, dead_letter_id: str
) -> None:
    assert allowed_by(synthesis, dead_letter_id) == {}


def test_only_this_queue_and_the_applications_are_open_to_amazon(synthesis: Synthesis, queue_id: str) -> None:
    open_to_amazon = [
        name[:-8]
        for name, policy in synthesis.all_of_type("AWS::SQS::QueuePolicy").items()
        if AMAZON in json.dumps(policy)
    ]
    assert open_to_amazon == [
        f"Notifications/{queue_id[:-8]}Policy",
        "Operations/SecretRotationApplicationQueuePolicy",
    ]


def test_the_function_is_fed_in_batches_with_partial_failures(synthesis: Synthesis, queue_id: str) -> None:
    (mapping,) = (
        resource["Properties"]
        for resource in synthesis.notifications.of_type("AWS::Lambda::EventSourceMapping").values()
        if resource["Properties"]["EventSourceArn"] == attribute(queue_id)
    )
    processing = synthesis.settings.processing
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == processing.batch_size
    assert mapping["MaximumBatchingWindowInSeconds"] == processing.batching_window_seconds
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": processing.maximum_concurrency}
    (function,) = listed(mapping["FunctionName"]["Ref"])
    functions = synthesis.notifications.of_type("AWS::Lambda::Function")
    variables = functions[function]["Properties"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == "process_notifications"


def test_names_stay_within_what_sqs_takes_for_the_longest_stage(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = settings_of("example").model_copy(update={"example_consumer": True})
    longest = synthesise("a" * 20, settings, tmp_path_factory.mktemp("longest"))
    names = [
        resource["Properties"]["QueueName"]
        for resource in longest.all_of_type("AWS::SQS::Queue").values()
        if "QueueName" in resource["Properties"]
    ]
    plain = [name for name in names if isinstance(name, str)]
    assert [len(name) <= 80 for name in plain] == [True]
    joined = [name["Fn::Join"][1] for name in names if not isinstance(name, str)]
    assert len(joined) == 9
    # The second part is the last group of the stack's UUID: 12 characters.
    assert all(len(text) + 12 <= 80 for text, _ in joined)
