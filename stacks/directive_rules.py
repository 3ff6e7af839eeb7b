"""What Amazon accepts as a processingDirective of a notification type. Pure."""

from collections.abc import Iterator

from stacks import marketplaces
from stacks.filter_expressions import filter_expression_faults
from stacks.finding import Finding
from stacks.marked_yaml import Path
from stacks.notification_types import NotificationType
from stacks.settings_sections import EventFilter, Notification


def directive_findings(
    notification: Notification, entry: NotificationType | None, path: Path
) -> Iterator[Finding]:
    """What is wrong with the directive of the notification at `path`; `entry` None for a custom type."""
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
        yield from _event_filter(event_filter, notification.type, entry, (*place, "eventFilter"))


def _event_filter(
    event_filter: EventFilter, name: str, entry: NotificationType | None, place: Path
) -> Iterator[Finding]:
    if entry is not None and entry.event_filter_keys is None:
        yield Finding(place, None, f"{name} has no eventFilter", "leave the key out")
        return
    if event_filter.event_filter_type != name:
        at = (*place, "eventFilterType")
        yield Finding(at, event_filter.event_filter_type, "differs from the notification's type", name)
    given = event_filter.model_dump(exclude_none=True, by_alias=True)
    if entry is not None and entry.event_filter_keys is not None:
        for key in given:
            if key not in ("eventFilterType", *entry.event_filter_keys):
                allowed = ", ".join(entry.event_filter_keys)
                yield Finding((*place, key), None, f"is not part of the eventFilter of {name}", allowed)
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
