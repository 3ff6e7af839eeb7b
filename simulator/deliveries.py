"""Handing messages over: to queues by SQS, to event sources by EventBridge, each when it is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from simulator.event_sources import EventSourceError, EventSources, PartnerEvent
from simulator.queues import QueueError, Queues
from simulator.world import Destination

Sleep = Callable[[float], Awaitable[None]]


class DeliveryError(Exception):
    """AWS did not take a message; the text says which."""


@dataclass(frozen=True)
class Message:
    """A body for a destination; `detail_type` is needed for EventBridge."""

    destination: Destination
    body: str
    detail_type: str | None = None


@dataclass(frozen=True)
class Delivery:
    due_seconds: float
    message: Message

    @property
    def group(self) -> tuple[float, str]:
        """Equal for what is handed over together."""
        return self.due_seconds, self.message.destination.destination_id


class Deliverer:
    """Speaks to the local AWS; without an endpoint (`queues` and `event_sources` None) nothing is sent."""

    def __init__(self, queues: Queues | None, event_sources: EventSources | None, sleep: Sleep) -> None:
        self._queues = queues
        self._event_sources = event_sources
        self._sleep = sleep

    @property
    def sends(self) -> bool:
        """Whether there is an AWS endpoint to send to."""
        return self._queues is not None

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Returns when the last is sent; raises DeliveryError, and then some are sent already."""
        waited = 0.0
        # Stable: what is due at the same time keeps its place, shuffled or not.
        ordered = sorted(deliveries, key=lambda delivery: delivery.due_seconds)
        for (due, _), group in groupby(ordered, key=lambda delivery: delivery.group):
            if due > waited:
                await self._sleep(due - waited)
                waited = due
            try:
                await asyncio.to_thread(self._send, [delivery.message for delivery in group])
            except (QueueError, EventSourceError) as error:
                raise DeliveryError(str(error)) from error

    def _send(self, messages: Sequence[Message]) -> None:
        destination = messages[0].destination
        source = destination.event_source
        if destination.queue_arn is not None and self._queues is not None:
            self._queues.send(destination.queue_arn, [message.body for message in messages])
        elif source is not None and self._event_sources is not None:
            events = [PartnerEvent(str(message.detail_type), message.body) for message in messages]
            self._event_sources.send(source["name"], source["region"], events)
        else:
            raise QueueError("no AWS endpoint is configured: start the simulator with --aws-endpoint")
