"""The bucket for payloads that don't fit into an event."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.encrypted_bucket import EncryptedBucket

PAYLOAD_PREFIX = "payloads/"


class PayloadBucket(EncryptedBucket):
    """Not versioned: an object is written once under a name of its own, and what expires (it holds buyer
    data) must be gone.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: CustomerManagedKey,
        expiration_days: int,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            key=key,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ExpirePayloads",
                    prefix=PAYLOAD_PREFIX,
                    expiration=cdk.Duration.days(expiration_days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=removal_policy,
        )
