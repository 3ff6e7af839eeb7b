"""The ways into a message task: the queue of requests, and an event on the bus."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.message_bucket import ATTACHMENT_PREFIX
from stacks.constructs.message_resources import MESSAGES_SOURCE, MessageResources
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_as_target import QueueAsTarget
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters

_TIMEOUT = cdk.Duration.minutes(2)
# Texts lie in it: these days, those of the dead-letter queue, and no more.
_RETENTION = cdk.Duration.days(4)
# Retries wait up to a quarter of an hour: an outage of DynamoDB for most of a day loses nothing to a person.
_MAXIMUM_RECEIVES = 100


class MessageRequests(Construct):
    """`queue`, for applications to send to, and the function that makes a task of each message.

    The rule gives its target no message group: CloudFormation documents a constant only, and one group for
    all sellers is none. Sellers are kept apart where messages are sent, and here by who sends a group with
    the request.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: MessageResources,
        send_queue: QueueWithDeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        defaults = resources.defaults
        settings = defaults.settings
        self.queue = QueueWithDeadLetters(
            self,
            "MessageTaskQueue",
            key=defaults.key,
            visibility_timeout=cdk.Duration.seconds(6 * int(_TIMEOUT.to_seconds())),
            retention=_RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=defaults.alarm_topic,
            carries="requests for messages to buyers",
        )
        events.Rule(
            self,
            "RequestsOnTheBus",
            event_bus=resources.bus.bus,
            description="Messages to buyers that an application asks for",
            event_pattern=events.EventPattern(source=[MESSAGES_SOURCE], detail_type=["MessageRequested"]),
            targets=[QueueAsTarget(self.queue)],
        )
        function = PythonFunction(
            self,
            "AcceptMessages",
            name="accept_messages",
            description="Makes one task of each message that is handed over",
            defaults=defaults,
            timeout=_TIMEOUT,
            # It hashes attachments.
            memory_mb=512,
            environment={
                **resources.environment,
                "MESSAGE_TASK_QUEUE_URL": self.queue.queue.queue_url,
                "MESSAGE_SEND_QUEUE_URL": send_queue.queue.queue_url,
                "MESSAGE_BUCKET_NAME": resources.bucket.bucket_name,
                "SAME_MESSAGE_HOURS": str(settings.messages.same_message_hours),
                "MESSAGE_CONTENT_DAYS": str(settings.retention.messages_days),
                "MARKETPLACE_IDS": ",".join(settings.marketplaces),
            },
        )
        role = function.execution_role
        self.queue.let_consume(role, sid="TakeRequests", also=["sqs:ChangeMessageVisibility"])
        self.queue.let_send_dead_letters(role, sid="SendDeadLetters", found_by_name=True)
        send_queue.let_send(role, sid="HandOver")
        resources.let_work(function, "GetItem", "PutItem", "UpdateItem")
        resources.bucket.let_read(role, sid="ReadAttachments", prefix=ATTACHMENT_PREFIX)
        resources.bucket.let_find(role, sid="FindAttachments")
        lambda_.EventSourceMapping(
            function,
            "RequestSource",
            target=function,
            event_source_arn=self.queue.queue.queue_arn,
            batch_size=10,
            max_concurrency=10,
            report_batch_item_failures=True,
        )
