"""What a request to the Notifications API must look like. Pure: no state, no I/O.

Each function takes what a client sent and returns it typed, or raises ApiError 400 whose details name the
field. Source: the definitions of the model notifications.json and the pages it refers to. Fields that the
model does not know are ignored. Where Amazon documents a limit but not the text of the refusal, the text is
ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.catalogue import NotificationType, Workflow
from simulator.errors import invalid

MAXIMUM_NAME_CHARACTERS = 256
MAXIMUM_ARN_CHARACTERS = 1000
MAXIMUM_EXPRESSION_CHARACTERS = 256
PAGE_SIZE_RANGE = (30, 100)

_QUEUE_ARN = re.compile(r"^arn:aws:sqs:\S+:\S+:\S+")
_ACCOUNT_ID = re.compile(r"\d{12}")
_EVENT_FILTER_FIELDS = ("marketplaceIds", "aggregationSettings", "orderChangeTypes", "trackingIdentifier")
_AGGREGATION_PERIODS = ("FiveMinutes", "TenMinutes")
_ORDER_CHANGE_TYPES = ("BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange")
_TRACKING_IDENTIFIERS = (
    "id",
    "acsin",
    "aftn",
    "containerNumber",
    "houseBillOfLadingNumber",
    "carrierTracking",
)
# CEL string literals, with the backticks of the model's own example.
_LITERAL = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`")
_INDEXING = re.compile(r"[\w)\]]\s*\[")


@dataclass(frozen=True)
class DestinationRequest:
    name: str
    workflow: Workflow
    resource: dict[str, str]


@dataclass(frozen=True)
class SubscriptionRequest:
    payload_version: str
    destination_id: str
    processing_directive: dict[str, Any] | None


@dataclass(frozen=True)
class ListingRequest:
    notification_type: str
    payload_version: str | None
    page_size: int
    next_token: str | None


@dataclass(frozen=True)
class NotificationTestRequest:
    destination_id: str
    payload_version: str
    test_scenario: str


def known_type(types: Mapping[str, NotificationType], name: str) -> NotificationType:
    found = types.get(name)
    if found is None:
        raise invalid(f"Invalid notificationType {name}")
    return found


def destination_request(body: object) -> DestinationRequest:
    """The body of createDestination: a name and exactly one of sqs and eventBridge."""
    fields = _object(body, "body")
    name = _text(fields, "name", maximum=MAXIMUM_NAME_CHARACTERS)
    specification = _object(fields.get("resourceSpecification"), "resourceSpecification")
    given = [workflow for workflow in Workflow if specification.get(workflow.value) is not None]
    if len(given) != 1:
        raise invalid("resourceSpecification must have exactly one of sqs and eventBridge")
    workflow = given[0]
    resource = _object(specification[workflow.value], workflow.value)
    if workflow is Workflow.SQS:
        return DestinationRequest(name, workflow, {"arn": _queue_arn(resource)})
    account_id = _text(resource, "accountId")
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise invalid("accountId must be an AWS account id of 12 digits")
    return DestinationRequest(name, workflow, {"region": _text(resource, "region"), "accountId": account_id})


def _queue_arn(resource: Mapping[str, Any]) -> str:
    arn = _text(resource, "arn", maximum=MAXIMUM_ARN_CHARACTERS)
    if not _QUEUE_ARN.match(arn):
        raise invalid(r"arn must match the pattern ^arn:aws:sqs:\S+:\S+:\S+")
    if arn.endswith(".fifo"):
        raise invalid("Amazon SQS FIFO queues are not supported, use a standard queue")
    return arn


def subscription_request(body: object, kind: NotificationType) -> SubscriptionRequest:
    """The body of createSubscription for a type."""
    fields = _object(body, "body")
    payload_version = _text(fields, "payloadVersion")
    if payload_version not in kind.payload_versions:
        raise invalid(f"Invalid payloadVersion {payload_version} for notificationType {kind.name}")
    destination_id = _text(fields, "destinationId")
    directive = fields.get("processingDirective")
    if directive is not None:
        directive = _without_nulls(_object(directive, "processingDirective"))
        _check_directive(directive, kind)
    return SubscriptionRequest(payload_version, destination_id, directive)


def _check_directive(directive: Mapping[str, Any], kind: NotificationType) -> None:
    event_filter, expression = directive.get("eventFilter"), directive.get("filterExpression")
    if event_filter is not None and expression is not None:
        raise invalid("eventFilter and filterExpression are mutually exclusive")
    if event_filter is not None:
        if not kind.event_filter_fields:
            raise invalid(f"notificationType {kind.name} does not support eventFilter")
        _check_event_filter(_object(event_filter, "eventFilter"), kind)
    elif expression is not None:
        if not kind.filter_expression:
            raise invalid(f"notificationType {kind.name} does not support filterExpression")
        check_filter_expression(_text(directive, "filterExpression", maximum=MAXIMUM_EXPRESSION_CHARACTERS))
    elif kind.workflow is Workflow.EVENT_BRIDGE:
        raise invalid(f"notificationType {kind.name} does not support processingDirective")


def check_filter_expression(expression: str) -> None:
    """CEL without arithmetic and without indexing; what stands inside string literals is free."""
    code = _LITERAL.sub("''", expression)
    for operator in "+-*/%":
        if operator in code:
            raise invalid(f"filterExpression must not use the arithmetic operator {operator}")
    if _INDEXING.search(re.sub(r"\bin\s*\[", "in (", code)):
        raise invalid("filterExpression must not use list or map indexing")


def _check_event_filter(event_filter: Mapping[str, Any], kind: NotificationType) -> None:
    filter_type = _text(event_filter, "eventFilterType")
    if filter_type != kind.name:
        raise invalid(f"eventFilterType {filter_type} does not fit notificationType {kind.name}")
    for name in _EVENT_FILTER_FIELDS:
        if event_filter.get(name) is not None and name not in kind.event_filter_fields:
            raise invalid(f"eventFilterType {filter_type} does not support {name}")
    if (marketplaces := event_filter.get("marketplaceIds")) is not None:
        _texts(marketplaces, "marketplaceIds")
    if (settings := event_filter.get("aggregationSettings")) is not None:
        period = _text(_object(settings, "aggregationSettings"), "aggregationTimePeriod")
        if period not in _AGGREGATION_PERIODS:
            raise invalid(f"aggregationTimePeriod must be one of {', '.join(_AGGREGATION_PERIODS)}")
    for change in _texts(event_filter.get("orderChangeTypes") or [], "orderChangeTypes"):
        if change not in _ORDER_CHANGE_TYPES:
            raise invalid(f"orderChangeTypes must be of {', '.join(_ORDER_CHANGE_TYPES)}")
    if "trackingIdentifier" in kind.event_filter_fields:
        _check_tracking_identifier(event_filter.get("trackingIdentifier"))


def _check_tracking_identifier(value: object) -> None:
    identifier = _object(value, "trackingIdentifier")
    given = [name for name in _TRACKING_IDENTIFIERS if identifier.get(name) is not None]
    if len(given) != 1:
        raise invalid(f"trackingIdentifier must have exactly one of {', '.join(_TRACKING_IDENTIFIERS)}")
    if given[0] == "carrierTracking":
        _text(_object(identifier["carrierTracking"], "carrierTracking"), "trackingNumber")
    else:
        _text(identifier, given[0])


def listing_request(
    query: Sequence[tuple[str, str]], types: Mapping[str, NotificationType]
) -> ListingRequest:
    """The query of getSubscriptions; `notificationTypes` is a list that takes exactly one today."""
    names = [part for key, value in query if key == "notificationTypes" for part in value.split(",")]
    if len(names) != 1 or not names[0]:
        raise invalid("notificationTypes must have exactly 1 item")
    values = dict(query)
    return ListingRequest(
        notification_type=known_type(types, names[0]).name,
        payload_version=values.get("payloadVersion") or None,
        page_size=_page_size(values.get("pageSize")),
        next_token=values.get("nextToken") or None,
    )


def _page_size(value: str | None) -> int:
    smallest, largest = PAGE_SIZE_RANGE
    if value is None:
        return smallest
    if not re.fullmatch(r"[0-9]{1,3}", value) or not smallest <= int(value) <= largest:
        raise invalid(f"pageSize must be an integer from {smallest} to {largest}")
    return int(value)


def notification_test_request(body: object, kind: NotificationType) -> NotificationTestRequest:
    """The body of sendTestNotification; the model says that an empty testScenario is refused."""
    fields = _object(body, "body")
    notification = _object(fields.get("testNotification"), "testNotification")
    payload_version = _text(notification, "payloadVersion")
    if payload_version not in kind.payload_versions:
        raise invalid(f"Invalid payloadVersion {payload_version} for notificationType {kind.name}")
    return NotificationTestRequest(
        _text(fields, "destinationId"), payload_version, _text(notification, "testScenario")
    )


def _without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """A field that is null counts as absent, and the answers of the model have no nulls."""
    return {
        name: _without_nulls(held) if isinstance(held, dict) else held
        for name, held in value.items()
        if held is not None
    }


def _object(value: object, name: str) -> dict[str, Any]:
    if value is None:
        raise invalid(f"{name} is required")
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object")
    return value


def _text(fields: Mapping[str, Any], name: str, maximum: int | None = None) -> str:
    value = fields.get(name)
    if value is None or value == "":
        raise invalid(f"{name} is required")
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    if maximum is not None and len(value) > maximum:
        raise invalid(f"{name} must have at most {maximum} characters")
    return value


def _texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise invalid(f"{name} must be a list of strings")
    return value
