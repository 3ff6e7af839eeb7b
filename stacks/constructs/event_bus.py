"""The bus on which notifications are published."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.bus_alarms import watch_bus
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.undeliverable_queue import UndeliverableQueue

NOTIFICATIONS_SOURCE = "sellerbus.notifications"
CANARY_SOURCE = "sellerbus.canary"
CANARY_TYPE = "SELLERBUS_CANARY"
OPERATIONAL_SOURCES = ("sellerbus.sellers", "sellerbus.subscriptions")
"""What Sellerbus has to say itself: a seller has revoked the authorisation, a subscription has drifted."""
EVERY_SOURCE_PREFIX = "sellerbus."


class NotificationBus(Construct):
    """`bus`, encrypted with the key."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: CustomerManagedKey,
        alarm_topic: AlarmTopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.undeliverable = undeliverable = UndeliverableQueue(
            self, "UndeliverableQueue", alarm_topic=alarm_topic
        )
        self.bus = events.EventBus(
            self,
            "Bus",
            event_bus_name=name,
            description=f"{name}: Amazon's notifications, once each, and what Sellerbus has to say itself",
            dead_letter_queue=undeliverable,
        )
        encrypt_bus(self.bus, key)
        undeliverable.let_keep(self.bus)
        watch_bus(self, bus_name=name, role=name, topic=alarm_topic)

    def let_publish(self, grantee: iam.IRole, *, sources: Sequence[str]) -> None:
        """Lets a role put events of these sources on the bus."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="PublishEvents",
                actions=["events:PutEvents"],
                resources=[self.bus.event_bus_arn],
                conditions={"StringEquals": {"events:source": list(sources)}},
            )
        )


def encrypt_bus(bus: events.EventBus, key: CustomerManagedKey) -> None:
    """Puts a bus under the key.

    Not by CDK's `kms_key`, which would add statements about this bus to the key's policy in the other stack:
    the policy has narrower ones.
    """
    resource = bus.node.default_child
    if not isinstance(resource, events.CfnEventBus):
        raise TypeError("An EventBus's default child is its CfnEventBus.")
    resource.kms_key_identifier = key.key_arn
