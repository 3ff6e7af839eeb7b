"""Amazon's EventBridge-only notification types: from the partner event source to the notification queue."""

from aws_cdk import aws_events as events
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.bus_alarms import watch_bus
from stacks.constructs.customer_managed_key import PARTNER_EVENT_SOURCES, CustomerManagedKey
from stacks.constructs.event_bus import encrypt_bus
from stacks.constructs.queue_as_target import QueueAsTarget
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.constructs.undeliverable_queue import UndeliverableQueue


class PartnerEventBus(Construct):
    """The event bus of a partner event source, and a rule that sends each of its events on to a queue whole.

    That the bus has the source's name is the association: from then on Amazon's events arrive. It goes with
    its stack, also where data is kept: a bus that is left would hold the source, and no other may have it.
    The source then waits, and AWS deletes it after two weeks without a bus.

    Source: EventBridge API, CreateEventBus and DeactivateEventSource.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        event_source_name: str,
        target: QueueWithDeadLetters,
        key: CustomerManagedKey,
        alarm_topic: AlarmTopic,
    ) -> None:
        super().__init__(scope, construct_id)
        undeliverable = UndeliverableQueue(self, "UndeliverableQueue", alarm_topic=alarm_topic)
        bus = events.EventBus(
            self,
            "Bus",
            event_source_name=event_source_name,
            description="Amazon's notifications of the types that come by EventBridge only",
            dead_letter_queue=undeliverable,
        )
        encrypt_bus(bus, key)
        undeliverable.let_keep(bus)
        watch_bus(self, bus_name=event_source_name, role="of Amazon's partner events", topic=alarm_topic)
        # What can't be delivered waits where notifications wait that can't be processed, in the same form.
        events.Rule(
            self,
            "EveryNotification",
            event_bus=bus,
            description="Every notification of Amazon to the notification queue",
            event_pattern=events.EventPattern(source=events.Match.prefix(PARTNER_EVENT_SOURCES)),
            targets=[QueueAsTarget(target)],
        )
