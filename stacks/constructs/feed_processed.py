"""What tells the tasks that Amazon has processed their feeds."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.event_bus import NOTIFICATIONS_SOURCE
from stacks.constructs.feed_requests import RETENTION
from stacks.constructs.feed_state_machine import FeedStateMachine, let_answer
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_as_target import QueueAsTarget
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.constructs.task_resources import TaskResources

NOTIFICATION_TYPE = "FEED_PROCESSING_FINISHED"
# Short, since what fails comes back after six times as long: the task that waits would ask Amazon meanwhile.
_TIMEOUT = cdk.Duration.seconds(30)
_MAXIMUM_RECEIVES = 12


class FeedProcessed(Construct):
    """From the bus to the task that waits, by a queue: whatever fails here, the notification is kept."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: TaskResources,
        state_machine: FeedStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        defaults = resources.defaults
        self.queue = QueueWithDeadLetters(
            self,
            "FeedProcessedQueue",
            key=defaults.key,
            visibility_timeout=cdk.Duration.seconds(6 * int(_TIMEOUT.to_seconds())),
            retention=RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=defaults.alarm_topic,
            carries="ends of feeds",
        )
        events.Rule(
            self,
            "ProcessedFeeds",
            event_bus=resources.bus.bus,
            description="Amazon's notifications that a feed was processed",
            event_pattern=events.EventPattern(source=[NOTIFICATIONS_SOURCE], detail_type=[NOTIFICATION_TYPE]),
            targets=[QueueAsTarget(self.queue)],
        )
        function = PythonFunction(
            self,
            "NoteFeedProcessed",
            name="note_feed_processed",
            description="Writes down that a feed was processed, and tells the task that waits for it",
            defaults=defaults,
            timeout=_TIMEOUT,
            environment={"TASK_TABLE_NAME": resources.table.table_name},
        )
        role = function.execution_role
        self.queue.let_consume(role, sid="TakeNotifications")
        resources.table.let(role, "GetItem", "UpdateItem")
        let_answer(role, state_machine.arn)
        lambda_.EventSourceMapping(
            function,
            "NotificationSource",
            target=function,
            event_source_arn=self.queue.queue.queue_arn,
            batch_size=10,
            max_concurrency=10,
            report_batch_item_failures=True,
        )
