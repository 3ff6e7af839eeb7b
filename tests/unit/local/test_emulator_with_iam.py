"""The condition keys that the emulator's IAM mode is given are those of AWS."""

from __future__ import annotations

import json
from typing import Any

from local.emulator_with_iam import (
    dynamodb_keys,
    kms_condition_keys,
    put_events_keys,
    with_event_sources,
    with_services_keys,
)


def test_an_encryption_context_becomes_condition_keys() -> None:
    body = json.dumps({"CiphertextBlob": "...", "EncryptionContext": {"sellerId": "A1"}}).encode()

    assert kms_condition_keys(body) == {
        "kms:encryptioncontext:sellerid": "A1",
        "kms:encryptioncontextkeys": ["sellerId"],
    }


def test_without_a_context_there_are_no_keys_and_a_body_that_is_no_json_is_no_error() -> None:
    assert kms_condition_keys(b'{"KeyId": "k"}') == {}
    assert kms_condition_keys(b"") == {}
    assert kms_condition_keys(b"[]") == {}


def test_the_source_of_events_is_a_condition_key_and_two_sources_match_none() -> None:
    def keys(*sources: str) -> dict[str, Any]:
        return put_events_keys(json.dumps({"Entries": [{"Source": source} for source in sources]}).encode())

    assert keys("sellerbus.sellers", "sellerbus.sellers") == {"events:source": "sellerbus.sellers"}
    assert keys("a", "b")["events:source"] not in ("a", "b")
    assert put_events_keys(b"[]") == put_events_keys(b"") == {}


def test_the_partitions_of_the_items_that_are_named_are_a_condition_key() -> None:
    def item(pk: str) -> dict[str, Any]:
        return {"pk": {"S": pk}, "sk": {"S": "recent"}}

    def keys(**request: Any) -> dict[str, Any]:
        return dynamodb_keys(json.dumps(request).encode())

    assert keys(Key=item("orders/A1")) == {"dynamodb:leadingkeys": ["orders/A1"]}
    assert keys(Item=item("orders/A1")) == {"dynamodb:leadingkeys": ["orders/A1"]}
    both = [{"Put": {"Item": item("b")}}, {"Update": {"Key": item("a")}}]
    assert keys(TransactItems=both) == {"dynamodb:leadingkeys": ["a", "b"]}


def test_a_request_that_names_no_item_has_no_such_key() -> None:
    assert dynamodb_keys(b'{"TableName": "t"}') == {}
    assert dynamodb_keys(b'{"Key": {"bucket": {"S": "b"}}}') == {}
    assert dynamodb_keys(b'{"TransactItems": [5]}') == {}
    assert dynamodb_keys(b"") == dynamodb_keys(b"[]") == {}


def test_only_the_services_own_requests_get_their_keys() -> None:
    def original(service: str, iam_action: str, body: bytes, params: object) -> dict[str, Any]:
        return {"aws:TagKeys": ["team"]}

    keys = with_services_keys(original)
    body = b'{"EncryptionContext": {"sellerId": "A1"}}'

    assert keys("sqs", "sqs:SendMessage", body, {}) == {"aws:TagKeys": ["team"]}
    assert keys("kms", "kms:Decrypt", body, {})["kms:encryptioncontext:sellerid"] == "A1"
    assert keys("kms", "kms:Decrypt", body, {})["aws:TagKeys"] == ["team"]
    entries = b'{"Entries": [{"Source": "a"}]}'
    assert keys("events", "events:PutEvents", entries, {})["events:source"] == "a"
    assert "events:source" not in keys("events", "events:PutRule", entries, {})
    read = b'{"Key": {"pk": {"S": "p"}}}'
    assert keys("dynamodb", "dynamodb:GetItem", read, {})["dynamodb:leadingkeys"] == ["p"]
    assert "dynamodb:leadingkeys" not in keys("sqs", "sqs:SendMessage", read, {})


def test_an_event_source_is_no_rule() -> None:
    arn_of = with_event_sources(lambda *_: "arn:of-the-emulator")
    body = b'{"Name": "aws.partner/sellingpartnerapi.amazon.com/1/2"}'

    def arn(service: str, action: str) -> str:
        headers = {"x-amz-target": f"AWSEvents.{action}"}
        return arn_of(service, "POST", "/", headers, body, {}, "eu-west-1", "123456789012")

    source = "arn:aws:events:eu-west-1::event-source/aws.partner/sellingpartnerapi.amazon.com/1/2"
    assert arn("events", "DescribeEventSource") == source
    assert arn("events", "DescribeRule") == "arn:of-the-emulator"
    assert arn("sqs", "DescribeEventSource") == "arn:of-the-emulator"
