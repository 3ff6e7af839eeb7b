"""The table by which all functions share Amazon's rate limits."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable


class QuotaTable(EncryptedTable):
    """One row per application, seller and operation. It is never kept: rows fill up by themselves."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: CustomerManagedKey, alarm_topic: AlarmTopic
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key="bucket",
            key=key,
            alarm_topic=alarm_topic,
            time_to_live_attribute="expiresAt",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def let_spend(self, grantee: iam.IRole) -> None:
        """Lets a role take turns: one conditional update each, and a reading before the time is known."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="SpendQuota",
                actions=["dynamodb:GetItem", "dynamodb:UpdateItem"],
                resources=[self.table_arn],
            )
        )
