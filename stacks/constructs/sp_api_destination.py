"""Amazon's destination for the notification queue, as a resource of the stack."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.removal import keep_at_amazon

_NAME_CHARACTERS = 64


class SpApiDestination(Construct):
    """createDestination for a queue, or the destination that has its ARN; `destination_id` is Amazon's."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: sqs.IQueue,
        access: SpApiAccess,
        defaults: FunctionDefaults,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PythonFunction(
            self,
            "ManageDestination",
            name="manage_destination",
            description="Creates, adopts and deletes the notification destination at Amazon",
            defaults=defaults,
            timeout=cdk.Duration.minutes(2),
            environment=access.application_environment,
        )
        access.let_call_for_application(self.function.execution_role)
        self.resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::SpApiDestination",
            service_token=self.function.function_arn,
            # CloudFormation waits an hour by default. A function that is killed is called again twice.
            service_timeout=cdk.Duration.minutes(10),
            properties={
                "QueueArn": queue.queue_arn,
                "Name": defaults.prefix[:_NAME_CHARACTERS],
                "SecretSetCommand": f"sellerbus secrets set --stage {defaults.stage}",
            },
        )
        keep_at_amazon(self.resource, removal_policy)
        self.destination_id = self.resource.get_att_string("DestinationId")
