"""Where the stage of the local AWS emulator differs: what the emulator cannot take, and names of actions."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import IConstruct

from stacks.nag import accept

REFUSED_TYPES = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::Budgets::Budget",
        "AWS::CloudWatch::AnomalyDetector",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Events::Archive",
        "AWS::Events::Connection",
        "AWS::Events::EventBusPolicy",
        "AWS::Logs::QueryDefinition",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::XRay::Group",
    }
)
"""CloudFormation types that the emulator's CloudFormation doesn't know: a deploy with one of them fails."""

_CONTEXT_KEY = "sellerbus:emulator"
_BATCHED_ACTIONS = frozenset({"sqs:SendMessage", "sqs:ChangeMessageVisibility"})
_METADATA_KEY = "sellerbus:left-out-by-the-emulator"


@jsii.implements(cdk.IAspect)
class LeaveOutWhatTheEmulatorRefuses:
    """Keeps each refused resource in the template, under a condition that is false.

    The templates for AWS never carry the aspect; everything else in the local ones stays as it is for AWS.
    """

    def visit(self, node: IConstruct) -> None:
        if not isinstance(node, cdk.CfnResource):
            return
        reason = _refusal(node)
        if reason:
            node.cfn_options.condition = _never(node.stack)
            node.add_metadata(_METADATA_KEY, reason)


def mark_as_emulated(app: cdk.App) -> None:
    """To be called before the first stack is added."""
    app.node.set_context(_CONTEXT_KEY, True)


def queue_actions(scope: IConstruct, *actions: str) -> list[str]:
    """Actions for a policy about queues.

    AWS authorises SendMessageBatch as sqs:SendMessage (and so on), and knows no sqs:SendMessageBatch; the
    emulator, when it enforces IAM, asks for that.
    """
    if not scope.node.try_get_context(_CONTEXT_KEY):
        return list(actions)
    return [*actions, *(f"{action}Batch" for action in actions if action in _BATCHED_ACTIONS)]


def _refusal(node: cdk.CfnResource) -> str | None:
    """Why the emulator refuses a resource; None where it takes it."""
    if node.cfn_resource_type in REFUSED_TYPES:
        return f"The emulator doesn't know {node.cfn_resource_type}."
    if isinstance(node, cloudwatch.CfnAlarm) and node.metrics is not None:
        return "The emulator's alarms look at one metric each, and don't compute."
    return None


def _never(stack: cdk.Stack) -> cdk.CfnCondition:
    construct_id = "OnAws"
    found = stack.node.try_find_child(construct_id)
    if isinstance(found, cdk.CfnCondition):
        return found
    accept(
        stack,
        "CloudFormation-Validate::W8003",
        "A condition that is never true is what leaves a resource out",
    )
    return cdk.CfnCondition(stack, construct_id, expression=cdk.Fn.condition_equals("emulator", "aws"))
