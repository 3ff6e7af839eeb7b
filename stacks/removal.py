"""What becomes of data when its stack is deleted."""

import aws_cdk as cdk
from constructs import Construct

from stacks.settings_model import Settings


def data_removal_policy(settings: Settings) -> cdk.RemovalPolicy:
    """Kept on update and delete, but not when the very first deploy fails: nothing half-made stays behind."""
    if settings.removal_policy == "retain":
        return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return cdk.RemovalPolicy.DESTROY


def keep_policy(construct: Construct, removal_policy: cdk.RemovalPolicy) -> None:
    """Applies a queue's or bucket's removal policy to its resource policy, which CDK makes as its child."""
    policy = construct.node.find_child("Policy")
    if not isinstance(policy, cdk.Resource):
        raise TypeError(f"{policy.node.path} is not a resource policy.")
    policy.apply_removal_policy(removal_policy)


def keep_at_amazon(resource: cdk.CustomResource, removal_policy: cdk.RemovalPolicy) -> None:
    """What stands at Amazon is kept with the stack's data, but what a new one has replaced is not."""
    if removal_policy is cdk.RemovalPolicy.DESTROY:
        return
    inner = resource.node.default_child
    if not isinstance(inner, cdk.CfnResource):
        raise TypeError(f"{resource.node.path} has no CloudFormation resource.")
    inner.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE
    inner.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.DELETE
