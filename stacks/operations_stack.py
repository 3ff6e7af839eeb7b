"""What the person on call sees, is woken by, and uses: watchers, canary, dashboard, the alarms that page."""

import aws_cdk as cdk
from constructs import Construct

from stacks import settings_digest
from stacks.bundling import PROJECT_FOLDER
from stacks.constructs.canary import Canary
from stacks.constructs.dashboard import OperationsDashboard
from stacks.constructs.missed_events import Compared, MissedEvents
from stacks.constructs.page_alarm import PageAlarms
from stacks.constructs.python_function import FunctionDefaults, function_layers
from stacks.constructs.secret_rotation import SecretRotation
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.constructs.stage_watch import StageWatch, Watched
from stacks.foundation_stack import FoundationStack
from stacks.notifications_stack import NotificationsStack
from stacks.settings_model import Settings
from stacks.settings_names import OPERATIONS, stack_name
from stacks.tasks_stack import TasksStack


class OperationsStack(cdk.Stack):
    """The last stack of a cell: it looks at all the others, and none of them needs it to work."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        settings: Settings,
        foundation: FoundationStack,
        notifications: NotificationsStack,
        tasks: TasksStack,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name(stage, settings.region, OPERATIONS),
            description=f"Sellerbus {stage} {settings.region}: dashboard, alarms, watchers",
            env=env,
            tags=settings.tags,
        )
        self._notifications = notifications
        self._tasks = tasks
        self._defaults = FunctionDefaults(
            stage=stage,
            settings=settings,
            key=foundation.key,
            alarm_topic=foundation.alarm_topic,
            layers=function_layers(self, settings=settings),
        )
        self._access = SpApiAccess(
            settings=settings,
            key=foundation.key,
            credentials=foundation.credentials,
            registry=foundation.registry,
            quota=foundation.quota,
        )

        rotation = SecretRotation(
            self,
            "SecretRotation",
            bus=notifications.event_bus,
            access=self._access,
            defaults=self._defaults,
        )
        outputs = {
            "ApplicationQueueUrl": rotation.queue.queue.queue_url,
            "ApplicationQueueArn": rotation.queue.queue.queue_arn,
            "ApplicationDeadLetterQueueUrl": rotation.queue.dead_letter_queue.queue_url,
            "RotateSecretFunctionName": rotation.function.function_name,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

        canary = Canary(
            self,
            "Canary",
            queue=notifications.queue,
            bus=notifications.event_bus,
            defaults=self._defaults,
        )
        watch = StageWatch(
            self,
            "Watch",
            watched=Watched(
                arrivals=notifications.arrivals,
                registry=foundation.registry,
                tasks=tasks.table,
                messages=tasks.messages.table,
                credentials=foundation.credentials,
                bus=notifications.event_bus,
                topic=foundation.alarm_topic,
            ),
            defaults=self._defaults,
        )
        missed = MissedEvents(
            self,
            "Missed",
            compared=Compared(
                ledger=notifications.ledger,
                arrivals=notifications.arrivals,
                wanted=notifications.wanted,
                queue=notifications.queue,
            ),
            access=self._access,
            defaults=self._defaults,
        )
        cdk.CfnOutput(self, "FindMissedEventsFunctionName", value=missed.function.function_name)
        cdk.CfnOutput(self, "MissedEventsMarksTableName", value=missed.marks.table_name)
        cdk.CfnOutput(self, "RunCanaryFunctionName", value=canary.function.function_name)
        cdk.CfnOutput(self, "WatchStageFunctionName", value=watch.function.function_name)
        # After what makes alarms in this stack: it tells those that there are by now.
        pages = PageAlarms(
            self,
            "Page",
            prefix=self._defaults.prefix,
            stacks=[notifications, tasks],
            topic=foundation.alarm_topic,
            key=foundation.key,
        )
        limits = foundation.alarm_topic.limits
        if limits.page_email or limits.page_url:
            watch.watch_pages(pages.topic)
        cdk.CfnOutput(self, "PageTopicArn", value=pages.topic.topic_arn)

        # The last of all: it shows what the cell has by now.
        dashboard = OperationsDashboard(
            self,
            "Dashboard",
            stacks=[foundation, notifications, tasks, self],
            topic=foundation.alarm_topic,
            pages=pages.alarms,
            defaults=self._defaults,
        )
        for name, value in {"DashboardName": dashboard.name, "DashboardUrl": dashboard.url}.items():
            cdk.CfnOutput(self, name, value=value)

        # By these `sellerbus doctor` sees whether what is deployed is what a checkout has. This stack is
        # deployed last: where it tells of a version, the others are of it.
        digests = {
            settings_digest.SETTINGS: settings_digest.of_settings(settings),
            settings_digest.CODE: settings_digest.of_code(PROJECT_FOLDER),
        }
        for name, value in digests.items():
            cdk.CfnOutput(self, name, value=value)
