"""What the emulator's enforcement of IAM lacks.

In ministack 1.5.33 KMS requests have no condition keys kms:EncryptionContext:* and kms:EncryptionContextKeys,
so that a policy which demands the seller's encryption context, and is right in AWS, denies every call here.
Nor have PutEvents requests the key events:source, nor DynamoDB's the key dynamodb:LeadingKeys. And a
DescribeEventSource is taken to be about a rule.

Nothing is allowed here that AWS would deny.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

_PARTITION_KEY: Final = "pk"
"""What the partition key of every table is called here that has a sort key too."""


def kms_condition_keys(body: bytes) -> dict[str, Any]:
    """The condition keys that AWS derives from a KMS request's encryption context, in lower case."""
    try:
        context = json.loads(body).get("EncryptionContext") or {}
    except (ValueError, AttributeError):
        return {}
    keys: dict[str, Any] = {f"kms:encryptioncontext:{name.lower()}": value for name, value in context.items()}
    if context:
        keys["kms:encryptioncontextkeys"] = list(context)
    return keys


def put_events_keys(body: bytes) -> dict[str, Any]:
    """The condition key of a PutEvents request. AWS looks at each entry; several sources are denied here."""
    try:
        sources = {str(entry.get("Source")) for entry in json.loads(body)["Entries"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {"events:source": " and ".join(sorted(sources))}


def dynamodb_keys(body: bytes) -> dict[str, Any]:
    """The condition key of requests that name their items: the partitions of all of them.

    AWS looks at each item of a transaction by itself, and refuses the whole where one is refused.
    """
    try:
        request = json.loads(body)
        actions = [action for item in request.get("TransactItems", ()) for action in item.values()]
        found = {_partition(action) for action in actions or [request]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {"dynamodb:leadingkeys": sorted(found)}


def _partition(action: Mapping[str, Any]) -> str:
    named: Mapping[str, Any] = action.get("Key") or action["Item"]
    (only,) = named[_PARTITION_KEY].values()
    return str(only)


def with_services_keys(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """`original` gives the condition keys of a request's tags; the result gives the services' own as well."""

    def condition_keys(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
        found = original(service, iam_action, body, params)
        if service == "kms":
            return {**found, **kms_condition_keys(body)}
        if service == "dynamodb":
            return {**found, **dynamodb_keys(body)}
        return {**found, **put_events_keys(body)} if iam_action == "events:PutEvents" else found

    return condition_keys


def with_event_sources(original: Callable[..., str]) -> Callable[..., str]:
    """`original` gives the ARN of the resource that a request is about; the result knows event sources."""

    def resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query_params: Any,
        region: str,
        account_id: str,
    ) -> str:
        if service == "events" and headers.get("x-amz-target", "").endswith(".DescribeEventSource"):
            return f"arn:aws:events:{region}::event-source/{json.loads(body).get('Name')}"
        return original(service, method, path, headers, body, query_params, region, account_id)

    return resource_arn


def fit(iam_actions: Any) -> None:
    """Takes the places in the emulator's module that reads requests for IAM."""
    iam_actions.request_tag_context = with_services_keys(iam_actions.request_tag_context)
    iam_actions.extract_resource_arn = with_event_sources(iam_actions.extract_resource_arn)
