"""What keys of the settings demand of each other, and of the catalogue of notification types. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stacks import marketplaces
from stacks.directive_rules import directive_findings
from stacks.finding import Finding
from stacks.marked_yaml import Path
from stacks.marketplaces import SellingRegion
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
class Parts:
    """The keys that are valid by themselves. A key that is missing here has its own problem already."""

    values: Mapping[str, Any]
    region: SellingRegion | None
    """sp_api.region, even where another key of sp_api is wrong."""
    marketplaces: Mapping[int, str]
    """As the file spells them, by their place in the list."""
    notifications: Mapping[int, Notification]


def findings(parts: Parts) -> list[Finding]:
    """Everything that the valid parts of the settings do wrong together."""
    return [
        *_endpoints(parts.values),
        *_marketplaces(parts),
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


def _marketplaces(parts: Parts) -> Iterator[Finding]:
    seen: set[str | None] = set()
    for index, name in parts.marketplaces.items():
        path: Path = ("marketplaces", index)
        if marketplaces.marketplace_id(name) in seen:
            yield Finding(path, name, "is listed twice", "each marketplace once")
        seen.add(marketplaces.marketplace_id(name))
        if parts.region:
            yield from _of_region(name, parts.region, path)
    for index, notification in parts.notifications.items():
        directive = notification.processing_directive
        event_filter = directive.event_filter if directive else None
        for number, identifier in enumerate((event_filter and event_filter.marketplace_ids) or ()):
            if parts.region and marketplaces.marketplace_id(identifier) == identifier:
                filtered = ("processing_directive", "eventFilter", "marketplaceIds", number)
                yield from _of_region(identifier, parts.region, ("notifications", index, *filtered))


def _of_region(name: str, region: SellingRegion, path: Path) -> Iterator[Finding]:
    identifier = marketplaces.marketplace_id(name)
    found = marketplaces.region_of_marketplace(identifier) if identifier else region
    if found != region:
        fault = f"is a marketplace of sp_api.region {found}, but sp_api.region is {region}"
        allowed = f"marketplaces of {region}: " + ", ".join(marketplaces.countries(region))
        yield Finding(path, name, fault, f"{allowed}; another region is another stage")


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
        yield from directive_findings(notification, entry, path)


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
