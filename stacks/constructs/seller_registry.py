"""The table of sellers."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable

_OVERVIEW = ("sellerId", "region", "status", "notificationTypes")


class SellerRegistry(EncryptedTable):
    """One row per seller; sellers are data, so onboarding one needs no deploy.

    The stream carries keys only: it says whose row changed, and refresh tokens don't leave the table.
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
            partition_key="sellerId",
            key=key,
            alarm_topic=alarm_topic,
            stream=dynamodb.StreamViewType.KEYS_ONLY,
            removal_policy=removal_policy,
        )

    def let_look_up(self, grantee: iam.IRole) -> None:
        """Lets a role read single sellers, without the key for their tokens."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(sid="LookUpSellers", actions=["dynamodb:GetItem"], resources=[self.table_arn])
        )

    def let_overview(self, grantee: iam.IRole) -> None:
        """Lets a role go through all sellers, but not their tokens. The key's part comes with others."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="ReadSellersWithoutTokens",
                actions=["dynamodb:Scan"],
                resources=[self.table_arn],
                conditions={
                    "ForAllValues:StringEquals": {"dynamodb:Attributes": list(_OVERVIEW)},
                    # ForAllValues alone would also take a call that names no attribute and so gets all.
                    "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
                },
            )
        )
