"""A DynamoDB table with the defaults of the house."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey


class EncryptedTable(dynamodb.Table):
    """Paid per request, under the cell's key, recoverable to any second of the last `recovery_days`.

    None of them: 35, the most that DynamoDB offers. Fewer, where what is erased must be gone sooner.

    No deletion protection: it would keep a failed first deploy from cleaning up after itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partition_key: str,
        key: CustomerManagedKey,
        removal_policy: cdk.RemovalPolicy,
        sort_key: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
        time_to_live_attribute: str | None = None,
        recovery_days: int | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=dynamodb.Attribute(name=partition_key, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=sort_key, type=dynamodb.AttributeType.STRING)
            if sort_key
            else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=recovery_days
            ),
            stream=stream,
            time_to_live_attribute=time_to_live_attribute,
            removal_policy=removal_policy,
        )
