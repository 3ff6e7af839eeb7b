"""Amazon's destinations: for the notification queue, and for EventBridge, as resources of the stack."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.customer_managed_key import PARTNER_EVENT_SOURCES
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.nag import accept
from stacks.removal import keep_at_amazon

_NAME_CHARACTERS = 64
_RESOURCE_TYPE = "Custom::SpApiDestination"
# CloudFormation waits an hour by default. A function that is killed is called again twice.
_SERVICE_TIMEOUT = cdk.Duration.minutes(12)


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
            severity="warn",
            description="Creates, adopts and deletes the notification destinations at Amazon",
            defaults=defaults,
            # A partner event source may take a minute to show itself.
            timeout=cdk.Duration.minutes(3),
            environment=access.application_environment,
        )
        access.let_call_for_application(self.function.execution_role)
        # Nothing reads the value. Another one has CloudFormation call the function again, which makes the
        # destination where somebody deleted it at Amazon: no deploy would, because no property changed.
        revision = cdk.CfnParameter(
            cdk.Stack.of(self),
            "DestinationRevision",
            default="1",
            description="Change it to have the destination at Amazon made again where it is gone",
        )
        self.resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type=_RESOURCE_TYPE,
            service_token=self.function.function_arn,
            service_timeout=_SERVICE_TIMEOUT,
            properties={
                "QueueArn": queue.queue_arn,
                "Revision": revision.value_as_string,
                **_said(defaults, defaults.prefix),
            },
        )
        keep_at_amazon(self.resource, removal_policy)
        self.destination_id = self.resource.get_att_string("DestinationId")


class SpApiEventBridgeDestination(Construct):
    """createDestination for EventBridge in this account and AWS region, of which Amazon has one at most.

    `event_source_name` is what Amazon calls the partner event source; when it is known here, the source is in
    the account and waits for its event bus.

    It goes with its bus, also where data is kept: AWS ends a source that is without a bus for two weeks, and
    Amazon makes another only with another destination. While subscriptions use it, Amazon keeps it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: PythonFunction,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        sources = f"{PARTNER_EVENT_SOURCES}/{stack.account}/*"
        arn = stack.format_arn(service="events", account="", resource="event-source", resource_name=sources)
        allowed = iam.Policy(
            self,
            "SeeEventSources",
            statements=[
                iam.PolicyStatement(
                    sid="SeePartnerEventSources", actions=["events:DescribeEventSource"], resources=[arn]
                )
            ],
            roles=[function.execution_role],
        )
        account = "<AWS::AccountId>" if cdk.Token.is_unresolved(stack.account) else stack.account
        accept(
            allowed,
            f"AwsSolutions-IAM5[Resource::arn:aws:events:{stack.region}::event-source/{PARTNER_EVENT_SOURCES}/"
            f"{account}/*]",
            "The last part of the name is the application's id, which only Amazon's answer tells",
        )
        resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type=_RESOURCE_TYPE,
            service_token=function.function_arn,
            service_timeout=_SERVICE_TIMEOUT,
            properties={
                "Kind": "eventBridge",
                "AccountId": stack.account,
                "Region": stack.region,
                # Not the queue's destination's name: by it this one is told from others at Amazon.
                **_said(defaults, f"{defaults.prefix}-events"),
            },
        )
        resource.node.add_dependency(allowed)
        self.destination_id = resource.get_att_string("DestinationId")
        self.event_source_name = resource.get_att_string("EventSourceName")


def _said(defaults: FunctionDefaults, name: str) -> dict[str, str]:
    return {
        "Name": name[:_NAME_CHARACTERS],
        "SecretSetCommand": f"bin/sellerbus secrets set --stage {defaults.stage}",
    }
