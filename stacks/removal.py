"""What becomes of data when its stack is deleted."""

import aws_cdk as cdk

from stacks.settings_model import Settings


def data_removal_policy(settings: Settings) -> cdk.RemovalPolicy:
    """Kept on update and delete, but not when the very first deploy fails: nothing half-made stays behind."""
    if settings.removal_policy == "retain":
        return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return cdk.RemovalPolicy.DESTROY
