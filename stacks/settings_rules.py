"""What keys of the settings demand of each other, and of the catalogue of notification types. Pure."""

from collections.abc import Iterator, Mapping

from stacks.directive_rules import directive_findings
from stacks.feed_types import KNOWN_FEED_TYPES
from stacks.finding import Finding
from stacks.marked_yaml import Path
from stacks.notification_types import (
    NOTIFICATION_TYPES,
    REMOVED_TYPES,
    NotificationType,
    Workflow,
    default_payload_version,
    subscribable_types,
)
from stacks.settings_alarms import Alarms, alarm_findings
from stacks.settings_client_secret import ClientSecret, client_secret_findings
from stacks.settings_feeds import DEFAULT_TYPE, Feeds
from stacks.settings_messages import Messages
from stacks.settings_parts import Parts
from stacks.settings_regions import region_findings
from stacks.settings_sections import (
    DEAD_LETTER_RETENTION_DAYS,
    Notification,
    Processing,
    Queue,
    Retention,
)

REDRIVE_DAYS = 7
"""How long somebody may take to send a dead letter back, at the end of its retention."""


def findings(parts: Parts) -> list[Finding]:
    """Everything that the valid parts of the settings do wrong together."""
    return [
        *region_findings(parts),
        *_custom_types(parts.values.get("custom_types", ())),
        *(finding for listed in parts.lists() for finding in _notifications(parts, *listed[:2])),
        *(finding for listed in parts.lists() for finding in _duplicates(*listed[:2])),
        *_retention(parts.values.get("retention")),
        *_processing(parts.values.get("processing")),
        *_queue(parts.values.get("queue")),
        *_feeds(parts.values.get("feeds")),
        *_messages(parts.values.get("messages"), parts.values.get("retention")),
        *_alarms(parts.values.get("alarms")),
        *_client_secret(parts.values.get("client_secret"), parts),
    ]


def _custom_types(names: tuple[str, ...]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        path = ("custom_types", index)
        if name in names[:index]:
            yield Finding(path, name, "is listed twice", "each type once")
        elif reason := _refusal(name):
            yield Finding(path, name, reason, "types that Amazon added after this version")
        elif name in NOTIFICATION_TYPES:
            yield Finding(path, name, "is known already", "types that Amazon added after this version")


def removed(name: str) -> str:
    """What became of a type that Amazon took out of service; "" of any other."""
    return f"was removed by Amazon and replaced by {REMOVED_TYPES[name]}" if name in REMOVED_TYPES else ""


def _refusal(name: str) -> str | None:
    """Why createSubscription can never take a type; None where it can."""
    if successor := removed(name):
        return successor
    entry = NOTIFICATION_TYPES.get(name)
    if entry and entry.workflow is Workflow.DEVELOPER_CONSOLE:
        return "is registered in the Developer Console, not by createSubscription"
    return None


def _notifications(parts: Parts, place: Path, notifications: Mapping[int, Notification]) -> Iterator[Finding]:
    custom: tuple[str, ...] | None = parts.values.get("custom_types")
    for index, notification in notifications.items():
        path: Path = (*place, index)
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


def _duplicates(place: Path, notifications: Mapping[int, Notification]) -> Iterator[Finding]:
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
            yield Finding((*place, index), notification.type, fault, allowed)
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


def _feeds(feeds: Feeds | None) -> Iterator[Finding]:
    if feeds is None:
        return
    known = {DEFAULT_TYPE, *KNOWN_FEED_TYPES, *feeds.custom_types}
    for name, seconds in feeds.seconds_between.items():
        if name not in known:
            allowed = (
                f"{', '.join(sorted(known))}; a type that Amazon added later goes into feeds.custom_types"
            )
            yield Finding(("feeds", "seconds_between", name), seconds, "is not a known feed type", allowed)
    changes = feeds.changes
    # A default gives way by itself, in the functions' environment.
    told = "most_kilobytes" in changes.model_fields_set
    if told and changes.most_kilobytes > feeds.largest_megabytes * 1024:
        yield Finding(
            ("feeds", "changes", "most_kilobytes"),
            changes.most_kilobytes,
            "gathers feeds that are larger than feeds.largest_megabytes allows",
            f"at most {feeds.largest_megabytes * 1024}",
        )


def _messages(messages: Messages | None, retention: Retention | None) -> Iterator[Finding]:
    if messages is None or retention is None:
        return
    most = retention.messages_days * 24
    if messages.give_up_hours > most:
        fault = "goes on trying to send a message whose text is erased by then"
        allowed = f"at most {most} (retention.messages_days {retention.messages_days})"
        yield Finding(("messages", "give_up_hours"), messages.give_up_hours, fault, allowed)


def _alarms(alarms: Alarms | None) -> Iterator[Finding]:
    if alarms:
        yield from alarm_findings(alarms)


def _client_secret(section: ClientSecret | None, parts: Parts) -> Iterator[Finding]:
    if section:
        yield from client_secret_findings(section, parts.regions)
