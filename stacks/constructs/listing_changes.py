"""Single listing changes, gathered into feeds."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.feed_buckets import CHANGES_PREFIX, INBOX_PREFIX
from stacks.constructs.feed_requests import RETENTION
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_as_target import QueueAsTarget
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.constructs.task_resources import FEEDS_SOURCE, TaskResources

_TIMEOUT = cdk.Duration.minutes(5)
# Retries wait up to a quarter of an hour: an outage of DynamoDB for most of a day loses nothing to a person.
_MAXIMUM_RECEIVES = 100
# A group's window is a quarter of an hour at most.
_OLDEST_MESSAGE = cdk.Duration.minutes(30)


class ListingChanges(Construct):
    """`queue`, for applications to send to, and the function that gathers what comes."""

    def __init__(self, scope: Construct, construct_id: str, *, resources: TaskResources) -> None:
        super().__init__(scope, construct_id)
        defaults = resources.defaults
        feeds = defaults.settings.feeds
        self.queue = QueueWithDeadLetters(
            self,
            "ListingChangeQueue",
            key=defaults.key,
            visibility_timeout=cdk.Duration.seconds(6 * int(_TIMEOUT.to_seconds())),
            retention=RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=defaults.alarm_topic,
            carries="listing changes",
            oldest_message=_OLDEST_MESSAGE,
        )
        events.Rule(
            self,
            "ChangesOnTheBus",
            event_bus=resources.bus.bus,
            description="Listing changes that an application asks for",
            event_pattern=events.EventPattern(source=[FEEDS_SOURCE], detail_type=["ListingChangeRequested"]),
            targets=[QueueAsTarget(self.queue)],
        )
        most_bytes = 1024 * min(feeds.changes.most_kilobytes, feeds.largest_megabytes * 1024)
        function = PythonFunction(
            self,
            "GatherListingChanges",
            name="gather_listing_changes",
            description="Gathers listing changes into one feed per seller and marketplace",
            defaults=defaults,
            timeout=_TIMEOUT,
            memory_mb=1024,
            # It sends itself a message for the end of each window.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            environment={
                **resources.environment,
                "INBOX_BUCKET_NAME": resources.inbox.bucket_name,
                "LISTING_CHANGE_QUEUE_URL": self.queue.queue.queue_url,
                "CHANGES_WINDOW_SECONDS": str(feeds.changes.window_seconds),
                "MOST_CHANGES": str(feeds.changes.most_changes),
                "MOST_CHANGES_BYTES": str(most_bytes),
            },
        )
        role = function.execution_role
        self.queue.let_consume(role, sid="TakeChanges", also=["sqs:ChangeMessageVisibility"])
        self.queue.let_send(role, sid="CloseLater")
        self.queue.let_send_dead_letters(role, sid="SendDeadLetters", found_by_name=True)
        resources.let_work(function, "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
        # A gathered feed is written down first, and handed over by copying it.
        resources.inbox.let_read(role, sid="ReadChanges", prefix=CHANGES_PREFIX)
        resources.inbox.let_write(role, sid="KeepChanges", prefix=CHANGES_PREFIX)
        resources.inbox.let_write(role, sid="KeepFeeds", prefix=INBOX_PREFIX)
        lambda_.EventSourceMapping(
            function,
            "ChangeSource",
            target=function,
            event_source_arn=self.queue.queue.queue_arn,
            batch_size=100,
            max_batching_window=cdk.Duration.seconds(1),
            max_concurrency=10,
            report_batch_item_failures=True,
        )
