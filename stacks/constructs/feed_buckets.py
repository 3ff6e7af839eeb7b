"""Where feeds are handed over, and where their results are kept."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_bucket import EncryptedBucket

INBOX_PREFIX = "feeds/"
CHANGES_PREFIX = "changes/"
RESULT_PREFIX = "tasks/"
LEAST_CHANGES_DAYS = 100
"""Which change became which message of a feed is read when the feed has ended: after 90 days at the latest,
and some before it had its turn.
"""


class InboxBucket(EncryptedBucket):
    """Tells the account's default bus of every object; those under feeds/<sellerId>/<feedType>/ are feeds.

    Under changes/ lie the feeds that single listing changes are gathered into.

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
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ExpireFeeds",
                    prefix=INBOX_PREFIX,
                    expiration=cdk.Duration.days(days),
                    noncurrent_version_expiration=cdk.Duration.days(days),
                ),
                s3.LifecycleRule(
                    id="ExpireChanges",
                    prefix=CHANGES_PREFIX,
                    expiration=cdk.Duration.days(max(days, LEAST_CHANGES_DAYS)),
                    noncurrent_version_expiration=cdk.Duration.days(1),
                ),
                # S3 takes the first in no rule that has a number of days for current versions.
                s3.LifecycleRule(
                    id="ForgetWhatIsNoObject",
                    expired_object_delete_marker=True,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
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
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ExpireResults",
                    prefix=RESULT_PREFIX,
                    expiration=cdk.Duration.days(days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=removal_policy,
        )
