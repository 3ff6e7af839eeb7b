"""The table of message tasks: what was asked for, how far it is, and what was sent for it."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import TABLE_ACTIONS, CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable
from stacks.constructs.task_table import SELLER_INDEX, add_state_index, let_count

OPEN_INDEX = "open"
RECENT_ORDERS = "orders/"
"""What the partition keys of the recent orders begin with."""
_RECOVERY_DAYS = 1


class MessageTable(EncryptedTable):
    """Rows of a task, of a content that was sent for one, and of a seller's recent orders.

    All indexes are sparse: only tasks are in `bySeller`, for the operator to list, and in `byState`, for
    counting those that are open; only what the sweeper has to look at is in `open`. The latter two hold keys
    and no text.

    Point-in-time recovery remembers what was erased, so it reaches back one day only: with the most that
    retention.messages_days allows, a text is gone for good within 30 days.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: CustomerManagedKey,
        alarm_topic: AlarmTopic,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key="pk",
            sort_key="sk",
            key=key,
            alarm_topic=alarm_topic,
            time_to_live_attribute="expiresAt",
            recovery_days=_RECOVERY_DAYS,
            removal_policy=removal_policy,
        )
        self._key = key
        self.add_global_secondary_index(
            index_name=SELLER_INDEX,
            partition_key=dynamodb.Attribute(name="sellerId", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="createdAt", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.ALL,
        )
        self.watch_index(SELLER_INDEX)
        self.add_global_secondary_index(
            index_name=OPEN_INDEX,
            partition_key=dynamodb.Attribute(name="sweep", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sweepAt", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        self.watch_index(OPEN_INDEX)
        add_state_index(self)

    def let(self, grantee: iam.IRole, *operations: str, with_key: bool = True) -> None:
        """Lets a role do operations such as "GetItem" on the table.

        with_key: False where the role has the key's right already, with the right to call Amazon.
        """
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="UseMessages",
                actions=[f"dynamodb:{operation}" for operation in operations],
                resources=[self.table_arn],
            )
        )
        if with_key:
            self._key.let_use(grantee, sid="UseTablesKey", actions=TABLE_ACTIONS, through="dynamodb")

    def let_find_open(self, grantee: iam.IRole) -> None:
        """Lets a role, which has the key's right, ask for the rows that somebody must look at."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="FindOpenMessages",
                actions=["dynamodb:Query"],
                resources=[f"{self.table_arn}/index/{OPEN_INDEX}"],
            )
        )

    def let_count(self, grantee: iam.IRole) -> None:
        """Lets a role, which has the key's right, see how many tasks are in which state, and since when."""
        let_count(self, grantee, sid="CountMessages")

    def let_keep_recent_orders(self, grantee: iam.IRole) -> None:
        """Lets a role, which has the key's right, read and write the rows of recent orders, and no others."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="KeepRecentOrders",
                actions=["dynamodb:GetItem", "dynamodb:PutItem"],
                resources=[self.table_arn],
                # ForAllValues alone would also take a call that names no partition, so Null demands one.
                conditions={
                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{RECENT_ORDERS}*"]},
                    "Null": {"dynamodb:LeadingKeys": "false"},
                },
            )
        )
