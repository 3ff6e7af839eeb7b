"""The table that remembers when each seller's notifications of each type last came, and how far apart."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_table import EncryptedTable


class ArrivalsTable(EncryptedTable):
    """One row per seller and notification type. It is never kept: rows fill up by themselves within days.

    The key's part of the rights comes with the others of a role: it is the same key and service.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: CustomerManagedKey, alarm_topic: AlarmTopic
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key="sellerId",
            sort_key="notificationType",
            key=key,
            alarm_topic=alarm_topic,
            time_to_live_attribute="expiresAt",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def let_note(self, grantee: iam.IRole) -> None:
        """Lets a role note arrivals: a look at single rows, and a conditional write."""
        self._let(grantee, "NoteArrivals", "GetItem", "UpdateItem")

    def let_look_up(self, grantee: iam.IRole) -> None:
        """Lets a role read single rows, and all rows of one seller."""
        self._let(grantee, "LookUpArrivals", "GetItem", "Query")

    def let_watch(self, grantee: iam.IRole) -> None:
        """Lets a role go through all rows, and mark those whose silence it has told."""
        self._let(grantee, "WatchArrivals", "Scan", "UpdateItem")

    def _let(self, grantee: iam.IRole, sid: str, *operations: str) -> None:
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid=sid,
                actions=[f"dynamodb:{operation}" for operation in operations],
                resources=[self.table_arn],
            )
        )
