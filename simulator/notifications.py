"""The ten operations of the Notifications API v1 over the simulated world.

Source: the model notifications.json. What it leaves open and is assumed here:
- getSubscription without payloadVersion returns the greatest version, and the newest subscription of it.
- getSubscriptions answers an empty list, not 404, where there is none.
- Two subscriptions of one type and version conflict unless each has a filterExpression and they differ.
- An EventBridge destination conflicts with another of the same account and (AWS) region.
- Creating one offers its event source to the account at once, deleting it takes the event source back.
- getSubscriptionById and deleteSubscriptionById answer 404 where the path has another type than the
  subscription.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from simulator import rules
from simulator.call import Call
from simulator.catalogue import Workflow
from simulator.errors import (
    destination_exists,
    destination_in_use,
    invalid,
    not_found,
    of_status,
    subscription_exists,
    unknown_destination,
)
from simulator.event_sources import PARTNER, EventSourceError, EventSources
from simulator.operations import NOTIFICATIONS
from simulator.paging import read_token, write_token
from simulator.queues import QueueError, Queues
from simulator.world import Destination, Subscription, World


class NotificationsApi:
    """Carries out calls; without an AWS endpoint no queue is checked, and no event source is made."""

    def __init__(
        self, world: World, queues: Queues | None, event_sources: EventSources | None = None
    ) -> None:
        self._world = world
        self._queues = queues
        self._event_sources = event_sources
        self._handlers: dict[str, Callable[[Call], Awaitable[dict[str, object]]]] = {
            "getSubscriptions": self._get_subscriptions,
            "getSubscription": self._get_subscription,
            "createSubscription": self._create_subscription,
            "getSubscriptionById": self._get_subscription_by_id,
            "deleteSubscriptionById": self._delete_subscription_by_id,
            "getDestinations": self._get_destinations,
            "createDestination": self._create_destination,
            "getDestination": self._get_destination,
            "deleteDestination": self._delete_destination,
        }
        if self._handlers.keys() != {held.name for held in NOTIFICATIONS if not held.sandbox_only}:
            raise ValueError("the handlers and the table of operations differ")

    async def carry_out(self, call: Call) -> dict[str, object]:
        """Returns the body of the 200, or raises ApiError."""
        return await self._handlers[call.operation](call)

    async def _get_subscriptions(self, call: Call) -> dict[str, object]:
        request = rules.listing_request(call.query, self._world.notification_types)
        found = [
            held
            for held in self._subscriptions(call, request.notification_type)
            if request.payload_version in (None, held.payload_version)
        ]
        # The token is bound to its listing, so that it is refused when the query changes between pages.
        listing = [call.seller, request.notification_type, request.payload_version]
        after = read_token(request.next_token, listing) if request.next_token else 0
        rest = [held for held in found if held.sequence > after]
        page = rest[: request.page_size]
        payload: dict[str, object] = {"subscriptions": [held.as_json() for held in page]}
        if len(rest) > len(page):
            payload["nextToken"] = write_token(page[-1].sequence, listing)
        return {"payload": payload}

    async def _get_subscription(self, call: Call) -> dict[str, object]:
        kind = rules.known_type(self._world.notification_types, call.path["notificationType"])
        version = dict(call.query).get("payloadVersion") or None
        found = [
            held for held in self._subscriptions(call, kind.name) if version in (None, held.payload_version)
        ]
        if not found:
            raise not_found(f"No subscription for notification type {kind.name}")
        newest = max(found, key=lambda held: (held.payload_version, held.sequence))
        return {"payload": newest.as_json()}

    async def _create_subscription(self, call: Call) -> dict[str, object]:
        kind = rules.known_type(self._world.notification_types, call.path["notificationType"])
        request = rules.subscription_request(call.body, kind)
        destination = self._world.destination_of(
            call.application.client_id, request.destination_id, call.region
        )
        if destination is None:
            raise unknown_destination(request.destination_id, call.application.application_id)
        if kind.workflow.value not in destination.resource:
            raise invalid(
                f"notificationType {kind.name} is delivered to {kind.workflow.value} destinations only, "
                f"destination {destination.destination_id} is of another kind"
            )
        wanted = Subscription(
            subscription_id="",
            sequence=0,
            client_id=call.application.client_id,
            seller_id=call.seller,
            notification_type=kind.name,
            payload_version=request.payload_version,
            destination_id=destination.destination_id,
            processing_directive=request.processing_directive,
            region=call.region,
        )
        if any(_conflict(wanted, held) for held in self._subscriptions(call, kind.name)):
            raise subscription_exists(kind.name)
        return {"payload": self._world.add_subscription(wanted).as_json()}

    async def _get_subscription_by_id(self, call: Call) -> dict[str, object]:
        return {"payload": self._subscription(call).as_json()}

    async def _delete_subscription_by_id(self, call: Call) -> dict[str, object]:
        del self._world.subscriptions[self._subscription(call).subscription_id]
        return {}

    async def _get_destinations(self, call: Call) -> dict[str, object]:
        return {"payload": [held.as_json() for held in self._destinations(call)]}

    async def _create_destination(self, call: Call) -> dict[str, object]:
        request = rules.destination_request(call.body)
        resource = dict(request.resource)
        self._refuse_taken(call, request.workflow, resource)
        if request.workflow is Workflow.SQS:
            await self._check_queue(resource["arn"])
            # Another request may have taken the queue while SQS was asked.
            self._refuse_taken(call, request.workflow, resource)
        else:
            resource["name"] = f"{PARTNER}/{resource['accountId']}/{call.application.application_id}"
            await self._make_event_source(resource)
        made = self._world.add_destination(
            call.application.client_id, request.name, {request.workflow.value: resource}, call.region
        )
        return {"payload": made.as_json()}

    async def _get_destination(self, call: Call) -> dict[str, object]:
        return {"payload": self._destination(call).as_json()}

    async def _delete_destination(self, call: Call) -> dict[str, object]:
        destination = self._destination(call)
        destination_id = destination.destination_id
        if any(held.destination_id == destination_id for held in self._world.subscriptions.values()):
            raise destination_in_use()
        del self._world.destinations[destination_id]
        if destination.event_source is not None:
            await self._take_back(destination.event_source)
        return {}

    def _subscriptions(self, call: Call, notification_type: str) -> list[Subscription]:
        return self._world.subscriptions_of(
            call.seller, notification_type, client_id=call.application.client_id, region=call.region
        )

    def _subscription(self, call: Call) -> Subscription:
        kind = rules.known_type(self._world.notification_types, call.path["notificationType"])
        held = self._world.subscriptions.get(call.path["subscriptionId"])
        if (
            held is None
            or (held.client_id, held.region) != (call.application.client_id, call.region)
            or held.notification_type != kind.name
        ):
            raise not_found(f"No subscription with id {call.path['subscriptionId']}")
        return held

    def _destinations(self, call: Call) -> list[Destination]:
        mine = (call.application.client_id, call.region)
        return [held for held in self._world.destinations.values() if (held.client_id, held.region) == mine]

    def _destination(self, call: Call) -> Destination:
        destination_id = call.path["destinationId"]
        found = self._world.destination_of(call.application.client_id, destination_id, call.region)
        if found is None:
            raise not_found(
                f"No destination with id {destination_id} for applicationId {call.application.application_id}"
            )
        return found

    def _refuse_taken(self, call: Call, workflow: Workflow, resource: Mapping[str, str]) -> None:
        for held in self._destinations(call):
            taken = held.resource.get(workflow.value, {})
            if taken and all(taken.get(name) == value for name, value in resource.items()):
                raise destination_exists(
                    " ".join(f"{name} {value}" for name, value in resource.items()),
                    call.application.application_id,
                )

    async def _check_queue(self, arn: str) -> None:
        if self._queues is None:
            return
        try:
            await asyncio.to_thread(self._queues.check, arn)
        except QueueError as error:
            raise invalid(f"Unable to access the queue. {error}") from error

    async def _make_event_source(self, resource: Mapping[str, str]) -> None:
        if self._event_sources is None:
            return
        try:
            await asyncio.to_thread(
                self._event_sources.create, resource["name"], resource["accountId"], resource["region"]
            )
        except EventSourceError as error:
            raise invalid(f"Unable to create the partner event source. {error}") from error

    async def _take_back(self, resource: Mapping[str, str]) -> None:
        if self._event_sources is None:
            return
        try:
            await asyncio.to_thread(
                self._event_sources.delete, resource["name"], resource["accountId"], resource["region"]
            )
        except EventSourceError as error:
            raise of_status(500, f"Unable to delete the partner event source. {error}") from error


def _conflict(wanted: Subscription, held: Subscription) -> bool:
    if wanted.payload_version != held.payload_version:
        return False
    expressions = (wanted.filter_expression, held.filter_expression)
    return None in expressions or expressions[0] == expressions[1]
