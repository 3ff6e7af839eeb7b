"""The functions by which an operator settles or cancels messages, and looks what orders allow."""

from constructs import Construct

from stacks.constructs.feed_steps import SHORT
from stacks.constructs.message_resources import MessageResources
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters


class MessageOperator(Construct):
    """Nothing but the operator's command line invokes them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: MessageResources,
        send_queue: QueueWithDeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        self.operate = PythonFunction(
            self,
            "OperateMessage",
            name="operate_message",
            severity="warn",
            description="Settles messages whose answer was lost, and cancels waiting ones, for an operator",
            defaults=resources.defaults,
            timeout=SHORT,
            environment={
                **resources.environment,
                "MESSAGE_SEND_QUEUE_URL": send_queue.queue.queue_url,
            },
        )
        resources.let_work(self.operate, "DeleteItem", "GetItem", "UpdateItem")
        send_queue.let_send(self.operate.execution_role, sid="SendAgain")

        self.look_up = PythonFunction(
            self,
            "LookUpOrders",
            name="look_up_orders",
            severity="warn",
            description="Answers an operator which orders a seller has, and what one allows to send",
            defaults=resources.defaults,
            timeout=SHORT,
            environment={
                **resources.access.seller_environment,
                "MESSAGE_TABLE_NAME": resources.table.table_name,
                "ORDERS_API_VERSION": resources.defaults.settings.orders_api_version,
            },
        )
        role = self.look_up.execution_role
        resources.access.let_call_for_sellers(role, registry_actions=["dynamodb:GetItem"])
        resources.table.let_keep_recent_orders(role)
