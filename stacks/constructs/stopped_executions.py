"""A state machine that goes with its stack: CloudFormation waits until the last execution of it is over."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.feed_state_machine import FeedStateMachine
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.nag import accept


class StoppedExecutions(Construct):
    """Stops what runs when the stack is deleted. What starts executions, and what acts where one is stopped,
    must depend on this.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machine: FeedStateMachine,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        function = PythonFunction(
            self,
            "StopExecutions",
            name="stop_executions",
            severity="warn",
            description="Stops the executions of a state machine when the stack is deleted",
            defaults=defaults,
            timeout=cdk.Duration.minutes(14),
            environment={},
        )
        role = function.execution_role
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="FindExecutions", actions=["states:ListExecutions"], resources=[state_machine.arn]
            )
        )
        stack = cdk.Stack.of(self)
        executions = stack.format_arn(
            service="states",
            resource="execution",
            # Not by the state machine's whole name: its end is known at deploy only, and cdk-nag's finding
            # would have to be named with all that makes it.
            resource_name=f"{stack.stack_name}-{state_machine.node.id}-*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="StopExecutions", actions=["states:StopExecution"], resources=[executions]
            )
        )
        accept(
            role,
            f"AwsSolutions-IAM5[Resource::{_as_cdk_nag_writes(stack, executions)}]",
            "Names of executions are made at run time; the statement is limited to this stack's",
        )
        resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::StopExecutions",
            service_token=function.function_arn,
            service_timeout=cdk.Duration.minutes(15),
            properties={"StateMachineArn": state_machine.reference},
        )
        resource.node.add_dependency(function)


def _as_cdk_nag_writes(stack: cdk.Stack, arn: str) -> str:
    resolved = stack.resolve(arn)
    if isinstance(resolved, str):
        return resolved
    parts = resolved["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
