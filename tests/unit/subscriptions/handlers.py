"""What tests of the handlers share: the environment, a context, CloudFormation's events and its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "a_function",
    "POWERTOOLS_METRICS_NAMESPACE": "Sellerbus",
    "LOG_LEVEL": "INFO",
    "STAGE": "dev",
    "SP_API_ENDPOINT": "https://sp.test",
    "LWA_ENDPOINT": "https://lwa.test/token",
    "LWA_SECRET_ID": "arn:secret",
    "QUOTA_TABLE_NAME": "quotas",
    "EVENT_BUS_NAME": "bus",
    "KEY_ID": "arn:key",
    "SELLER_TABLE_NAME": "sellers",
    "SUBSCRIPTION_STATE_TABLE_NAME": "states",
    "SUBSCRIPTION_QUEUE_URL": "https://queue",
    "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL": "https://dead-letters",
    "WANTED_PARAMETER_NAME": "/wanted",
}


@dataclass
class Context:
    seconds: float = 120.0
    function_name: str = "a_function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:1:function:a_function"
    aws_request_id: str = "request-1"
    log_group_name: str = "/aws/lambda/a_function"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class Reply:
    status_code: int = 200


@dataclass
class CloudFormation:
    """Where custom resources answer; stands for the HTTP session."""

    answers: list[dict[str, Any]] = field(default_factory=list)

    def put(self, url: str, *, data: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
        self.answers.append(json.loads(data))
        return Reply()


def set_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def event(kind: str, properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": "https://cloudformation.test/answer",
        "StackId": "stack-1",
        "RequestId": "cfn-1",
        "LogicalResourceId": "Resource",
        "ResourceProperties": dict(properties),
        **more,
    }
