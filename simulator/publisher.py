"""What Amazon sends: notifications to the destinations subscribed to them, a queue or EventBridge.

A notification goes to every subscription of its seller, type and payload version, each with a notificationId
of its own; copies of it share that id, as SQS's copies do (of EventBridge a copy is another event with the
same detail). Filters (`eventFilter`, `filterExpression`) are kept with the subscription and not evaluated:
what is published here is what Amazon would have let through.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.catalogue import NotificationType
from simulator.deliveries import Deliverer, Delivery, DeliveryError, Message, Sleep
from simulator.envelope import Envelope, EnvelopeError, Metadata, as_body, check_body, check_detail
from simulator.event_sources import EventSources
from simulator.publish_request import PublishRequest, Via
from simulator.queues import Queues
from simulator.world import Destination, Subscription, World


class PublishError(Exception):
    """Nothing can be published as asked; the text says why, and where in a batch."""


@dataclass
class Outcome:
    """What became of one request; a raw body has no notificationId of ours."""

    notification_ids: list[str] = field(default_factory=list)
    sent: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "notificationId": self.notification_ids[0] if self.notification_ids else None,
            "notificationIds": self.notification_ids,
            "sent": self.sent,
        }


class Publisher:
    def __init__(
        self,
        world: World,
        queues: Queues | None,
        event_sources: EventSources | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._world = world
        self._deliverer = Deliverer(queues, event_sources, sleep)

    @property
    def sends(self) -> bool:
        """Whether there is an AWS endpoint to send to."""
        return self._deliverer.sends

    async def publish(
        self, requests: Sequence[PublishRequest], shuffle_seed: int | None = None
    ) -> list[Outcome]:
        """Publishes all requests, in order or shuffled, and returns when the last copy is sent.

        Every request is checked before the first is sent. Raises PublishError; where AWS refuses in the midst
        some messages are sent already.
        """
        randomness = self._world.mint.randomness
        if shuffle_seed is not None:
            randomness = random.Random(shuffle_seed)  # noqa: S311 - a repeatable order, not a secret
        outcomes: list[Outcome] = []
        deliveries: list[Delivery] = []
        for number, asked in enumerate(requests):
            try:
                outcome, planned = self._plan(asked, randomness)
            except (EnvelopeError, PublishError) as error:
                raise PublishError(
                    f"items[{number}]: {error}" if len(requests) > 1 else str(error)
                ) from error
            outcomes.append(outcome)
            deliveries.extend(planned)
        if shuffle_seed is not None:
            randomness.shuffle(deliveries)
        try:
            await self._deliverer.deliver(deliveries)
        except DeliveryError as error:
            raise PublishError(str(error)) from error
        return outcomes

    async def send_test(
        self, destination: Destination, kind: NotificationType, payload_version: str, scenario: str
    ) -> None:
        """Sends what sendTestNotification asks for; without an AWS endpoint nothing is sent."""
        if not self._deliverer.sends:
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
        asked = PublishRequest(
            notification=content, via=Via.DESTINATION, destination_id=destination.destination_id
        )
        await self.publish([asked])

    def _plan(self, asked: PublishRequest, randomness: random.Random) -> tuple[Outcome, list[Delivery]]:
        outcome = Outcome()
        deliveries: list[Delivery] = []
        for message, notification_id in self._messages(asked):
            if notification_id and notification_id not in outcome.notification_ids:
                outcome.notification_ids.append(notification_id)
            for _ in range(asked.copies):
                due = asked.delay_seconds + randomness.random() * asked.jitter_seconds
                deliveries.append(Delivery(due, message))
        outcome.sent = len(deliveries)
        return outcome, deliveries

    def _messages(self, asked: PublishRequest) -> list[tuple[Message, str | None]]:
        """(message, notificationId) of everything that the request makes, copies aside."""
        if asked.body is not None:
            destination = self._one_destination(asked)
            if destination.queue_arn is None:
                raise PublishError(
                    f"destination {destination.destination_id} is of EventBridge, which takes no raw body"
                )
            return [(Message(destination, check_body(asked.body)), None)]
        content = asked.notification or {}
        if asked.via is Via.DESTINATION:
            destination = self._one_destination(asked)
            if asked.keep_metadata:
                return [_untouched(destination, content)]
            return [self._minted(Envelope.of(content), destination, self._world.mint.identifier())]
        envelope = Envelope.of(content)
        messages = []
        for subscription in self._subscriptions(asked, envelope):
            destination = self._world.destinations[subscription.destination_id]
            if asked.keep_metadata:
                messages.append(_untouched(destination, content))
            else:
                messages.append(self._minted(envelope, destination, subscription.subscription_id))
        return messages

    def _minted(
        self, envelope: Envelope, destination: Destination, subscription_id: str
    ) -> tuple[Message, str | None]:
        mint = self._world.mint
        metadata = Metadata(
            application_id=self._world.applications[destination.client_id].application_id,
            subscription_id=subscription_id,
            publish_time=mint.timestamp(),
            notification_id=mint.identifier(),
        )
        message = _message(destination, envelope.with_metadata(metadata), envelope.notification_type)
        return message, metadata.notification_id

    def _subscriptions(self, asked: PublishRequest, envelope: Envelope) -> list[Subscription]:
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
            and asked.seller_id in (None, held.seller_id)
            and asked.destination_id in (None, held.destination_id)
            and asked.region in (None, held.region)
        ]
        sellers = sorted({held.seller_id for held in found})
        if not sellers:
            raise PublishError(
                f"no subscription of seller {asked.seller_id or '(any)'} for {kind} {version}"
                + (f" at destination {asked.destination_id}" if asked.destination_id else "")
                + "; subscribe first, or publish with via: destination"
            )
        if len(sellers) > 1:
            raise PublishError(f"several sellers are subscribed to {kind}: give sellerId, one of {sellers}")
        regions = sorted({held.region for held in found})
        if len(regions) > 1:
            raise PublishError(
                f"seller {sellers[0]} is subscribed to {kind} in several regions: give region, "
                f"one of {regions}"
            )
        if self._world.is_revoked(found[0]):
            raise PublishError(
                f"seller {sellers[0]} has revoked the authorisation; Amazon sends nothing then"
            )
        return found

    def _one_destination(self, asked: PublishRequest) -> Destination:
        known = self._world.destinations
        if asked.destination_id is not None:
            if asked.destination_id not in known:
                raise PublishError(f"no destination with id {asked.destination_id}")
            return known[asked.destination_id]
        queues = [held for held in known.values() if held.queue_arn and asked.region in (None, held.region)]
        if asked.seller_id is not None and asked.via is Via.SUBSCRIPTION:
            subscribed = {
                held.destination_id
                for held in self._world.subscriptions.values()
                if held.seller_id == asked.seller_id
            }
            queues = [held for held in queues if held.destination_id in subscribed]
        if len(queues) != 1:
            raise PublishError(
                f"{len(queues)} destinations with a queue fit: create one, or give destinationId"
            )
        return queues[0]


def _message(destination: Destination, content: Mapping[str, Any], detail_type: str | None) -> Message:
    body = as_body(content)
    if destination.event_source is None:
        return Message(destination, check_body(body))
    if not detail_type:
        raise PublishError("EventBridge needs the notification's type: it becomes the event's detail-type")
    return Message(destination, check_detail(body), detail_type)


def _untouched(destination: Destination, content: Mapping[str, Any]) -> tuple[Message, str | None]:
    """As given; one without a recognisable envelope has neither type nor notificationId."""
    try:
        envelope = Envelope.of(content)
    except EnvelopeError:
        return _message(destination, content, None), None
    return _message(destination, content, envelope.notification_type), envelope.notification_id
