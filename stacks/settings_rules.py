"""What keys of the settings demand of each other, and of the catalogue of notification types. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stacks import marketplaces
from stacks.filter_expressions import filter_expression_faults
from stacks.marked_yaml import Path
from stacks.notification_types import (
    NOTIFICATION_TYPES,
    REMOVED_TYPES,
    NotificationType,
    Workflow,
    default_payload_version,
    subscribable_types,
)
from stacks.settings_model import (
    DEAD_LETTER_RETENTION_DAYS,
    Notification,
    Processing,
    Queue,
    Retention,
    SpApi,
)

REDRIVE_DAYS = 7
"""How long somebody may take to send a dead letter back, at the end of its retention."""


@dataclass(frozen=True)
class Finding:
    """One problem at a path of the settings; `value` None where there is none to show."""

    path: Path
    value: Any
    fault: str
    allowed: str


@dataclass(frozen=True)
class Parts:
    """The keys that are valid by themselves. A key that is missing here has its own problem already."""

    values: Mapping[str, Any]
    notifications: Mapping[int, Notification]


def findings(parts: Parts) -> list[Finding]:
    """Everything that the valid parts of the settings do wrong together."""
    return [
        *_endpoints(parts.values),
        *_marketplaces(parts.values),
        *_custom_types(parts.values.get("custom_types", ())),
        *_notifications(parts),
        *_duplicates(parts.notifications),
        *_retention(parts.values.get("retention")),
        *_processing(parts.values.get("processing")),
        *_queue(parts.values.get("queue")),
    ]


def _endpoints(values: Mapping[str, Any]) -> Iterator[Finding]:
    sp_api: SpApi | None = values.get("sp_api")
    emulator: bool | None = values.get("emulator")
    if sp_api is None or emulator is None:
        return
    for key in ("endpoint", "lwa_endpoint"):
        endpoint: str | None = getattr(sp_api, key)
        path = ("sp_api", key)
        if emulator and endpoint is None:
            yield Finding(
                path, None, "is missing: the emulator's stage must not reach Amazon", "the simulator's URL"
            )
        elif not emulator and endpoint is not None:
            fault = "is only for the local emulator: Amazon's own follows from sp_api.region and sandbox"
            yield Finding(path, endpoint, fault, "leave the key out")
        elif endpoint is not None and (urlsplit(endpoint).hostname or "").endswith("amazon.com"):
            yield Finding(path, endpoint, "is Amazon's own, and emulator is true", "the simulator's URL")


def _marketplaces(values: Mapping[str, Any]) -> Iterator[Finding]:
    listed: tuple[str, ...] = values.get("marketplaces", ())
    sp_api: SpApi | None = values.get("sp_api")
    for index, identifier in enumerate(listed):
        path = ("marketplaces", index)
        if identifier in listed[:index]:
            yield Finding(path, identifier, "is listed twice", "each marketplace once")
        region = marketplaces.region_of_marketplace(identifier)
        if sp_api and region != sp_api.region:
            fault = f"is a marketplace of sp_api.region {region}, but sp_api.region is {sp_api.region}"
            allowed = f"marketplaces of {sp_api.region}: " + ", ".join(marketplaces.countries(sp_api.region))
            yield Finding(path, identifier, fault, f"{allowed}; another region is another stage")


def _custom_types(names: tuple[str, ...]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        path = ("custom_types", index)
        if name in names[:index]:
            yield Finding(path, name, "is listed twice", "each type once")
        elif reason := _refusal(name):
            yield Finding(path, name, reason, "types that Amazon added after this version")
        elif name in NOTIFICATION_TYPES:
            yield Finding(path, name, "is known already", "types that Amazon added after this version")


def _refusal(name: str) -> str | None:
    """Why createSubscription with an SQS destination can never take a type; None where it can."""
    if name in REMOVED_TYPES:
        return f"was removed by Amazon and replaced by {REMOVED_TYPES[name]}"
    entry = NOTIFICATION_TYPES.get(name)
    if entry and entry.workflow is Workflow.EVENTBRIDGE:
        return "needs Amazon's EventBridge workflow: it cannot be delivered to an SQS queue"
    if entry and entry.workflow is Workflow.DEVELOPER_CONSOLE:
        return "is registered in the Developer Console, not by createSubscription"
    return None


def _notifications(parts: Parts) -> Iterator[Finding]:
    custom: tuple[str, ...] | None = parts.values.get("custom_types")
    for index, notification in parts.notifications.items():
        path: Path = ("notifications", index)
        name = notification.type
        types = ", ".join(subscribable_types())
        if reason := _refusal(name):
            allowed = f"{REMOVED_TYPES[name]}" if name in REMOVED_TYPES else types
            yield Finding((*path, "type"), name, reason, allowed)
            continue
        entry = NOTIFICATION_TYPES.get(name)
        if entry is None and custom is not None and name not in custom:
            allowed = f"{types}; a type that Amazon added later goes into custom_types"
            yield Finding((*path, "type"), name, "is not a known notification type", allowed)
            continue
        yield from _payload_version(notification, entry, path)
        yield from _directive(notification, entry, path)


def _payload_version(
    notification: Notification, entry: NotificationType | None, path: Path
) -> Iterator[Finding]:
    version = notification.payload_version
    place = (*path, "payload_version")
    if entry is None:
        if version is None:
            yield Finding(
                place,
                None,
                f"is missing: the versions of the custom type {notification.type} are not known",
                "a version",
            )
        return
    allowed = " or ".join(entry.payload_versions)
    if version is None and len(entry.payload_versions) > 1:
        yield Finding(place, None, f"is missing: {notification.type} has several versions", allowed)
    elif version is not None and version not in entry.payload_versions:
        yield Finding(place, version, f"is not a payload version of {notification.type}", allowed)


def _directive(notification: Notification, entry: NotificationType | None, path: Path) -> Iterator[Finding]:
    directive = notification.processing_directive
    if directive is None:
        return
    place = (*path, "processing_directive")
    event_filter, expression = directive.event_filter, directive.filter_expression
    if event_filter is None and expression is None:
        yield Finding(place, None, "is empty", "eventFilter or filterExpression")
    if event_filter is not None and expression is not None:
        yield Finding(place, None, "has eventFilter and filterExpression", "one of the two")
    if expression is not None:
        at = (*place, "filterExpression")
        if entry is not None and not entry.filter_expression:
            yield Finding(
                at, expression, f"{notification.type} has no filter expressions", "leave the key out"
            )
        for fault in filter_expression_faults(expression):
            allowed = "CEL without + - * / % and [ ], at most 256 characters"
            yield Finding(at, expression, fault, allowed)
    if event_filter is not None:
        yield from _event_filter(notification, entry, (*place, "eventFilter"))


def _event_filter(
    notification: Notification, entry: NotificationType | None, place: Path
) -> Iterator[Finding]:
    event_filter = (
        notification.processing_directive.event_filter if notification.processing_directive else None
    )
    if event_filter is None:
        return
    if entry is not None and entry.event_filter_keys is None:
        yield Finding(place, None, f"{notification.type} has no eventFilter", "leave the key out")
        return
    if event_filter.event_filter_type != notification.type:
        at = (*place, "eventFilterType")
        yield Finding(
            at, event_filter.event_filter_type, "differs from the notification's type", notification.type
        )
    given = event_filter.model_dump(exclude_none=True, by_alias=True)
    if entry is not None and entry.event_filter_keys is not None:
        for key in given:
            if key not in ("eventFilterType", *entry.event_filter_keys):
                allowed = ", ".join(entry.event_filter_keys)
                yield Finding(
                    (*place, key), None, f"is not part of the eventFilter of {notification.type}", allowed
                )
    for index, identifier in enumerate(given.get("marketplaceIds", ())):
        if marketplaces.marketplace_id(identifier) != identifier:
            at = (*place, "marketplaceIds", index)
            yield Finding(
                at, identifier, "is not a marketplace id", "ids such as ATVPDKIKX0DER, no country codes"
            )
    tracking = given.get("trackingIdentifier")
    if tracking is not None and len(tracking) != 1:
        yield Finding(
            (*place, "trackingIdentifier"), None, f"holds {len(tracking)} identifiers", "exactly one"
        )


def _duplicates(notifications: Mapping[int, Notification]) -> Iterator[Finding]:
    """Amazon keeps several subscriptions of one type and version only where filter expressions differ."""
    seen: dict[tuple[str, str | None], dict[int, str | None]] = {}
    for index, notification in notifications.items():
        directive = notification.processing_directive
        expression = directive.filter_expression if directive else None
        version = notification.payload_version or default_payload_version(notification.type)
        others = seen.setdefault((notification.type, version), {})
        twin = next(
            (i for i, other in others.items() if None in (other, expression) or other == expression), None
        )
        if twin is not None:
            fault = f"asks for the type and version of notifications[{twin}] again"
            allowed = "one entry, or a different filterExpression in each"
            yield Finding(("notifications", index), notification.type, fault, allowed)
        others[index] = expression


def _retention(retention: Retention | None) -> Iterator[Finding]:
    if retention is None:
        return
    least = retention.queue_days + DEAD_LETTER_RETENTION_DAYS + REDRIVE_DAYS
    if retention.completed_days < least:
        fault = "forgets a notification while a copy of it may still lie in a queue"
        allowed = (
            f"at least {least} (queue_days {retention.queue_days} + {DEAD_LETTER_RETENTION_DAYS} in the "
            f"dead-letter queue + {REDRIVE_DAYS} to send it back)"
        )
        yield Finding(("retention", "completed_days"), retention.completed_days, fault, allowed)
    if retention.payloads_days < retention.archive_days:
        fault = "deletes large payloads while the archive can still replay the events that point to them"
        yield Finding(
            ("retention", "payloads_days"),
            retention.payloads_days,
            fault,
            f"at least archive_days ({retention.archive_days})",
        )


def _processing(processing: Processing | None) -> Iterator[Finding]:
    if processing and processing.batch_size > 10 and processing.batching_window_seconds < 1:
        fault = "is above 10 without a batching window"
        allowed = "at most 10, or processing.batching_window_seconds of at least 1"
        yield Finding(("processing", "batch_size"), processing.batch_size, fault, allowed)


def _queue(queue: Queue | None) -> Iterator[Finding]:
    if queue and queue.fifo:
        yield Finding(
            ("queue", "fifo"),
            True,
            "asks for a FIFO queue, to which Amazon doesn't send",
            "false, or leave the key out",
        )
