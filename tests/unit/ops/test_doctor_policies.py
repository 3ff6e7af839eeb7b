"""What a resource policy lets an account do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.doctor.policies import faults

ARN = "arn:aws:sqs:us-east-1:123456789012:queue"
AMAZON = "437568002678"
SEND = "sqs:SendMessage"
ALLOW: dict[str, Any] = {
    "Sid": "Amazon",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{AMAZON}:root"},
    "Action": [SEND],
    "Resource": ARN,
}
DENY: dict[str, Any] = {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}


def found(*statements: dict[str, Any]) -> list[str]:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return faults(policy, account=AMAZON, actions=[SEND], resource=ARN)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Principal": {"AWS": AMAZON}},
        {"Principal": {"AWS": ["arn:aws:iam::123456789012:root", f"arn:aws:iam::{AMAZON}:root"]}},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Action": "SQS:sendmessage"},
        {"Action": "sqs:Send*"},
        {"Action": "*"},
        {"Resource": "*"},
        {"Resource": ["arn:aws:sqs:*:123456789012:other", "arn:aws:sqs:*:123456789012:queue"]},
    ],
)
def test_what_lets_it(change: dict[str, Any]) -> None:
    assert found({**ALLOW, **change}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Deny"},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Principal": {"Service": "events.amazonaws.com"}},
        # A user of Amazon's account is not the account.
        {"Principal": {"AWS": f"arn:aws:iam::{AMAZON}:user/somebody"}},
        {"Action": "sqs:ReceiveMessage"},
        {"Resource": f"{ARN}-other"},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
    ],
)
def test_what_does_not(change: dict[str, Any]) -> None:
    assert found({**ALLOW, **change}) != []


def test_a_denial_counts_but_that_of_plain_transport() -> None:
    assert found(ALLOW, {**DENY, "Condition": PLAIN}) == []
    assert found(ALLOW, {**DENY, "Condition": {"Bool": {"aws:securetransport": False}}}) == []
    assert found(ALLOW, DENY) == [f"statement No denies account {AMAZON} {SEND}"]
    assert found(ALLOW, {**DENY, "Condition": {**PLAIN, "StringEquals": {"x": "y"}}}) != []
    assert found(ALLOW, {**DENY, "Action": "sqs:DeleteQueue"}) == []
    assert found(ALLOW, {**DENY, "Principal": {"AWS": "123456789012"}}) == []


def test_the_not_forms() -> None:
    other = {key: value for key, value in DENY.items() if key != "Action"}
    assert found(ALLOW, {**other, "NotAction": "sqs:SendMessage"}) == []
    assert found(ALLOW, {**other, "NotAction": "sqs:ReceiveMessage"}) != []


def test_everybody_but_some_are_denied() -> None:
    other = {key: value for key, value in DENY.items() if key != "Principal"}
    assert found(ALLOW, {**other, "NotPrincipal": {"AWS": "123456789012"}}) != []
    assert found(ALLOW, {**other, "NotPrincipal": {"AWS": f"arn:aws:iam::{AMAZON}:root"}}) == []


def test_no_policy_and_a_single_statement() -> None:
    assert faults("", account=AMAZON, actions=[SEND], resource=ARN) == ["there is no policy at all"]
    alone = json.dumps({"Statement": ALLOW})
    assert faults(alone, account=AMAZON, actions=[SEND], resource=ARN) == []
