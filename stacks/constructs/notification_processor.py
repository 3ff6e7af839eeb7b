"""The function that publishes each notification once, and the one that sweeps after it."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.arrivals_table import ArrivalsTable
from stacks.constructs.customer_managed_key import TABLE_ACTIONS
from stacks.constructs.event_bus import CANARY_SOURCE, NOTIFICATIONS_SOURCE, NotificationBus
from stacks.constructs.ledger_table import PENDING_INDEX, LedgerTable
from stacks.constructs.metrics import metric
from stacks.constructs.notification_queue import NotificationQueue
from stacks.constructs.payload_bucket import PAYLOAD_PREFIX, PayloadBucket
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.schedule import Schedule
from stacks.settings_sections import DEAD_LETTER_RETENTION_DAYS

NAME = "process_notifications"


class NotificationProcessor(Construct):
    """Queue -> claim in the ledger -> publish on the bus -> complete."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: NotificationQueue,
        ledger: LedgerTable,
        arrivals: ArrivalsTable,
        bus: NotificationBus,
        payloads: PayloadBucket,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = defaults.settings
        processing = settings.processing
        self.function = PythonFunction(
            self,
            "ProcessNotifications",
            name=NAME,
            description="Publishes each notification once",
            defaults=defaults,
            timeout=cdk.Duration.seconds(processing.timeout_seconds),
            memory_mb=processing.memory_mb,
            environment={
                "LEDGER_TABLE_NAME": ledger.table_name,
                "ARRIVALS_TABLE_NAME": arrivals.table_name,
                "ARRIVALS_INTERVAL_SECONDS": str(settings.arrivals.minutes * 60),
                "EVENT_BUS_NAME": bus.bus.event_bus_name,
                "NOTIFICATION_QUEUE_URL": source.queue.queue_url,
                "DEAD_LETTER_QUEUE_URL": source.dead_letter_queue.queue_url,
                "PAYLOAD_BUCKET_NAME": payloads.bucket_name,
                "MAXIMUM_EVENT_BYTES": str(processing.maximum_event_bytes),
                "LEASE_MARGIN_SECONDS": str(processing.lease_margin_seconds),
                "COMPLETED_RETENTION_DAYS": str(settings.retention.completed_days),
            },
        )
        role = self.function.execution_role
        source.let_consume(role, sid="TakeNotifications", also=["sqs:ChangeMessageVisibility"])
        source.let_send_dead_letters(role, sid="SendDeadLetters")
        bus.let_publish(role, sources=[NOTIFICATIONS_SOURCE, CANARY_SOURCE])
        # Claims and completions are transactions of updates, and those are authorised as updates. Read are
        # only those of messages that come again: were they begun before, and left?
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="UseLedger",
                actions=["dynamodb:BatchGetItem", "dynamodb:UpdateItem"],
                resources=[ledger.table_arn],
            )
        )
        arrivals.let_note(role)
        # Of the arrivals' table too.
        defaults.key.let_use(role, sid="UseLedgerKey", actions=TABLE_ACTIONS, through="dynamodb")
        payloads.let_write(role, sid="StoreLargePayloads", prefix=PAYLOAD_PREFIX)
        self.mapping = lambda_.EventSourceMapping(
            self.function,
            "NotificationQueueSource",
            target=self.function,
            event_source_arn=source.queue.queue_arn,
            batch_size=processing.batch_size,
            max_batching_window=cdk.Duration.seconds(processing.batching_window_seconds),
            max_concurrency=processing.maximum_concurrency,
            report_batch_item_failures=True,
        )
        limit = defaults.alarm_topic.limits.notification_failures
        alarm(
            self,
            "FailedAlarm",
            metric=metric(
                defaults,
                "NotificationsFailed",
                service=NAME,
                period=cdk.Duration.seconds(limit.period_seconds),
            ),
            threshold=limit.more_than,
            text=AlarmText(
                symptom="Notifications can't be published, and fail again each time they come.",
                impact="No application gets them. They come again until they are dead letters; others may "
                "be published all the while.",
                command=f"aws logs tail {self.function.log_group.log_group_name} --since 1h "
                "--filter-pattern '\"notification failed\"'",
                anchor="notifications-failed",
            ),
            topic=defaults.alarm_topic,
            severity="page",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


class LedgerSweeper(Construct):
    """Looks every quarter of an hour for notifications that were begun and have no message left."""

    def __init__(
        self, scope: Construct, construct_id: str, *, ledger: LedgerTable, defaults: FunctionDefaults
    ) -> None:
        super().__init__(scope, construct_id)
        lifetime_days = defaults.settings.retention.queue_days + DEAD_LETTER_RETENTION_DAYS
        function = PythonFunction(
            self,
            "SweepLedger",
            name="sweep_ledger",
            description="Reports notifications that were begun and never finished",
            defaults=defaults,
            timeout=cdk.Duration.minutes(5),
            environment={
                "LEDGER_TABLE_NAME": ledger.table_name,
                "PENDING_INDEX_NAME": PENDING_INDEX,
                "MAXIMUM_MESSAGE_LIFETIME_DAYS": str(lifetime_days),
            },
        )
        role = function.execution_role
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="FindPending", actions=["dynamodb:Query"], resources=[ledger.pending_index_arn]
            )
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="SettlePending", actions=["dynamodb:UpdateItem"], resources=[ledger.table_arn]
            )
        )
        defaults.key.let_use(role, sid="UseLedgerKey", actions=TABLE_ACTIONS, through="dynamodb")
        limit = defaults.alarm_topic.limits.notifications_abandoned
        alarm(
            self,
            "AbandonedAlarm",
            metric=metric(
                defaults,
                "NotificationsAbandoned",
                service="sweep_ledger",
                period=cdk.Duration.seconds(limit.period_seconds),
            ),
            threshold=limit.more_than,
            text=AlarmText(
                symptom="Notifications were begun, never finished, and have no message left.",
                impact="They are lost, unless a consumer got them.",
                command=f"aws logs tail {function.log_group.log_group_name} --since 1h "
                "--filter-pattern abandoned",
                anchor="notifications-abandoned",
            ),
            topic=defaults.alarm_topic,
            severity="page",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        Schedule(
            self,
            "Schedule",
            every=cdk.Duration.minutes(15),
            function=function,
            topic=defaults.alarm_topic,
        )
