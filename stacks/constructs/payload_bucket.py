"""The bucket for payloads that don't fit into an event."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.nag import accept
from stacks.removal import keep_policy

PAYLOAD_PREFIX = "payloads/"


class PayloadBucket(s3.Bucket):
    """Private, TLS only, under the key with a bucket key; objects expire.

    Not versioned: an object is written once under a name of its own, and what expires (it holds buyer data)
    must be gone.
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
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=False,
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
        keep_policy(self, removal_policy)
        accept(
            self,
            "AwsSolutions-S1",
            "Server access logs would copy object names of buyer data into a second bucket; CloudTrail data "
            "events serve where an audit asks for them",
        )

    def accept_object_wildcard(self, role: iam.Role) -> None:
        """For a role whose statements name the objects under the prefix."""
        bucket = cdk.Stack.of(self).get_logical_id(self.node.default_child)  # type: ignore[arg-type]
        accept(
            role,
            f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{PAYLOAD_PREFIX}*]",
            "Names of payload objects are made at run time; the statement is limited to their prefix",
        )
