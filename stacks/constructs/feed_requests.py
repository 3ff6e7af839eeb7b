"""The ways into a feed task: a file in the inbox bucket, and an event on the bus."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.feed_buckets import INBOX_PREFIX
from stacks.constructs.feed_state_machine import FeedStateMachine, let_start
from stacks.constructs.feed_steps import DOCUMENT_MEMORY_MB
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_as_target import QueueAsTarget
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.constructs.task_resources import FEEDS_SOURCE, TaskResources

_TIMEOUT = cdk.Duration.minutes(5)
RETENTION = cdk.Duration.days(14)
# A file waits a quarter of an hour for its side file, a second request of the same id for the first one's
# check: each look is a receive.
_MAXIMUM_RECEIVES = 100
_OLDEST_MESSAGE = cdk.Duration.minutes(30)


class FeedRequests(Construct):
    """`queue`, and the function that makes a task of each message."""

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
            "FeedRequestQueue",
            key=defaults.key,
            visibility_timeout=cdk.Duration.seconds(6 * int(_TIMEOUT.to_seconds())),
            retention=RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=defaults.alarm_topic,
            carries="requests for feeds",
            oldest_message=_OLDEST_MESSAGE,
        )
        events.Rule(
            self,
            "FilesInTheInbox",
            description="Files that were put into the inbox bucket",
            event_pattern=resources.inbox.created,
            targets=[QueueAsTarget(self.queue, sid="FilesInTheInbox")],
        )
        events.Rule(
            self,
            "RequestsOnTheBus",
            event_bus=resources.bus.bus,
            description="Feeds that an application asks for",
            event_pattern=events.EventPattern(source=[FEEDS_SOURCE], detail_type=["FeedRequested"]),
            targets=[QueueAsTarget(self.queue, sid="RequestsOnTheBus")],
        )
        function = PythonFunction(
            self,
            "AcceptFeeds",
            name="accept_feeds",
            description="Makes one task of each feed that is handed over",
            defaults=defaults,
            timeout=_TIMEOUT,
            memory_mb=DOCUMENT_MEMORY_MB,
            environment={
                **resources.environment,
                "INBOX_BUCKET_NAME": resources.inbox.bucket_name,
                "FEED_REQUEST_QUEUE_URL": self.queue.queue.queue_url,
                "FEED_STATE_MACHINE_ARN": state_machine.reference,
            },
        )
        role = function.execution_role
        self.queue.let_consume(role, sid="TakeRequests", also=["sqs:ChangeMessageVisibility"])
        self.queue.let_send_dead_letters(role, sid="SendDeadLetters", found_by_name=True)
        resources.let_work(function, "GetItem", "PutItem")
        resources.inbox.let_read(role, sid="ReadFeeds", prefix=INBOX_PREFIX)
        resources.inbox.let_find(role, sid="FindFeeds")
        resources.inbox.let_write(role, sid="KeepFeeds", prefix=INBOX_PREFIX)
        let_start(role, state_machine.arn)
        lambda_.EventSourceMapping(
            function,
            "RequestSource",
            target=function,
            event_source_arn=self.queue.queue.queue_arn,
            batch_size=10,
            max_concurrency=10,
            report_batch_item_failures=True,
        )
