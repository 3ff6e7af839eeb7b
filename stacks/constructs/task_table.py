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
STATE_INDEX = "byState"


class TaskTable(EncryptedTable):
    """Rows of a task, a lane, a feed, and of listing changes that are gathered.

    Both indexes are sparse, only tasks carry their keys: `bySeller` is for the operator to list, `byState`
    for counting those that are open.
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
        add_state_index(self)

    def let(self, grantee: iam.IRole, *operations: str, with_key: bool = True) -> None:
        """Lets a role do operations such as "GetItem" on the table.

        with_key: False where the role has the key's right already, with the right to call Amazon.
        """
        grantee.add_to_principal_policy(
            iam.PolicyStatement(sid="UseTasks", actions=_actions(operations), resources=[self.table_arn])
        )
        if with_key:
            self._key.let_use(grantee, sid="UseTablesKey", actions=TABLE_ACTIONS, through="dynamodb")

    def let_count(self, grantee: iam.IRole) -> None:
        """Lets a role, which has the key's right, see how many tasks are in which state, and since when."""
        let_count(self, grantee, sid="CountTasks")


def add_state_index(table: EncryptedTable) -> None:
    """Adds `byState` to a table whose tasks have `state` and `createdAt`, and nothing else has both.

    It has keys only, so that who may count tasks can't read them.
    """
    table.add_global_secondary_index(
        index_name=STATE_INDEX,
        partition_key=dynamodb.Attribute(name="state", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="createdAt", type=dynamodb.AttributeType.STRING),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
    table.watch_index(STATE_INDEX)


def let_count(table: EncryptedTable, grantee: iam.IRole, *, sid: str) -> None:
    """Lets a role ask `byState`."""
    grantee.add_to_principal_policy(
        iam.PolicyStatement(
            sid=sid, actions=["dynamodb:Query"], resources=[f"{table.table_arn}/index/{STATE_INDEX}"]
        )
    )


def _actions(operations: Sequence[str]) -> list[str]:
    return [f"dynamodb:{operation}" for operation in operations]
