"""Buckets that go with their stack: CloudFormation deletes none that holds objects."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.encrypted_bucket import EncryptedBucket
from stacks.constructs.python_function import FunctionDefaults, PythonFunction


class EmptiedBuckets(Construct):
    """Empties buckets when the stack is deleted. What writes to them must depend on this.

    buckets: by the id of the resource that has each emptied.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        buckets: Mapping[str, EncryptedBucket],
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        function = PythonFunction(
            self,
            "EmptyBucket",
            name="empty_bucket",
            severity="warn",
            description="Takes the objects out of a bucket when the stack is deleted",
            defaults=defaults,
            timeout=cdk.Duration.minutes(14),
            environment={},
        )
        for resource_id, bucket in buckets.items():
            bucket.let_empty(function.execution_role, sid=resource_id)
        for resource_id, bucket in buckets.items():
            resource = cdk.CustomResource(
                self,
                resource_id,
                resource_type="Custom::EmptyBucket",
                service_token=function.function_arn,
                service_timeout=cdk.Duration.minutes(15),
                properties={"BucketName": bucket.bucket_name},
            )
            resource.node.add_dependency(function, bucket)
