"""What sends the messages of tasks, one call each, and what looks after tasks that nothing moves on."""

import json

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.message_bucket import ATTACHMENT_PREFIX, TEMPLATE_PREFIX
from stacks.constructs.message_resources import MessageResources
from stacks.constructs.message_table import OPEN_INDEX
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.constructs.schedule import Schedule
from stacks.constructs.task_resources import document_hosts

# Looks and uploads fit into it; what doesn't goes on at the next delivery. Six times as long is what a
# message whose function was killed stays hidden.
_TIMEOUT = cdk.Duration.minutes(2)
_RETENTION = cdk.Duration.days(14)
# Each wait for a turn of the quota is a receive. What never succeeds is given up by its age, not by a count.
_MAXIMUM_RECEIVES = 1000
# Messages of one seller leave one by one, as Amazon's quota has it: a thousand take a quarter of an hour.
_OLDEST_MESSAGE = cdk.Duration.hours(1)


class MessageSendQueue(QueueWithDeadLetters):
    """The tasks to be worked on, each by its id alone, in message groups by seller."""

    def __init__(self, scope: Construct, construct_id: str, *, resources: MessageResources) -> None:
        defaults = resources.defaults
        super().__init__(
            scope,
            construct_id,
            key=defaults.key,
            visibility_timeout=cdk.Duration.seconds(6 * int(_TIMEOUT.to_seconds())),
            retention=_RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=defaults.alarm_topic,
            carries="messages to buyers",
            oldest_message=_OLDEST_MESSAGE,
        )


class MessageSending(Construct):
    """The function that sends, and the sweeper."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: MessageResources,
        send_queue: QueueWithDeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        self._resources = resources
        self._send(send_queue)
        self._sweep(send_queue)

    def _send(self, queue: QueueWithDeadLetters) -> None:
        resources = self._resources
        settings = resources.defaults.settings
        function = PythonFunction(
            self,
            "SendMessage",
            name="send_message",
            description="Checks a message against its order, and sends it, once",
            defaults=resources.defaults,
            timeout=_TIMEOUT,
            # It holds all attachments of a message, which are less than 10 MB together.
            memory_mb=512,
            environment={
                **resources.environment,
                **resources.access.seller_environment,
                "MESSAGE_SEND_QUEUE_URL": queue.queue.queue_url,
                "MESSAGE_BUCKET_NAME": resources.bucket.bucket_name,
                "DOCUMENT_HOSTS": document_hosts(settings),
                "SETTLE_SECONDS": str(settings.messages.settle_seconds),
                "OTHER_MESSAGE_SENDERS": json.dumps(settings.messages.other_senders),
                "GIVE_UP_HOURS": str(settings.messages.give_up_hours),
            },
        )
        role = function.execution_role
        queue.let_consume(role, sid="TakeTasks", also=["sqs:ChangeMessageVisibility"])
        queue.let_send_dead_letters(role, sid="SendDeadLetters", found_by_name=True)
        resources.let_work(function, "DeleteItem", "GetItem", "PutItem", "UpdateItem", for_sellers=True)
        resources.bucket.let_read(role, sid="ReadAttachments", prefix=ATTACHMENT_PREFIX)
        resources.bucket.let_read(role, sid="ReadTemplates", prefix=TEMPLATE_PREFIX)
        resources.bucket.let_find(role, sid="FindObjects")
        lambda_.EventSourceMapping(
            function,
            "TaskSource",
            target=function,
            event_source_arn=queue.queue.queue_arn,
            # One by one: what waits for a slow answer holds nobody else up.
            batch_size=1,
            max_concurrency=10,
            report_batch_item_failures=True,
        )

    def _sweep(self, queue: QueueWithDeadLetters) -> None:
        resources = self._resources
        function = PythonFunction(
            self,
            "SweepMessages",
            name="sweep_messages",
            description="Puts tasks back whose message is gone, and erases texts that are too old",
            defaults=resources.defaults,
            timeout=cdk.Duration.minutes(4),
            environment={
                "MESSAGE_TABLE_NAME": resources.table.table_name,
                "OPEN_INDEX_NAME": OPEN_INDEX,
                "MESSAGE_SEND_QUEUE_URL": queue.queue.queue_url,
            },
        )
        role = function.execution_role
        resources.table.let(role, "GetItem", "UpdateItem")
        resources.table.let_find_open(role)
        queue.let_send(role, sid="PutBack")
        Schedule(
            self,
            "Schedule",
            every=cdk.Duration.minutes(5),
            function=function,
            topic=resources.defaults.alarm_topic,
        )
