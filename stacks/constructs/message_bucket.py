"""Where attachments of messages and the texts of templates lie."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_bucket import EncryptedBucket

ATTACHMENT_PREFIX = "attachments/"
TEMPLATE_PREFIX = "templates/"
_REPLACED_TEMPLATES_DAYS = 30
# S3 counts from the midnight (UTC) that follows, first to expire an object, then to take its version away:
# beside the day that the rule says, each may take up to one more.
_DAYS_UNTIL_GONE = 2


class MessageBucket(EncryptedBucket):
    """Attachments under attachments/<sellerId>/, which are gone for good about `days` after they came.

    Templates hold no buyer's data, and stay.

    Versioned: a task is about the version that was handed over, whatever is written over it while it waits.
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
                    id="ExpireAttachments",
                    prefix=ATTACHMENT_PREFIX,
                    expiration=cdk.Duration.days(max(1, days - _DAYS_UNTIL_GONE)),
                    noncurrent_version_expiration=cdk.Duration.days(1),
                ),
                s3.LifecycleRule(
                    id="ForgetReplacedTemplates",
                    prefix=TEMPLATE_PREFIX,
                    noncurrent_version_expiration=cdk.Duration.days(_REPLACED_TEMPLATES_DAYS),
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
