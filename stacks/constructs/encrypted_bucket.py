"""A bucket with the defaults of the house."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.customer_managed_key import READ_ACTIONS, WRITE_ACTIONS, CustomerManagedKey
from stacks.nag import accept
from stacks.removal import keep_policy


class EncryptedBucket(s3.Bucket):
    """Private, TLS only, under the key with a bucket key."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: CustomerManagedKey,
        lifecycle_rules: Sequence[s3.LifecycleRule],
        removal_policy: cdk.RemovalPolicy,
        versioned: bool = False,
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
            versioned=versioned,
            lifecycle_rules=list(lifecycle_rules),
            removal_policy=removal_policy,
        )
        self._key = key
        self._versioned = versioned
        keep_policy(self, removal_policy)
        accept(
            self,
            "AwsSolutions-S1",
            "Server access logs would copy object names of buyer data into a second bucket; CloudTrail data "
            "events serve where an audit asks for them",
        )

    def let_read(self, role: iam.Role, *, sid: str, prefix: str) -> None:
        """Lets a role read objects, also the versions of them that a task is about."""
        actions = ["s3:GetObject", "s3:GetObjectVersion"] if self._versioned else ["s3:GetObject"]
        self._let(role, sid, prefix, actions, READ_ACTIONS)

    def let_write(self, role: iam.Role, *, sid: str, prefix: str, in_parts: bool = False) -> None:
        """Lets a role write objects, `in_parts` where it does so by multipart uploads it may have to end."""
        actions = ["s3:PutObject", "s3:AbortMultipartUpload"] if in_parts else ["s3:PutObject"]
        self._let(role, sid, prefix, actions, WRITE_ACTIONS)

    def let_find(self, role: iam.Role, *, sid: str) -> None:
        """Lets a role learn that an object is not there: else S3 answers that it may not be read."""
        role.add_to_principal_policy(
            iam.PolicyStatement(sid=sid, actions=["s3:ListBucket"], resources=[self.bucket_arn])
        )

    def let_empty(self, role: iam.Role, *, sid: str) -> None:
        """Lets a role delete everything, whoever put it where: objects, and single versions of them."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid=f"{sid}List", actions=["s3:ListBucketVersions"], resources=[self.bucket_arn]
            )
        )
        self._let(role, f"{sid}Delete", "", ["s3:DeleteObject", "s3:DeleteObjectVersion"])

    def _let(
        self, role: iam.Role, sid: str, prefix: str, actions: Sequence[str], key_actions: Sequence[str] = ()
    ) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid=sid, actions=list(actions), resources=[self.arn_for_objects(f"{prefix}*")]
            )
        )
        if key_actions:
            self._key.let_use(role, sid=f"{sid}Key", actions=key_actions, through="s3")
        bucket = cdk.Stack.of(self).get_logical_id(self.node.default_child)  # type: ignore[arg-type]
        accept(
            role,
            f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{prefix}*]",
            "Names of objects are made at run time; the statement is limited to their prefix",
        )
