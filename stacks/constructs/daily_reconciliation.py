"""The function that queues every seller, once a day: what has drifted at Amazon tells nobody by itself."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.customer_managed_key import TABLE_ACTIONS
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.schedule import Schedule
from stacks.constructs.seller_registry import SellerRegistry
from stacks.constructs.subscription_queue import SubscriptionQueue
from stacks.constructs.subscription_state_table import SubscriptionStateTable


class DailyReconciliation(Construct):
    """Every seller of the registry, and who has only a record left, into the subscription queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        registry: SellerRegistry,
        state: SubscriptionStateTable,
        queue: SubscriptionQueue,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PythonFunction(
            self,
            "QueueEverySeller",
            name="queue_every_seller",
            description="Queues every seller, so that what has drifted at Amazon is found",
            defaults=defaults,
            timeout=cdk.Duration.minutes(5),
            environment={
                "SELLER_TABLE_NAME": registry.table_name,
                "SUBSCRIPTION_STATE_TABLE_NAME": state.table_name,
                "SUBSCRIPTION_QUEUE_URL": queue.queue.queue_url,
            },
        )
        role = self.function.execution_role
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="FindSellers",
                actions=["dynamodb:Scan"],
                resources=[registry.table_arn, state.table_arn],
            )
        )
        defaults.key.let_use(role, sid="UseTablesKey", actions=TABLE_ACTIONS, through="dynamodb")
        queue.let_send(role, sid="QueueSellers")
        self.schedule = Schedule(
            self,
            "Schedule",
            every=cdk.Duration.days(1),
            function=self.function,
            topic=defaults.alarm_topic,
        )
