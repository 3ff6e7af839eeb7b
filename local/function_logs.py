"""What the deployed functions logged, read from CloudWatch Logs of the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_NOISE = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START", '{"_aws":')


def function_logs(logs: Any, *, name_contains: str = "", lines: int = 60) -> dict[str, list[str]]:
    """The last `lines` lines of each log group whose name contains `name_contains` (any case), oldest first.

    Left out are groups without lines, the platform's own lines and the metrics. `logs` is a boto3 client.
    """
    found: dict[str, list[str]] = {}
    for group in _groups(logs):
        if name_contains.lower() not in group.lower():
            continue
        messages = [message for message in _messages(logs, group) if not message.startswith(_NOISE)]
        if messages:
            found[group] = messages[-lines:]
    return found


def _groups(logs: Any) -> Iterator[str]:
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            yield group["logGroupName"]


def _messages(logs: Any, group: str) -> Iterator[str]:
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        for event in page["events"]:
            yield event["message"].rstrip()
