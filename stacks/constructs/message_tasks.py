"""Message tasks: from a request to the one call that sends the message, and what became of it."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.event_bus import NotificationBus
from stacks.constructs.message_bucket import MessageBucket
from stacks.constructs.message_operator import MessageOperator
from stacks.constructs.message_requests import MessageRequests
from stacks.constructs.message_resources import MessageResources
from stacks.constructs.message_sending import MessageSending, MessageSendQueue
from stacks.constructs.message_table import MessageTable
from stacks.constructs.python_function import FunctionDefaults
from stacks.constructs.sp_api_access import SpApiAccess


class MessageTasks(Construct):
    """Everything of messages, and `outputs` by which it is found."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bus: NotificationBus,
        access: SpApiAccess,
        defaults: FunctionDefaults,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        days = defaults.settings.retention.messages_days
        self.bucket = MessageBucket(
            self, "Bucket", key=defaults.key, days=days, removal_policy=removal_policy
        )
        self.table = table = MessageTable(
            self,
            "Table",
            key=defaults.key,
            alarm_topic=defaults.alarm_topic,
            removal_policy=removal_policy,
        )
        resources = MessageResources(
            table=table, bucket=self.bucket, bus=bus, access=access, defaults=defaults
        )
        send_queue = MessageSendQueue(self, "MessageSendQueue", resources=resources)
        requests = MessageRequests(self, "Requests", resources=resources, send_queue=send_queue)
        MessageSending(self, "Sending", resources=resources, send_queue=send_queue)
        operator = MessageOperator(self, "Operator", resources=resources, send_queue=send_queue)
        self.outputs: Mapping[str, str] = {
            "MessageTableName": table.table_name,
            "MessageBucketName": self.bucket.bucket_name,
            "MessageTaskQueueUrl": requests.queue.queue.queue_url,
            "MessageTaskDeadLetterQueueUrl": requests.queue.dead_letter_queue.queue_url,
            "MessageSendQueueUrl": send_queue.queue.queue_url,
            "MessageSendDeadLetterQueueUrl": send_queue.dead_letter_queue.queue_url,
            "OperateMessageFunctionName": operator.operate.function_name,
            "LookUpOrdersFunctionName": operator.look_up.function_name,
        }
