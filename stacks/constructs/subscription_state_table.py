"""The table that remembers what was made at Amazon for each seller, and who works on it now."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable


class SubscriptionStateTable(EncryptedTable):
    """One row per seller with subscriptions. Apart from the registry, where every write queues the seller."""

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
            partition_key="sellerId",
            key=key,
            alarm_topic=alarm_topic,
            removal_policy=removal_policy,
        )

    def let_read(self, grantee: iam.IRole) -> None:
        """Lets a role look at single records. The key's part comes as with `let_work`."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="ReadSubscriptionState", actions=["dynamodb:GetItem"], resources=[self.table_arn]
            )
        )

    def let_work(self, grantee: iam.IRole, *, find_all: bool = False) -> None:
        """Lets a role take leases and write records, with `find_all` also see whose there are.

        The key's part comes with the right to call Amazon: it is the same key and service.
        """
        actions = ["dynamodb:UpdateItem", "dynamodb:DeleteItem"]
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="UseSubscriptionState",
                actions=[*actions, "dynamodb:Scan"] if find_all else actions,
                resources=[self.table_arn],
            )
        )
