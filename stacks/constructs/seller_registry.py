"""The table of sellers."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey


class SellerRegistry(dynamodb.Table):
    """One row per seller; sellers are data, so onboarding one needs no deploy.

    The stream carries keys only: it says whose row changed, and refresh tokens don't leave the table.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: CustomerManagedKey,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=dynamodb.Attribute(name="sellerId", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            stream=dynamodb.StreamViewType.KEYS_ONLY,
            # No deletion protection: it would keep a failed first deploy from cleaning up after itself.
            removal_policy=removal_policy,
        )
