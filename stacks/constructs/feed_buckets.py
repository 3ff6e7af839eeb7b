"""Where feeds are handed over, and where their results are kept."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_bucket import EncryptedBucket

INBOX_PREFIX = "feeds/"
RESULT_PREFIX = "tasks/"


class InboxBucket(EncryptedBucket):
    """Tells the account's default bus of every object, under feeds/<sellerId>/<feedType>/.

    Versioned: a task is about the version that was handed over, whatever is written over it while the task
    waits. What is overwritten or has expired is kept as long again: a task may still be about it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: CustomerManagedKey,
        days: int,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            key=key,
            prefix=INBOX_PREFIX,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ExpireFeeds",
                    expiration=cdk.Duration.days(days),
                    noncurrent_version_expiration=cdk.Duration.days(days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
                # S3 takes it in no rule that has a number of days for current versions.
                s3.LifecycleRule(id="ForgetDeletedNames", expired_object_delete_marker=True),
            ],
            removal_policy=removal_policy,
        )
        resource = self.node.default_child
        if not isinstance(resource, s3.CfnBucket):
            raise TypeError("A Bucket's default child is its CfnBucket.")
        # Not by CDK's `event_bridge_enabled`: that makes a function with rights on every bucket for it.
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )

    @property
    def created(self) -> events.EventPattern:
        """The events of objects that were written."""
        return events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={
                "bucket": {"name": [self.bucket_name]},
                "object": {"key": events.Match.prefix(INBOX_PREFIX)},
            },
        )

    def let_find(self, role: iam.Role, *, sid: str) -> None:
        """Lets a role learn that an object is not there: without it S3 answers that it may not be read."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid=sid,
                actions=["s3:ListBucket"],
                resources=[self.bucket_arn],
            )
        )


class ResultBucket(EncryptedBucket):
    """Findings, Amazon's reports and what was read from them, under tasks/<taskId>/.

    Not versioned: a repeated step writes the same again, and what expires must be gone.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: CustomerManagedKey,
        days: int,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            key=key,
            prefix=RESULT_PREFIX,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ExpireResults",
                    expiration=cdk.Duration.days(days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=removal_policy,
        )
