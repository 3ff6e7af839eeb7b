"""From a file that is handed over to what Amazon did with each message of it; and messages to buyers."""

from dataclasses import replace

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.broken_off_tasks import BrokenOffTasks
from stacks.constructs.emptied_bucket import EmptiedBuckets
from stacks.constructs.feed_buckets import InboxBucket, ResultBucket
from stacks.constructs.feed_operator import FeedOperator
from stacks.constructs.feed_processed import FeedProcessed
from stacks.constructs.feed_requests import FeedRequests
from stacks.constructs.feed_state_machine import FeedStateMachine, state_machine_arn
from stacks.constructs.feed_steps import FeedSteps
from stacks.constructs.listing_changes import ListingChanges
from stacks.constructs.message_tasks import MessageTasks
from stacks.constructs.page_alarm import StackPages
from stacks.constructs.python_function import FunctionDefaults, documents_layer, function_layers
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.constructs.stopped_executions import StoppedExecutions
from stacks.constructs.task_resources import TaskResources
from stacks.constructs.task_table import TaskTable
from stacks.feed_task_definition import END_FEED_TASK
from stacks.foundation_stack import FoundationStack
from stacks.notifications_stack import NotificationsStack
from stacks.removal import data_removal_policy
from stacks.settings_model import Settings
from stacks.settings_names import TASKS, stack_name

_STATE_MACHINE = "FeedTasks"


class TasksStack(cdk.Stack):
    """Inbox, tasks, their steps, and the results; beside them, with nothing in common, message tasks."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        settings: Settings,
        foundation: FoundationStack,
        notifications: NotificationsStack,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name(stage, settings.region, TASKS),
            description=f"Sellerbus {stage} {settings.region}: feeds, and messages to buyers",
            env=env,
            tags=settings.tags,
        )
        resources = self._resources(stage, settings, foundation, notifications)
        self.table = resources.table
        steps = FeedSteps(
            self,
            "Steps",
            resources=resources,
            state_machine=state_machine_arn(self, _STATE_MACHINE),
        )
        state_machine = FeedStateMachine(
            self, _STATE_MACHINE, steps=steps.functions, defaults=resources.defaults
        )
        broken_off = BrokenOffTasks(
            self,
            "BrokenOff",
            state_machine=state_machine,
            end_feed_task=steps.functions[END_FEED_TASK],
        )
        requests = FeedRequests(self, "Requests", resources=resources, state_machine=state_machine)
        processed = FeedProcessed(self, "Processed", resources=resources, state_machine=state_machine)
        changes = ListingChanges(self, "Changes", resources=resources)
        operator = FeedOperator(self, "Operator", resources=resources, state_machine=state_machine)
        self.messages = messages = MessageTasks(
            self,
            "Messages",
            bus=notifications.event_bus,
            access=resources.access,
            defaults=resources.defaults,
            removal_policy=data_removal_policy(settings),
        )
        # CloudFormation takes away what starts executions and minds their end, then stops them, then takes
        # away the state machine and its steps.
        stopped = StoppedExecutions(self, "Stopped", state_machine=state_machine, defaults=resources.defaults)
        for other in (broken_off, requests):
            other.node.add_dependency(stopped)
        if settings.removal_policy == "destroy":
            # CloudFormation takes away what writes first, then what the buckets hold, then the buckets.
            emptied = EmptiedBuckets(
                self,
                "Emptied",
                buckets={
                    "Inbox": resources.inbox,
                    "Results": resources.results,
                    "Messages": messages.bucket,
                },
                defaults=resources.defaults,
            )
            for writer in (steps, requests, changes):
                writer.node.add_dependency(emptied)

        StackPages(self, "Pages", topic=foundation.alarm_topic)

        outputs = {
            "InboxBucketName": resources.inbox.bucket_name,
            "ResultBucketName": resources.results.bucket_name,
            "TaskTableName": resources.table.table_name,
            "FeedStateMachineArn": state_machine.reference,
            "FeedRequestQueueUrl": requests.queue.queue.queue_url,
            "FeedRequestDeadLetterQueueUrl": requests.queue.dead_letter_queue.queue_url,
            "ListingChangeQueueUrl": changes.queue.queue.queue_url,
            "ListingChangeDeadLetterQueueUrl": changes.queue.dead_letter_queue.queue_url,
            "FeedProcessedQueueUrl": processed.queue.queue.queue_url,
            "FeedProcessedDeadLetterQueueUrl": processed.queue.dead_letter_queue.queue_url,
            "OperateFeedFunctionName": operator.function.function_name,
            **messages.outputs,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

    def _resources(
        self,
        stage: str,
        settings: Settings,
        foundation: FoundationStack,
        notifications: NotificationsStack,
    ) -> TaskResources:
        key = foundation.key
        removal_policy = data_removal_policy(settings)
        days = settings.retention.feeds_days
        defaults = FunctionDefaults(
            stage=stage,
            settings=settings,
            key=key,
            alarm_topic=foundation.alarm_topic,
            layers=function_layers(self, settings=settings),
        )
        documents = documents_layer(self, settings=settings)
        return TaskResources(
            table=TaskTable(
                self,
                "Tasks",
                key=key,
                alarm_topic=foundation.alarm_topic,
                removal_policy=removal_policy,
            ),
            inbox=InboxBucket(self, "Inbox", key=key, days=days, removal_policy=removal_policy),
            results=ResultBucket(self, "Results", key=key, days=days, removal_policy=removal_policy),
            bus=notifications.event_bus,
            access=SpApiAccess(
                settings=settings,
                key=key,
                credentials=foundation.credentials,
                registry=foundation.registry,
                quota=foundation.quota,
            ),
            defaults=defaults,
            document_defaults=replace(defaults, layers=(*defaults.layers, documents)),
        )
