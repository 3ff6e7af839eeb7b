"""The partner event source that AWS shows in the account after Amazon was told of an EventBridge destination.

Until it is there no event bus can be associated with it. AWS documents no time for its coming.

Source: EventBridge API, DescribeEventSource; EventBridge user guide, "Receiving events from a SaaS partner".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from sellerbus.api.notifications import Destination, EventBridgeResource

PATIENCE_SECONDS: Final = 60.0
NAP_SECONDS: Final = 2.0

_CONSOLE: Final = "in the AWS console of {region}, Amazon EventBridge, Partner event sources"


class EventSourceError(Exception):
    """No event bus can be associated with the source now; the text says what a person has to do."""


class EventsClient(Protocol):
    """The part of boto3's EventBridge client used here."""

    @property
    def exceptions(self) -> Any: ...

    def describe_event_source(self, **request: Any) -> Mapping[str, Any]: ...


def await_event_source(
    client: EventsClient,
    destination: Destination,
    source: EventBridgeResource,
    *,
    for_new_bus: bool,
    remaining_seconds: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when an event bus can be associated with the destination's source, or is.

    for_new_bus: the bus is yet to be created, so that an associated one is another's.
    Naps are NAP_SECONDS, all together at most PATIENCE_SECONDS and within the remaining time.
    Raises EventSourceError, and what the client raises.
    """
    waited = 0.0
    while (state := _state(client, source.name)) not in ("PENDING", "ACTIVE"):
        if waited >= PATIENCE_SECONDS or remaining_seconds() < 2 * NAP_SECONDS:
            raise EventSourceError(_not_there(destination, source, state, waited))
        sleep(NAP_SECONDS)
        waited += NAP_SECONDS
    if state == "ACTIVE" and for_new_bus:
        raise EventSourceError(_taken(source))


def _state(client: EventsClient, name: str) -> str | None:
    try:
        return str(client.describe_event_source(Name=name).get("State"))
    except client.exceptions.ResourceNotFoundException:
        return None


def _not_there(
    destination: Destination, source: EventBridgeResource, state: str | None, waited: float
) -> str:
    console = _CONSOLE.format(region=source.region)
    # AWS keeps a source without an event bus for two weeks (EventBridge API, DeactivateEventSource).
    anew = (
        "AWS ends an event source that has had no event bus for two weeks; then, or where Amazon never made "
        f"one, delete the destination {destination.destination_id} at Amazon (deleteDestination, once no "
        "subscription uses it), so that the next deploy makes it anew."
    )
    if state is None:
        return (
            f"Amazon has the EventBridge destination, but account {source.account_id} shows no partner event "
            f"source {source.name} after {waited:.0f} s. Look {console}: when it is listed there as Pending, "
            f"deploy again. The destination stays at Amazon meanwhile and is then found. {anew}"
        )
    return (
        f"the partner event source {source.name} is {state}. Look {console}, and under Event buses: an event "
        f"bus of the same name is left from before, delete it. {anew}"
    )


def _taken(source: EventBridgeResource) -> str:
    console = _CONSOLE.format(region=source.region)
    return (
        f"the partner event source {source.name} is associated with an event bus already, by another stage "
        f"in this account and AWS region or by hand, and can have only one. Look {console}: delete the event "
        "bus of the same name under Event buses, or leave the EventBridge notification types to the other "
        "stage and take them out of this one's configuration. Then deploy again."
    )
