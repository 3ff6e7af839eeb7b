"""From Amazon's notifications to events on a bus of one's own."""

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.amazon_inspector import AmazonInspector
from stacks.constructs.arrivals_table import ArrivalsTable
from stacks.constructs.emptied_bucket import EmptiedBuckets
from stacks.constructs.event_archive import EventArchive
from stacks.constructs.event_bus import NotificationBus
from stacks.constructs.ledger_table import LedgerTable
from stacks.constructs.notification_processor import LedgerSweeper, NotificationProcessor
from stacks.constructs.notification_queue import NotificationQueue
from stacks.constructs.page_alarm import StackPages
from stacks.constructs.partner_events import PartnerEvents
from stacks.constructs.payload_bucket import PayloadBucket
from stacks.constructs.python_function import FunctionDefaults, function_layers
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.constructs.sp_api_destination import SpApiDestination
from stacks.constructs.sp_api_subscriptions import SpApiSubscriptions
from stacks.foundation_stack import FoundationStack
from stacks.removal import data_removal_policy
from stacks.settings_model import Settings, needs_eventbridge
from stacks.settings_names import NOTIFICATIONS, bus_name, stack_name
from stacks.wanted_subscriptions import EVENT_BRIDGE, QUEUE


class NotificationsStack(cdk.Stack):
    """Queue, processing, bus, and at Amazon the destination and the sellers' subscriptions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        settings: Settings,
        foundation: FoundationStack,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name(stage, settings.region, NOTIFICATIONS),
            description=f"Sellerbus {stage} {settings.region}: notifications from Amazon to the event bus",
            env=env,
            tags=settings.tags,
        )
        key, alarm_topic = foundation.key, foundation.alarm_topic
        removal_policy = data_removal_policy(settings)
        defaults = FunctionDefaults(
            stage=stage,
            settings=settings,
            key=key,
            alarm_topic=alarm_topic,
            layers=function_layers(self, settings=settings),
        )
        access = SpApiAccess(
            settings=settings,
            key=key,
            credentials=foundation.credentials,
            registry=foundation.registry,
            quota=foundation.quota,
        )

        self.queue = queue = NotificationQueue(
            self,
            "NotificationQueue",
            settings=settings,
            key=key,
            removal_policy=removal_policy,
            alarm_topic=alarm_topic,
        )
        self.ledger = ledger = LedgerTable(
            self, "Ledger", key=key, alarm_topic=alarm_topic, removal_policy=removal_policy
        )
        self.arrivals = ArrivalsTable(self, "Arrivals", key=key, alarm_topic=alarm_topic)
        payloads = PayloadBucket(
            self,
            "PayloadBucket",
            key=key,
            expiration_days=settings.retention.payloads_days,
            removal_policy=removal_policy,
        )
        self.event_bus = NotificationBus(
            self,
            "EventBus",
            name=bus_name(stage, settings.region),
            key=key,
            alarm_topic=alarm_topic,
        )
        processor = NotificationProcessor(
            self,
            "Processor",
            source=queue,
            ledger=ledger,
            arrivals=self.arrivals,
            bus=self.event_bus,
            payloads=payloads,
            defaults=defaults,
        )
        self.archive = EventArchive(
            self, "Archive", bus=self.event_bus, defaults=defaults, removal_policy=removal_policy
        )
        # From the first event on, the archive is there.
        processor.node.add_dependency(self.archive.rule)
        if settings.removal_policy == "destroy":
            # CloudFormation takes away what writes first, then what the buckets hold, then the buckets.
            emptied = EmptiedBuckets(
                self,
                "EmptiedPayloads",
                buckets={"Resource": payloads, "Archive": self.archive.bucket},
                defaults=defaults,
            )
            processor.node.add_dependency(emptied)
            self.archive.writer.node.add_dependency(emptied)
        LedgerSweeper(self, "Sweeper", ledger=ledger, defaults=defaults)

        destination = SpApiDestination(
            self,
            "Destination",
            queue=queue.queue,
            access=access,
            defaults=defaults,
            removal_policy=removal_policy,
        )
        # Amazon must be allowed to send before it is told to.
        destination.resource.node.add_dependency(queue)
        destinations = {QUEUE: destination.destination_id}
        partner: PartnerEvents | None = None
        if needs_eventbridge(settings):
            partner = PartnerEvents(
                self,
                "PartnerEvents",
                function=destination.function,
                target=queue,
                defaults=defaults,
            )
            destinations[EVENT_BRIDGE] = partner.destination.destination_id
        subscriptions = SpApiSubscriptions(
            self,
            "Subscriptions",
            destinations=destinations,
            bus=self.event_bus,
            access=access,
            defaults=defaults,
            removal_policy=removal_policy,
        )
        self.wanted = subscriptions.wanted
        # From the first subscription on, notifications arrive: who takes them is there before.
        subscriptions.resource.node.add_dependency(processor)
        if partner:
            subscriptions.resource.node.add_dependency(partner)
        inspector = AmazonInspector(
            self,
            "Inspector",
            state=subscriptions.state,
            wanted=subscriptions.wanted,
            access=access,
            defaults=defaults,
        )

        StackPages(self, "Pages", topic=alarm_topic)

        outputs = {
            "NotificationQueueUrl": queue.queue.queue_url,
            "NotificationQueueArn": queue.queue.queue_arn,
            "NotificationDeadLetterQueueUrl": queue.dead_letter_queue.queue_url,
            "EventBusName": self.event_bus.bus.event_bus_name,
            "EventBusArn": self.event_bus.bus.event_bus_arn,
            "UndeliverableDeadLetterQueueUrl": self.event_bus.undeliverable.queue_url,
            "LedgerTableName": ledger.table_name,
            "ArrivalsTableName": self.arrivals.table_name,
            "PayloadBucketName": payloads.bucket_name,
            "ArchiveBucketName": self.archive.bucket.bucket_name,
            "ArchiveQueueUrl": self.archive.queue.queue.queue_url,
            "ArchiveDeadLetterQueueUrl": self.archive.queue.dead_letter_queue.queue_url,
            "DestinationId": destination.destination_id,
            "SubscriptionQueueUrl": subscriptions.queue.queue.queue_url,
            "SubscriptionDeadLetterQueueUrl": subscriptions.queue.dead_letter_queue.queue_url,
            "ProcessNotificationsFunctionName": processor.function.function_name,
            "SubscriptionsSummary": subscriptions.summary,
            "SubscriptionStateTableName": subscriptions.state.table_name,
            "InspectAmazonFunctionName": inspector.function.function_name,
            "QueueEverySellerFunctionName": subscriptions.queue_every_seller.function_name,
        }
        if partner:
            outputs |= {
                "EventBridgeDestinationId": partner.destination.destination_id,
                "PartnerEventSourceName": partner.destination.event_source_name,
            }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
