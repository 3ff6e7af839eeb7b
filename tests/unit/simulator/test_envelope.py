from typing import Any

import pytest

from simulator.aws import checked_endpoint
from simulator.envelope import Envelope, EnvelopeError, Metadata, as_body, check_body
from simulator.queues import MAXIMUM_BATCH_MESSAGES, MAXIMUM_MESSAGE_BYTES, batches

METADATA = Metadata("app", "sub", "2026-01-01T00:00:00.000Z", "id-1")
PASCAL = {
    "NotificationVersion": "1.0",
    "NotificationType": "ORDER_CHANGE",
    "PayloadVersion": "1.0",
    "NotificationMetadata": {"NotificationId": "given", "Extra": 1},
    "Payload": {"notificationMetadata": "not this one"},
}
CAMEL = {"notificationType": "PRICING_HEALTH", "payloadVersion": "1.0", "payload": {"price": 1.5}}


def test_the_pascal_envelope_keeps_all_but_its_metadata() -> None:
    envelope = Envelope.of(PASCAL)
    minted = envelope.with_metadata(METADATA)
    assert (envelope.notification_type, envelope.payload_version) == ("ORDER_CHANGE", "1.0")
    assert envelope.notification_id == "given"
    assert minted.pop("NotificationMetadata") == {
        "ApplicationId": "app",
        "SubscriptionId": "sub",
        "PublishTime": "2026-01-01T00:00:00.000Z",
        "NotificationId": "id-1",
        "Extra": 1,
    }
    assert minted == {name: value for name, value in PASCAL.items() if name != "NotificationMetadata"}
    assert list(envelope.with_metadata(METADATA)) == list(PASCAL)


def test_the_camel_envelope_gets_metadata_of_its_own_casing() -> None:
    envelope = Envelope.of(CAMEL)
    assert envelope.notification_id is None
    assert envelope.with_metadata(METADATA) == {
        **CAMEL,
        "notificationMetadata": {
            "applicationId": "app",
            "subscriptionId": "sub",
            "publishTime": "2026-01-01T00:00:00.000Z",
            "notificationId": "id-1",
        },
    }


@pytest.mark.parametrize("content", [{}, {"Payload": 1}, {**PASCAL, "notificationType": "X"}])
def test_an_envelope_of_no_casing_or_two_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeError, match="casing"):
        Envelope.of(content)


def test_text_beyond_ascii_is_sent_as_it_is() -> None:
    assert as_body({"a": "é漢"}) == '{"a": "é漢"}'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "empty"),
        ("a\x00", r"U\+0000"),
        ("\ud800", r"U\+D800"),
        ("é" * (MAXIMUM_MESSAGE_BYTES // 2) + "a", "1048577 bytes"),
    ],
)
def test_bodies_that_sqs_refuses(body: str, words: str) -> None:
    with pytest.raises(EnvelopeError, match=words):
        check_body(body)


@pytest.mark.parametrize("body", ["{not json", "\t\n", "a" * MAXIMUM_MESSAGE_BYTES, "\U0001f600"])
def test_bodies_that_sqs_takes(body: str) -> None:
    assert check_body(body) == body


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="not JSON"):
        as_body({"a": float("nan")})


def test_batches_keep_order_and_both_limits() -> None:
    small = [str(number) for number in range(MAXIMUM_BATCH_MESSAGES * 2 + 1)]
    assert [len(batch) for batch in batches(small)] == [10, 10, 1]
    assert [body for batch in batches(small) for body in batch] == small
    half = "é" * (MAXIMUM_MESSAGE_BYTES // 4)
    assert [len(batch) for batch in batches([half, half, "a", half])] == [2, 2]
    assert list(batches([])) == []


@pytest.mark.parametrize(
    "url", ["localhost:4566", "ftp://127.0.0.1", "https://sqs.us-east-1.amazonaws.com", "http://"]
)
def test_the_aws_endpoint_is_a_local_one(url: str) -> None:
    with pytest.raises(ValueError, match="AWS endpoint"):
        checked_endpoint(url)
    assert checked_endpoint("http://127.0.0.1:4566") == "http://127.0.0.1:4566"
