"""What Amazon sends: notifications to the queues of the destinations subscribed to them.

A notification goes to every subscription of its seller, type and payload version, each with a notificationId
of its own; copies of it share that id, as SQS's copies do. Filters (`eventFilter`, `filterExpression`) are
kept with the subscription and not evaluated: what is published here is what Amazon would have let through.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from simulator.catalogue import NotificationType
from simulator.envelope import Envelope, EnvelopeError, Metadata, as_body, check_body
from simulator.orders import Order, Via
from simulator.queues import QueueError, Queues
from simulator.world import Destination, Subscription, World

Sleep = Callable[[float], Awaitable[None]]


class PublishError(Exception):
    """Nothing can be published as asked; the text says why, and where in a batch."""


@dataclass(frozen=True)
class Delivery:
    due_seconds: float
    queue_arn: str
    body: str


@dataclass
class Outcome:
    """What became of one order; a raw body has no notificationId of ours."""

    notification_ids: list[str] = field(default_factory=list)
    sent: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "notificationId": self.notification_ids[0] if self.notification_ids else None,
            "notificationIds": self.notification_ids,
            "sent": self.sent,
        }


class Publisher:
    def __init__(self, world: World, queues: Queues | None, sleep: Sleep = asyncio.sleep) -> None:
        self._world = world
        self._queues = queues
        self._sleep = sleep

    async def publish(self, orders: Sequence[Order], shuffle_seed: int | None = None) -> list[Outcome]:
        """Publishes all orders, in order or shuffled, and returns when the last copy is sent.

        Every order is checked before the first is sent. Raises PublishError; after a QueueError in the midst
        some messages are sent already.
        """
        randomness = self._world.mint.randomness
        if shuffle_seed is not None:
            randomness = random.Random(shuffle_seed)  # noqa: S311 - a repeatable order, not a secret
        outcomes: list[Outcome] = []
        deliveries: list[Delivery] = []
        for number, order in enumerate(orders):
            try:
                outcome, planned = self._plan(order, randomness)
            except (EnvelopeError, PublishError) as error:
                raise PublishError(f"items[{number}]: {error}" if len(orders) > 1 else str(error)) from error
            outcomes.append(outcome)
            deliveries.extend(planned)
        if shuffle_seed is not None:
            randomness.shuffle(deliveries)
        await self._deliver(deliveries)
        return outcomes

    async def send_test(
        self, destination: Destination, kind: NotificationType, payload_version: str, scenario: str
    ) -> None:
        """Sends what sendTestNotification asks for; without an AWS endpoint nothing is sent."""
        if self._queues is None:
            return
        content = {
            "NotificationVersion": payload_version,
            "NotificationType": kind.name,
            "PayloadVersion": payload_version,
            "EventTime": self._world.mint.timestamp(),
            "Payload": {"TestScenario": scenario},
        }
        if kind.camel_case:
            content = {name[0].lower() + name[1:]: value for name, value in content.items()}
        order = Order(notification=content, via=Via.DESTINATION, destination_id=destination.destination_id)
        await self.publish([order])

    def _plan(self, order: Order, randomness: random.Random) -> tuple[Outcome, list[Delivery]]:
        outcome = Outcome()
        deliveries: list[Delivery] = []
        for queue_arn, body, notification_id in self._messages(order):
            if notification_id and notification_id not in outcome.notification_ids:
                outcome.notification_ids.append(notification_id)
            for _ in range(order.copies):
                due = order.delay_seconds + randomness.random() * order.jitter_seconds
                deliveries.append(Delivery(due, queue_arn, body))
        outcome.sent = len(deliveries)
        return outcome, deliveries

    def _messages(self, order: Order) -> list[tuple[str, str, str | None]]:
        """(queue, body, notificationId) of each message that the order makes, copies aside."""
        if order.body is not None:
            return [(_queue(self._one_destination(order)), check_body(order.body), None)]
        content = order.notification or {}
        if order.via is Via.DESTINATION:
            destination = self._one_destination(order)
            if order.keep_metadata:
                return [(_queue(destination), check_body(as_body(content)), _given_id(content))]
            return [self._minted(Envelope.of(content), destination, self._world.mint.identifier())]
        envelope = Envelope.of(content)
        messages = []
        for subscription in self._subscriptions(order, envelope):
            destination = self._world.destinations[subscription.destination_id]
            if order.keep_metadata:
                messages.append((_queue(destination), check_body(as_body(content)), envelope.notification_id))
            else:
                messages.append(self._minted(envelope, destination, subscription.subscription_id))
        return messages

    def _minted(
        self, envelope: Envelope, destination: Destination, subscription_id: str
    ) -> tuple[str, str, str | None]:
        mint = self._world.mint
        metadata = Metadata(
            application_id=self._world.applications[destination.client_id].application_id,
            subscription_id=subscription_id,
            publish_time=mint.timestamp(),
            notification_id=mint.identifier(),
        )
        body = check_body(as_body(envelope.with_metadata(metadata)))
        return _queue(destination), body, metadata.notification_id

    def _subscriptions(self, order: Order, envelope: Envelope) -> list[Subscription]:
        kind, version = envelope.notification_type, envelope.payload_version
        if not kind or not version:
            raise PublishError(
                "publishing via subscription needs the notification's type and payload version"
            )
        found = [
            held
            for held in self._world.subscriptions.values()
            if held.notification_type == kind
            and held.payload_version == version
            and order.seller_id in (None, held.seller_id)
            and order.destination_id in (None, held.destination_id)
        ]
        sellers = sorted({held.seller_id for held in found})
        if not sellers:
            raise PublishError(
                f"no subscription of seller {order.seller_id or '(any)'} for {kind} {version}"
                + (f" at destination {order.destination_id}" if order.destination_id else "")
                + "; subscribe first, or publish with via: destination"
            )
        if len(sellers) > 1:
            raise PublishError(f"several sellers are subscribed to {kind}: give sellerId, one of {sellers}")
        if self._world.sellers[sellers[0]].revoked:
            raise PublishError(
                f"seller {sellers[0]} has revoked the authorisation; Amazon sends nothing then"
            )
        return found

    def _one_destination(self, order: Order) -> Destination:
        known = self._world.destinations
        if order.destination_id is not None:
            if order.destination_id not in known:
                raise PublishError(f"no destination with id {order.destination_id}")
            return known[order.destination_id]
        queues = [held for held in known.values() if held.queue_arn]
        if order.seller_id is not None and order.via is Via.SUBSCRIPTION:
            subscribed = {
                held.destination_id
                for held in self._world.subscriptions.values()
                if held.seller_id == order.seller_id
            }
            queues = [held for held in queues if held.destination_id in subscribed]
        if len(queues) != 1:
            raise PublishError(
                f"{len(queues)} destinations with a queue fit: create one, or give destinationId"
            )
        return queues[0]

    async def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        if self._queues is None:
            raise PublishError("no AWS endpoint is configured: start the simulator with --aws-endpoint")
        waited = 0.0
        # Stable: what is due at the same time keeps its place, shuffled or not.
        ordered = sorted(deliveries, key=lambda delivery: delivery.due_seconds)
        for (due, arn), group in groupby(ordered, key=lambda item: (item.due_seconds, item.queue_arn)):
            if due > waited:
                await self._sleep(due - waited)
                waited = due
            try:
                await asyncio.to_thread(self._queues.send, arn, [delivery.body for delivery in group])
            except QueueError as error:
                raise PublishError(str(error)) from error


def _queue(destination: Destination) -> str:
    if destination.queue_arn is None:
        raise PublishError(
            f"destination {destination.destination_id} is of EventBridge; the simulator sends to SQS only"
        )
    return destination.queue_arn


def _given_id(content: Mapping[str, Any]) -> str | None:
    """The notificationId of a notification sent untouched; one without a recognisable envelope has none."""
    try:
        return Envelope.of(content).notification_id
    except EnvelopeError:
        return None
