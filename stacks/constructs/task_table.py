"""The table of tasks: what was handed over, whose turn it is, and which feed is whose."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import TABLE_ACTIONS, CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable

SELLER_INDEX = "bySeller"


class TaskTable(EncryptedTable):
    """Rows of a task, a lane, a feed, and of listing changes that are gathered.

    `bySeller` is sparse: only tasks carry its keys, for the operator to list.
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

    def let(self, grantee: iam.IRole, *operations: str, with_key: bool = True) -> None:
        """Lets a role do operations such as "GetItem" on the table.

        with_key: False where the role has the key's right already, with the right to call Amazon.
        """
        grantee.add_to_principal_policy(
            iam.PolicyStatement(sid="UseTasks", actions=_actions(operations), resources=[self.table_arn])
        )
        if with_key:
            self._key.let_use(grantee, sid="UseTablesKey", actions=TABLE_ACTIONS, through="dynamodb")


def _actions(operations: Sequence[str]) -> list[str]:
    return [f"dynamodb:{operation}" for operation in operations]
