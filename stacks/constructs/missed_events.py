"""What asks Amazon, out of spare quota, what it should have notified and didn't."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.arrivals_table import ArrivalsTable
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable
from stacks.constructs.ledger_table import LedgerTable
from stacks.constructs.metrics import metric
from stacks.constructs.notification_queue import NotificationQueue
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.schedule import Schedule
from stacks.constructs.sp_api_access import SpApiAccess

NAME = "find_missed_events"
_TIMEOUT = cdk.Duration.minutes(14)


@dataclass(frozen=True)
class Compared:
    """Where it stands what was notified, and what should be; and the queue for what wasn't."""

    ledger: LedgerTable
    arrivals: ArrivalsTable
    wanted: ssm.StringParameter
    queue: NotificationQueue


class MarksTable(EncryptedTable):
    """How far was looked for each seller. Never kept: without it a look begins anew, from now on."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: CustomerManagedKey, alarm_topic: AlarmTopic
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key="sellerId",
            sort_key="subject",
            key=key,
            alarm_topic=alarm_topic,
            time_to_live_attribute="expiresAt",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


class MissedEvents(Construct):
    """`function` and `marks`. What it finds goes through queue, ledger and bus as Amazon's own does."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        compared: Compared,
        access: SpApiAccess,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = defaults.settings
        self.marks = MarksTable(self, "Marks", key=defaults.key, alarm_topic=defaults.alarm_topic)
        self.function = PythonFunction(
            self,
            "FindMissedEvents",
            name=NAME,
            # Notifications come without it.
            severity="warn",
            description="Asks Amazon what it should have notified, and makes up for it",
            defaults=defaults,
            timeout=_TIMEOUT,
            memory_mb=512,
            environment={
                **access.seller_environment,
                "LEDGER_TABLE_NAME": compared.ledger.table_name,
                "ARRIVALS_TABLE_NAME": compared.arrivals.table_name,
                "MARKS_TABLE_NAME": self.marks.table_name,
                "NOTIFICATION_QUEUE_URL": compared.queue.queue.queue_url,
                "WANTED_PARAMETER_NAME": compared.wanted.parameter_name,
                "ORDERS_API_VERSION": settings.orders_api_version,
                "FEEDS_API_VERSION": settings.feeds_api_version,
                "SETTLE_SECONDS": str(settings.missed_events.settle_seconds),
            },
        )
        self._let_compare(compared, access)
        Schedule(
            self,
            "Schedule",
            every=cdk.Duration.minutes(settings.missed_events.minutes),
            function=self.function,
            topic=defaults.alarm_topic,
        )
        self._tell(defaults)

    def _let_compare(self, compared: Compared, access: SpApiAccess) -> None:
        role = self.function.execution_role
        # It goes through all sellers, and changes none.
        access.let_call_for_sellers(role, registry_actions=["dynamodb:Scan"])
        for sid, actions, resource in (
            ("SeeWhatWasTold", ["dynamodb:BatchGetItem"], compared.ledger.table_arn),
            (
                "UseMarks",
                ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan"],
                self.marks.table_arn,
            ),
            ("ReadWanted", ["ssm:GetParameter"], compared.wanted.parameter_arn),
        ):
            role.add_to_principal_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=[resource]))
        compared.arrivals.let_look_up(role)
        compared.queue.let_send(role, sid="SendNotifications")
        compared.queue.let_look(role, sid="SeeHowManyNotificationsWait")

    def _tell(self, defaults: FunctionDefaults) -> None:
        limit = defaults.alarm_topic.limits.missed_events
        alarm(
            self,
            "FoundAlarm",
            metric=metric(
                defaults,
                "MissedEventsFound",
                service=NAME,
                period=cdk.Duration.seconds(limit.period_seconds),
            ),
            threshold=limit.more_than,
            text=AlarmText(
                symptom="Amazon didn't send notifications that it should have.",
                impact="They were found by asking Amazon, late, and are published with origin reconciled. "
                "Losses of types other than ORDER_CHANGE and FEED_PROCESSING_FINISHED aren't found.",
                command="bin/sellerbus doctor",
                anchor="missed-events",
            ),
            topic=defaults.alarm_topic,
            severity="warn",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
