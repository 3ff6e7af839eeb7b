"""The table that remembers which notifications were published."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable

PENDING_INDEX = "pending"


class LedgerTable(EncryptedTable):
    """One row per notification, and one per ordered entity.

    `pending` is sparse: only rows that are being worked on carry its keys, so looking for stuck ones reads
    nothing else.
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
            key=key,
            alarm_topic=alarm_topic,
            time_to_live_attribute="expiresAt",
            removal_policy=removal_policy,
        )
        self.add_global_secondary_index(
            index_name=PENDING_INDEX,
            partition_key=dynamodb.Attribute(name="pendingShard", type=dynamodb.AttributeType.NUMBER),
            sort_key=dynamodb.Attribute(name="leaseUntil", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.ALL,
        )
        self.watch_index(PENDING_INDEX)

    @property
    def pending_index_arn(self) -> str:
        return f"{self.table_arn}/index/{PENDING_INDEX}"
