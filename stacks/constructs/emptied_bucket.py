"""A bucket that goes with its stack: CloudFormation deletes none that holds objects."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.payload_bucket import PAYLOAD_PREFIX, PayloadBucket
from stacks.constructs.python_function import FunctionDefaults, PythonFunction


class EmptiedBucket(Construct):
    """Empties the bucket when the stack is deleted. What writes to the bucket must depend on this."""

    def __init__(
        self, scope: Construct, construct_id: str, *, bucket: PayloadBucket, defaults: FunctionDefaults
    ) -> None:
        super().__init__(scope, construct_id)
        function = PythonFunction(
            self,
            "EmptyBucket",
            name="empty_bucket",
            description="Takes the objects out of the payload bucket when the stack is deleted",
            defaults=defaults,
            timeout=cdk.Duration.minutes(14),
            environment={},
        )
        role = function.execution_role
        role.add_to_principal_policy(
            iam.PolicyStatement(sid="ListPayloads", actions=["s3:ListBucket"], resources=[bucket.bucket_arn])
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="DeletePayloads",
                actions=["s3:DeleteObject"],
                resources=[bucket.arn_for_objects(f"{PAYLOAD_PREFIX}*")],
            )
        )
        bucket.accept_object_wildcard(role)
        resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::EmptyBucket",
            service_token=function.function_arn,
            service_timeout=cdk.Duration.minutes(15),
            properties={"BucketName": bucket.bucket_name},
        )
        resource.node.add_dependency(function, bucket)
